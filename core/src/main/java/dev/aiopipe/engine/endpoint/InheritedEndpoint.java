package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.ProcDescriptorFile;
import dev.aiopipe.engine.linux.ProcFs;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.write.Output;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;

/**
 * A descriptor that was open when this process started. What it names is shared with other processes, so its flags are never
 * changed. How it is read or written depends on what it is:
 *
 * <ul>
 *   <li>a pipe, FIFO or terminal is opened anew through {@code /proc/self/fd}, which gives flags of our own;
 *   <li>a socket can't be opened anew, nor can a pipe that another user has made: each call is told not to wait;
 *   <li>a FIFO or terminal of another user, or such a pipe that was opened by a name, does not know such calls: threads read and
 *       write it. They read only when the loop has seen bytes, so that a read that was given up takes none;
 *   <li>a file or device never makes a selector's event: it is read by threads, blocking;
 *   <li>and so is all the rest, where there is no C library or no {@code /proc}.
 * </ul>
 */
public final class InheritedEndpoint implements Endpoint {
    private static final File NOTHING = new File("/dev/null");

    private final int number;
    private final boolean forReading;
    private Closeable bothSides = () -> {}; // of a FIFO that a child gets

    /**
     * A number that may or may not be open.
     *
     * @param number 0 or more
     * @param forReading the direction in which it is going to be used
     */
    public InheritedEndpoint(int number, boolean forReading) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor < 0: " + number);
        }
        this.number = number;
        this.forReading = forReading;
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        DescriptorKind kind = check();
        if (kind == DescriptorKind.CLOSED) {
            return Input.atEnd(toString(), "not open"); // stdin alone comes here
        }
        InheritedDescriptor claim = InheritedDescriptor.claim(number, true);
        Closeable release = claim.release(true);
        try {
            return new InheritedInput(claim, kind, loop, release).open();
        } catch (Throwable e) {
            release.close();
            throw e;
        }
    }

    @Override
    public Output openOutput(Loop loop) throws IOException {
        DescriptorKind kind = check();
        InheritedDescriptor claim = InheritedDescriptor.claim(number, false);
        Closeable release = claim.release(false);
        try {
            return new InheritedOutput(claim, kind, loop, release).open();
        } catch (Throwable e) {
            release.close();
            throw e;
        }
    }

    /** What the number is, if it can be used as it is going to be. CLOSED only for a stdin that has nothing to read. */
    private DescriptorKind check() throws IOException {
        DescriptorKind kind = DescriptorKind.of(number);
        boolean standard = number <= 2;
        if (kind == DescriptorKind.CLOSED && isStdin()) {
            return kind; // a program that was started without a stdin sees its end
        } else if (kind == DescriptorKind.CLOSED) {
            throw new IOException(this + " is not open");
        } else if (kind == DescriptorKind.UNKNOWN && standard) {
            return kind;
        } else if (kind == DescriptorKind.UNKNOWN) {
            throw new IOException(this + " can't be looked at: there is no "
                    + ProcFs.descriptor(number).getParent());
        } else if (!kind.isStream() && !(standard && (kind == DescriptorKind.FILE || kind == DescriptorKind.DEVICE))) {
            throw new IOException(this + " is no pipe, FIFO, terminal or socket: " + DescriptorKind.target(number));
        } else if (!DescriptorKind.isOpenFor(number, forReading)) {
            if (isStdin()) {
                return DescriptorKind.CLOSED; // nohup puts a /dev/null there that can only be written
            }
            throw new IOException(this + " is open for " + (forReading ? "writing" : "reading") + " only: "
                    + DescriptorKind.target(number));
        }
        return kind;
    }

    /**
     * What {@code Redirect.INHERIT} means for a child's stdin. Without one, this process may have a file of the JVM's there.
     *
     * @return this process's stdin; or nothing, if it can't be read
     * @throws IOException if it can't be told what it is
     */
    public static Redirect stdinForChild() throws IOException {
        DescriptorKind kind = DescriptorKind.of(0);
        boolean readable =
                kind != DescriptorKind.CLOSED && (kind == DescriptorKind.UNKNOWN || DescriptorKind.isOpenFor(0, true));
        return readable ? Redirect.INHERIT : Redirect.from(NOTHING);
    }

    private boolean isStdin() {
        return number == 0 && forReading;
    }

    @Override
    public boolean opensAtOnce() {
        return false;
    }

    @Override
    public boolean canBeHandedOver() {
        return true;
    }

    @Override
    public Redirect redirect(BooleanSupplier usable) throws IOException {
        DescriptorKind kind = check();
        if (kind == DescriptorKind.CLOSED) {
            return Redirect.from(NOTHING);
        } else if (number <= 2) {
            return Redirect.INHERIT;
        }
        requireReopenable(kind);
        ProcDescriptorFile file = new ProcDescriptorFile(number, usable);
        return forReading ? Redirect.from(file) : Redirect.to(file);
    }

    @Override
    public String path(String self) throws IOException {
        DescriptorKind kind = check();
        if (kind == DescriptorKind.CLOSED) {
            return NOTHING.getPath();
        }
        requireReopenable(kind);
        return ProcFs.descriptor(self, number);
    }

    private void requireReopenable(DescriptorKind kind) throws IOException {
        if (kind != DescriptorKind.PIPE && kind != DescriptorKind.FIFO && kind != DescriptorKind.TERMINAL
                || DescriptorKind.isMaster(number)) {
            // a socket can't be opened again; a file would be, but from its beginning; a master would be another one
            throw new IOException(this + " can't be handed over: " + DescriptorKind.target(number));
        }
        if (kind == DescriptorKind.FIFO) {
            holdOtherSide();
        }
    }

    /** While this is open, nobody who opens the FIFO waits for its other side, as nobody would who inherits it. */
    private synchronized void holdOtherSide() throws IOException {
        bothSides.close(); // of another start
        try {
            bothSides =
                    FileChannel.open(ProcFs.descriptor(number), StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (AccessDeniedException e) {
            bothSides = () -> {}; // it is another user's, and its other side is waited for
        }
    }

    @Override
    public void close() {
        // an end that was never opened leaves the number as it is
    }

    @Override
    public void discard() throws IOException {
        handOver();
        closeHandedOver();
    }

    @Override
    public void handOver() {
        InheritedDescriptor.handOver(number);
    }

    @Override
    public synchronized void closeHandedOver() throws IOException {
        CloseOnce.both(bothSides, () -> InheritedDescriptor.closeHandedOver(number))
                .close();
    }

    @Override
    public String toString() {
        return "descriptor " + number;
    }
}
