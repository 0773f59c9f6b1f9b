package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.linux.ProcFs;
import dev.aiopipe.engine.read.Leftover;
import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * A number that this process was started with, while it is open here: once for reading and once for writing at most. Above 2 it is
 * closed together with the last stream on it; 0 to 2 stay open, for {@code System.in} and its kin.
 */
final class InheritedDescriptor {
    /** Those that the JDK has streams for. */
    static final FileDescriptor[] STANDARD = {FileDescriptor.in, FileDescriptor.out, FileDescriptor.err};

    private static final Map<Integer, InheritedDescriptor> OPEN =
            new HashMap<>(); // guarded by itself, as is the state of its values

    private final int number;
    private final Leftover leftover = new Leftover();
    private boolean reading;
    private boolean writing;
    private int handedOver;

    private InheritedDescriptor(int number) {
        this.number = number;
    }

    /** Opens one direction. */
    static InheritedDescriptor claim(int number, boolean forReading) throws IOException {
        synchronized (OPEN) {
            InheritedDescriptor inherited = OPEN.computeIfAbsent(number, InheritedDescriptor::new);
            if (inherited.isOpen(forReading)) {
                throw new IOException("descriptor " + number + " is opened already: " + DescriptorKind.target(number));
            }
            inherited.set(forReading, true);
            return inherited;
        }
    }

    /** One more end of the number is handed to a child. */
    static void handOver(int number) {
        synchronized (OPEN) {
            OPEN.computeIfAbsent(number, InheritedDescriptor::new).handedOver++;
        }
    }

    /** An end that was handed over is closed. */
    static void closeHandedOver(int number) throws IOException {
        synchronized (OPEN) {
            InheritedDescriptor inherited = OPEN.get(number);
            inherited.handedOver--;
            inherited.closeUnused(DescriptorKind.of(number).isStream());
        }
    }

    /** What ends the claim; called once. */
    Closeable release(boolean forReading) {
        return () -> {
            synchronized (OPEN) {
                set(forReading, false);
                closeUnused(true);
            }
        };
    }

    /** Closes the number once, after its last use; if it is still what it was. One that stays open keeps what is left. */
    private void closeUnused(boolean ours) throws IOException {
        if (!reading && !writing && handedOver == 0 && ours && number > 2 && NativeAccess.hasLibC()) {
            OPEN.remove(number);
            leftover.discard();
            LibC.close(number);
        }
    }

    /** What was read ahead and not taken; the next opening gets it. */
    Leftover leftover() {
        return leftover;
    }

    /** Whether the other direction is open, too. */
    boolean isShared() {
        synchronized (OPEN) {
            return reading && writing;
        }
    }

    int number() {
        return number;
    }

    /** The same pipe, FIFO or terminal, with flags of our own; negative if that is not allowed. */
    int reopen(int access) throws IOException {
        if (DescriptorKind.isMaster(number)) {
            return -1; // its path makes another terminal
        }
        int fresh = tryReopen(access);
        if (fresh < 0 && LibC.isOutOfDescriptors()) {
            throw LibC.failure(toString());
        }
        return fresh;
    }

    /** The same FIFO, once more. */
    int reopenFifo() throws IOException {
        int fresh = tryReopen(LibC.O_RDONLY);
        if (fresh < 0) {
            throw LibC.failure(toString());
        }
        return fresh;
    }

    private int tryReopen(int access) {
        return LibC.open(ProcFs.descriptor(number).toString(), access | LibC.O_NONBLOCK);
    }

    private boolean isOpen(boolean forReading) {
        return forReading ? reading : writing;
    }

    private void set(boolean forReading, boolean open) {
        if (forReading) {
            reading = open;
        } else {
            writing = open;
        }
    }

    @Override
    public String toString() {
        return "descriptor " + number;
    }
}
