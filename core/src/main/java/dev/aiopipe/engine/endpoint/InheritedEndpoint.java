package dev.aiopipe.engine.endpoint;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
 * A descriptor that was open when this process started. Other processes share its file description, so its flags are
 * never changed. Its kind decides how it is read or written:
 *
 * <ul>
 *   <li>A pipe, FIFO or terminal is opened anew through {@code /proc/self/fd}, which makes a description with flags of
 *       its own.
 *   <li>A socket can't be opened anew, nor can a pipe that another user has made: each call asks not to wait.
 *   <li>A FIFO or terminal of another user, or such a pipe that was opened by a name, does not support such calls:
 *       threads read and write it. They read only when the loop has seen bytes, so that a read that was given up takes
 *       none.
 *   <li>A file or device makes no events for a selector: threads read and write it.
 *   <li>Threads do the same for all kinds where there is no C library or no {@code /proc}.
 * </ul>
 */
public final class InheritedEndpoint implements Endpoint {
    private static final File NOTHING = new File("/dev/null");

    private final int fd;
    private final boolean forReading;

    /** Holds both sides of a FIFO open that a child gets. */
    @GuardedBy("this")
    private Closeable bothSides = () -> {};

    /**
     * Creates the endpoint of a descriptor, which may or may not be open.
     *
     * @param fd 0 or more
     * @param forReading the direction in which it is going to be used
     */
    public InheritedEndpoint(int fd, boolean forReading) {
        if (fd < 0) {
            throw new IllegalArgumentException("descriptor < 0: " + fd);
        }
        this.fd = fd;
        this.forReading = forReading;
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        DescriptorKind kind = check();
        if (kind == DescriptorKind.CLOSED) {
            // This is stdin: check() throws for others.
            return Input.atEnd(toString(), "not open");
        }
        InheritedDescriptor descriptor = InheritedDescriptor.claim(fd, true);
        Closeable claim = descriptor.release(true);
        try {
            return new InheritedInput(descriptor, kind, loop, claim).open();
        } catch (Throwable e) {
            claim.close();
            throw e;
        }
    }

    @Override
    public Output openOutput(Loop loop) throws IOException {
        DescriptorKind kind = check();
        InheritedDescriptor descriptor = InheritedDescriptor.claim(fd, false);
        Closeable claim = descriptor.release(false);
        try {
            return new InheritedOutput(descriptor, kind, loop, claim).open();
        } catch (Throwable e) {
            claim.close();
            throw e;
        }
    }

    /**
     * Returns the kind of the descriptor; CLOSED only of a stdin that has nothing to read.
     *
     * @throws IOException if the descriptor can't be used in this direction
     */
    private DescriptorKind check() throws IOException {
        DescriptorKind kind = DescriptorKind.of(fd);
        boolean standard = fd <= 2;
        if (kind == DescriptorKind.CLOSED && isStdin()) {
            // A program that was started without a stdin sees its end.
            return kind;
        } else if (kind == DescriptorKind.CLOSED) {
            throw new IOException(this + " is not open");
        } else if (kind == DescriptorKind.UNKNOWN && standard) {
            return kind;
        } else if (kind == DescriptorKind.UNKNOWN) {
            throw new IOException(this + " can't be looked at: there is no " + ProcFs.DESCRIPTORS);
        } else if (!kind.isStream() && !(standard && (kind == DescriptorKind.FILE || kind == DescriptorKind.DEVICE))) {
            throw new IOException(this + " is no pipe, FIFO, terminal or socket: " + DescriptorKind.target(fd));
        } else if (!DescriptorKind.isOpenFor(fd, forReading)) {
            if (isStdin()) {
                // The command nohup opens a /dev/null there that can only be written.
                return DescriptorKind.CLOSED;
            }
            throw new IOException(this + " is open for " + (forReading ? "writing" : "reading") + " only: "
                    + DescriptorKind.target(fd));
        }
        return kind;
    }

    /**
     * Returns the redirect that {@code Redirect.INHERIT} stands for as a child's stdin: this process's stdin, or
     * /dev/null if that can't be read. A process that was started without a stdin may have a file of the JVM's there.
     *
     * @throws IOException if the kind of the descriptor can't be found
     */
    public static Redirect stdinForChild() throws IOException {
        DescriptorKind kind = DescriptorKind.of(0);
        boolean readable =
                kind != DescriptorKind.CLOSED && (kind == DescriptorKind.UNKNOWN || DescriptorKind.isOpenFor(0, true));
        return readable ? Redirect.INHERIT : Redirect.from(NOTHING);
    }

    private boolean isStdin() {
        return fd == 0 && forReading;
    }

    @Override
    public boolean opensAtOnce() {
        return false;
    }

    @Override
    public boolean canBeHandedOver() {
        return true;
    }

    /** A child inherits 0 to 2 under their own numbers only. */
    @Override
    public boolean isRedirectable(int number) {
        return fd > 2 || fd == number;
    }

    @Override
    public Redirect redirect(BooleanSupplier usable) throws IOException {
        DescriptorKind kind = check();
        if (kind == DescriptorKind.CLOSED) {
            return Redirect.from(NOTHING);
        } else if (fd <= 2) {
            return Redirect.INHERIT;
        }
        requireReopenable(kind);
        ProcDescriptorFile file = new ProcDescriptorFile(fd, usable);
        return forReading ? Redirect.from(file) : Redirect.to(file);
    }

    @Override
    public String path(String self) throws IOException {
        DescriptorKind kind = check();
        if (kind == DescriptorKind.CLOSED) {
            return NOTHING.getPath();
        }
        requireReopenable(kind);
        return ProcFs.descriptor(self, fd);
    }

    private void requireReopenable(DescriptorKind kind) throws IOException {
        boolean canReopen =
                kind == DescriptorKind.PIPE || kind == DescriptorKind.FIFO || kind == DescriptorKind.TERMINAL;
        if (!canReopen || DescriptorKind.isMaster(fd)) {
            // A socket can't be opened anew. A file would be read from its beginning. A master would be another
            // terminal.
            throw new IOException(this + " can't be handed over: " + DescriptorKind.target(fd));
        }
        if (kind == DescriptorKind.FIFO) {
            holdOtherSide();
        }
    }

    /**
     * Opens both sides of a FIFO, so that a child that opens it does not wait for the other side, as if it had
     * inherited it.
     */
    private synchronized void holdOtherSide() throws IOException {
        // Closes those of an earlier start.
        bothSides.close();
        try {
            bothSides = FileChannel.open(ProcFs.descriptor(fd), StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (AccessDeniedException e) {
            // The FIFO is another user's, and the child waits for the other side.
            bothSides = () -> {};
        }
    }

    @Override
    public void close() {
        // An end that was never opened leaves the descriptor open.
    }

    @Override
    public void discard() throws IOException {
        handOver();
        closeHandedOver();
    }

    @Override
    public void handOver() {
        InheritedDescriptor.handOver(fd);
    }

    @Override
    public synchronized void closeHandedOver() throws IOException {
        CloseOnce.both(bothSides, () -> InheritedDescriptor.closeHandedOver(fd)).close();
    }

    @Override
    public String toString() {
        return "descriptor " + fd;
    }
}
