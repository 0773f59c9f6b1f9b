package dev.aiopipe.engine;

import dev.aiopipe.ReadMode;
import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
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
 *   <li>a FIFO or terminal of another user, or such a pipe that was opened by a name, does not know such calls: threads;
 *   <li>a file or device never makes a selector's event: it is read by threads, blocking;
 *   <li>and so is all the rest, where there is no C library or no {@code /proc}.
 * </ul>
 */
public final class InheritedOrigin implements Origin {
    private static final FileDescriptor[] STANDARD = {FileDescriptor.in, FileDescriptor.out, FileDescriptor.err};

    private final int number;
    private final boolean forReading;
    private Closeable bothSides = () -> {}; // of a FIFO that a child gets

    /**
     * A number that may or may not be open.
     *
     * @param number 0 or more
     * @param forReading the direction in which it is going to be used
     */
    public InheritedOrigin(int number, boolean forReading) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor < 0: " + number);
        }
        this.number = number;
        this.forReading = forReading;
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        Kind kind = check();
        if (kind == Kind.CLOSED) {
            return Input.atEnd(); // stdin alone comes here
        }
        Inherited claim = Inherited.claim(number, true);
        Closeable release = claim.release(true);
        try {
            return switch (Fallback.hasLibC() ? kind : kind.withoutLibC()) {
                case PIPE, TERMINAL -> {
                    int fresh = reopen(LibC.O_RDONLY);
                    yield fresh < 0 ? unflagged(kind, loop, release) : reopened(fresh, kind, loop, release);
                }
                case FIFO -> {
                    int fresh = reopen(LibC.O_RDONLY);
                    yield fresh < 0
                            ? pumped(ReadMode.THREAD, kind, loop, release)
                            : FifoSource.open(fresh, this::reopenFifo, false, loop, release);
                }
                case SOCKET -> unflagged(kind, loop, release);
                case FILE, DEVICE -> pumped(ReadMode.DIRECT, kind, loop, release);
                default -> pumped(ReadMode.THREAD, kind, loop, release);
            };
        } catch (Throwable e) {
            release.close();
            throw e;
        }
    }

    @Override
    public Outbox openOutbox(Loop loop) throws IOException {
        Kind kind = check();
        Inherited claim = Inherited.claim(number, false);
        Closeable release = claim.release(false);
        try {
            switch (Fallback.hasLibC() ? kind : kind.withoutLibC()) {
                case PIPE, FIFO, TERMINAL -> {
                    int fresh = reopen(LibC.O_WRONLY);
                    if (fresh >= 0) {
                        Pipe.SinkChannel channel = Vessel.toWrite(fresh);
                        Registration registration = Registration.of(channel, loop);
                        ReaderWatch.Number watched = // what is typed is input, on any copy of a terminal
                                kind == Kind.TERMINAL ? null : () -> Descriptors.numberOf(channel);
                        return new Outbox(
                                new ChannelSink(channel, Release.both(registration, release)),
                                registration.output(),
                                new ReaderWatch(watched, loop));
                    } else if (kind == Kind.PIPE && LibC.canWrite(number)) {
                        return unflaggedOutbox(claim, false, loop, release);
                    }
                }
                case SOCKET -> {
                    return unflaggedOutbox(claim, true, loop, release);
                }
                default -> {}
            }
            boolean toReader = kind != Kind.FILE && kind != Kind.DEVICE;
            Readiness readiness = loop.attach();
            PumpedSink sink = new PumpedSink(this::blockingOutput, toReader, readiness, release);
            boolean pipe = kind == Kind.PIPE || kind == Kind.FIFO;
            return new Outbox(sink, readiness, new ReaderWatch(pipe ? () -> number : null, loop));
        } catch (Throwable e) {
            release.close();
            throw e;
        }
    }

    /** What the number is, if it can be used as it is going to be. CLOSED only for stdin. */
    private Kind check() throws IOException {
        Kind kind = Kind.of(number);
        boolean standard = number <= 2;
        if (kind == Kind.CLOSED && number == 0 && forReading) {
            return kind; // a program that was started without a stdin sees its end
        } else if (kind == Kind.CLOSED) {
            throw new IOException("descriptor " + number + " is not open");
        } else if (kind == Kind.UNKNOWN && standard) {
            return kind;
        } else if (!kind.isStream() && !(standard && (kind == Kind.FILE || kind == Kind.DEVICE))) {
            throw new IOException(
                    "descriptor " + number + " is no pipe, FIFO, terminal or socket: " + Kind.target(number));
        } else if (!Kind.isOpenFor(number, forReading)) {
            throw new IOException("descriptor " + number + " is open for " + (forReading ? "writing" : "reading")
                    + " only: " + Kind.target(number));
        }
        return kind;
    }

    /** The same pipe, FIFO or terminal, with flags of our own; negative if that is not allowed. */
    private int reopen(int access) throws IOException {
        if (Kind.isMaster(number)) {
            return -1; // its path makes another terminal
        }
        int fresh = tryReopen(access);
        if (fresh < 0 && LibC.isOutOfDescriptors()) {
            throw LibC.failure(toString());
        }
        return fresh;
    }

    private int reopenFifo() throws IOException {
        int fresh = tryReopen(LibC.O_RDONLY);
        if (fresh < 0) {
            throw LibC.failure(toString());
        }
        return fresh;
    }

    private int tryReopen(int access) {
        return LibC.open(Kind.path(number).toString(), access | LibC.O_NONBLOCK);
    }

    private static Input reopened(int fresh, Kind kind, Loop loop, Closeable release) throws IOException {
        Pipe.SourceChannel channel = Vessel.toRead(fresh);
        Registration registration = Registration.of(channel, loop);
        Closeable owner = Release.both(registration, release);
        return new Input(new ChannelSource(channel, owner, kind == Kind.TERMINAL), registration.input());
    }

    private Input unflagged(Kind kind, Loop loop, Closeable release) throws IOException {
        if (kind == Kind.TERMINAL || kind == Kind.PIPE && !LibC.canRead(number)) {
            return pumped(ReadMode.THREAD, kind, loop, release);
        }
        Registration watch = Registration.of(Vessel.toRead(LibC.duplicate(number)), loop);
        Closeable owner = Release.both(watch, release);
        return new Input(new UnflaggedSource(number, kind == Kind.SOCKET, owner), watch.input());
    }

    private Outbox unflaggedOutbox(Inherited claim, boolean socket, Loop loop, Closeable release) throws IOException {
        Registration watch = Registration.of(Vessel.toWrite(LibC.duplicate(number)), loop);
        Closeable owner = Release.both(watch, () -> {
            if (socket && number > 2 && claim.isShared()) {
                LibC.shutdownOutput(number); // the reader keeps the number open, and the peer is to see the end
            }
            release.close();
        });
        ReaderWatch readers = socket ? ReaderWatch.ofSocket(() -> number, loop) : new ReaderWatch(() -> number, loop);
        return new Outbox(new UnflaggedSink(number, socket, owner), watch.output(), readers);
    }

    private Input pumped(ReadMode mode, Kind kind, Loop loop, Closeable release) throws IOException {
        Readiness readiness = loop.attach();
        return new Input(new PumpedSource(this::blockingInput, mode, kind, readiness, release), readiness);
    }

    /** Closing what the JDK has for 0 to 2 would put /dev/null in its place, so that is never done. */
    private InputStream blockingInput() throws IOException {
        if (number > 2 && Fallback.hasLibC()) { // it may be another user's, and not be opened by its path
            return Channels.newInputStream(Vessel.toReadBlocking(LibC.duplicate(number)));
        } else if (number > 2) {
            return new FileInputStream(Kind.path(number).toFile());
        }
        return new FilterInputStream(new FileInputStream(STANDARD[number])) {
            @Override
            public void close() {
                // the number stays open
            }
        };
    }

    private OutputStream blockingOutput() throws IOException {
        if (number > 2 && Fallback.hasLibC()) {
            return Channels.newOutputStream(Vessel.toWriteBlocking(LibC.duplicate(number)));
        } else if (number > 2) {
            return new FileOutputStream(Kind.path(number).toFile());
        }
        return new FilterOutputStream(new FileOutputStream(STANDARD[number])) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
            }

            @Override
            public void close() {
                // the number stays open
            }
        };
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
        if (number <= 2) {
            return Redirect.INHERIT;
        }
        path("/proc/self");
        DescriptorFile file = new DescriptorFile(number, usable);
        return forReading ? Redirect.from(file) : Redirect.to(file);
    }

    @Override
    public String path(String self) throws IOException {
        Kind kind = Kind.of(number);
        if (kind == Kind.CLOSED) {
            throw new IOException("descriptor " + number + " is not open");
        } else if (kind != Kind.PIPE && kind != Kind.FIFO && kind != Kind.TERMINAL || Kind.isMaster(number)) {
            // a socket can't be opened again; a file would be, but from its beginning; a master would be another one
            throw new IOException("descriptor " + number + " can't be handed over: " + Kind.target(number));
        }
        if (kind == Kind.FIFO) {
            holdOtherSide();
        }
        return self + "/fd/" + number;
    }

    /** While this is open, nobody who opens the FIFO waits for its other side, as nobody would who inherits it. */
    private synchronized void holdOtherSide() throws IOException {
        bothSides.close(); // of another start
        try {
            bothSides = FileChannel.open(Kind.path(number), StandardOpenOption.READ, StandardOpenOption.WRITE);
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
        Inherited.handOver(number);
    }

    @Override
    public synchronized void closeHandedOver() throws IOException {
        Release.both(bothSides, () -> Inherited.closeHandedOver(number)).close();
    }

    @Override
    public String toString() {
        return "descriptor " + number;
    }
}
