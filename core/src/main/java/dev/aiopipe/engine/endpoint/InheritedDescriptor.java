package dev.aiopipe.engine.endpoint;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.linux.ProcFs;
import dev.aiopipe.engine.read.Leftover;
import java.io.Closeable;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * A descriptor that this process was started with, while it is in use here: at most once for reading and once for
 * writing. One above 2 is closed with the last stream on it; 0 to 2 stay open, for {@code System.in},
 * {@code System.out} and {@code System.err}.
 */
final class InheritedDescriptor {
    /** By fd. Its lock guards the state of the values, too. */
    @GuardedBy("OPEN")
    private static final Map<Integer, InheritedDescriptor> OPEN = new HashMap<>();

    private final int fd;
    private final Leftover leftover = new Leftover();

    @GuardedBy("OPEN")
    private boolean reading;

    @GuardedBy("OPEN")
    private boolean writing;

    /** How many ends were handed to children and are not closed yet. */
    @GuardedBy("OPEN")
    private int handedOver;

    private InheritedDescriptor(int fd) {
        this.fd = fd;
    }

    /**
     * Claims one direction.
     *
     * @throws IOException if it is in use
     */
    static InheritedDescriptor claim(int fd, boolean forReading) throws IOException {
        synchronized (OPEN) {
            InheritedDescriptor inherited = OPEN.computeIfAbsent(fd, InheritedDescriptor::new);
            if (inherited.isOpen(forReading)) {
                throw new IOException("descriptor " + fd + " is opened already: " + DescriptorKind.target(fd));
            }
            inherited.set(forReading, true);
            return inherited;
        }
    }

    /** Notes that one more end of the descriptor is handed to a child. */
    static void handOver(int fd) {
        synchronized (OPEN) {
            OPEN.computeIfAbsent(fd, InheritedDescriptor::new).handedOver++;
        }
    }

    /** Notes that an end that was handed over is closed. */
    static void closeHandedOver(int fd) throws IOException {
        synchronized (OPEN) {
            InheritedDescriptor inherited = OPEN.get(fd);
            if (inherited != null) {
                inherited.handedOver--;
                inherited.closeUnused(DescriptorKind.of(fd).isStream());
            }
        }
    }

    /** Returns what ends a claim; to be closed once. */
    Closeable release(boolean forReading) {
        return () -> {
            synchronized (OPEN) {
                set(forReading, false);
                closeUnused(true);
            }
        };
    }

    /**
     * Closes the descriptor after its last use, if it is still {@code ours}. One that stays open keeps its leftover
     * bytes.
     */
    @GuardedBy("OPEN")
    private void closeUnused(boolean ours) throws IOException {
        if (!reading && !writing && handedOver == 0 && ours && fd > 2 && NativeAccess.hasLibC()) {
            OPEN.remove(fd);
            leftover.discard();
            LibC.close(fd);
        }
    }

    /** Returns the bytes that were read ahead, which belong to the next opening. */
    Leftover leftover() {
        return leftover;
    }

    /** Returns whether both directions are open. */
    boolean isShared() {
        synchronized (OPEN) {
            return reading && writing;
        }
    }

    int fd() {
        return fd;
    }

    /**
     * Opens the same pipe, FIFO or terminal anew, with flags of its own.
     *
     * @return a non-blocking fd; negative if that is not allowed
     */
    int reopen(int access) throws IOException {
        if (DescriptorKind.isMaster(fd)) {
            // Its path would make another terminal.
            return -1;
        }
        int fresh = tryReopen(access);
        if (fresh < 0 && LibC.isOutOfDescriptors()) {
            throw LibC.failure(toString());
        }
        return fresh;
    }

    /** Opens the same FIFO once more. Returns a non-blocking fd. */
    int reopenFifo() throws IOException {
        int fresh = tryReopen(LibC.O_RDONLY);
        if (fresh < 0) {
            throw LibC.failure(toString());
        }
        return fresh;
    }

    private int tryReopen(int access) {
        return LibC.open(ProcFs.descriptor(fd).toString(), access | LibC.O_NONBLOCK);
    }

    @GuardedBy("OPEN")
    private boolean isOpen(boolean forReading) {
        return forReading ? reading : writing;
    }

    @GuardedBy("OPEN")
    private void set(boolean forReading, boolean open) {
        if (forReading) {
            reading = open;
        } else {
            writing = open;
        }
    }

    @Override
    public String toString() {
        return "descriptor " + fd;
    }
}
