package dev.aiopipe.engine;

import dev.aiopipe.ReadMode;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.Path;

/** Opens a number that this process was started with for reading, by what it is; see {@link InheritedOrigin}. */
final class InheritedInput {
    /** A channel for the loop to watch. Reopened: it can be read, too; else it is a copy of the number, whose flags are others'. */
    private record Watched(Pipe.SourceChannel channel, boolean reopened) {}

    private final Inherited claim;
    private final int number;
    private final Kind kind;
    private final Loop loop;
    private final Closeable release;

    InheritedInput(Inherited claim, Kind kind, Loop loop, Closeable release) {
        this.claim = claim;
        this.number = claim.number();
        this.kind = kind;
        this.loop = loop;
        this.release = release;
    }

    Input open() throws IOException {
        if (number == 0) {
            SystemIn.takeOver(claim.leftover());
        }
        if (number == 0 && kind == Kind.PIPE && NativeAccess.isLibCToBeLoaded()) {
            Input early = early();
            if (early != null) {
                return early;
            }
        }
        boolean adopts = kind != Kind.FILE && kind != Kind.DEVICE && NativeAccess.canAdopt();
        return switch (kind) {
            case FILE, DEVICE -> pumped(ReadMode.DIRECT, new Standard());
            case PIPE, TERMINAL, SOCKET -> adopts ? adopted() : unadopted();
            case FIFO -> adopts ? fifo() : unadopted();
            default -> pumped(ReadMode.THREAD, new Standard());
        };
    }

    private Input adopted() throws IOException {
        Watched watched = watched();
        if (watched == null) {
            return watchedByLoop();
        }
        Registration registration = Registration.of(watched.channel, loop);
        return input(source(watched, Release.both(registration, release)), registration.input());
    }

    private Input fifo() throws IOException {
        int fresh = claim.reopen(LibC.O_RDONLY);
        return fresh < 0
                ? watchedByLoop()
                : FifoSource.open(fresh, claim::reopenFifo, false, loop, release, claim, claim.leftover());
    }

    /** Threads read it, but only when there is something: nothing is taken from others by a read that was given up. */
    private Input watchedByLoop() throws IOException {
        Registration registration = Registration.of(Vessel.toRead(LibC.duplicate(number)), loop);
        try {
            return pumped(ReadMode.THREAD, new Adopted(), registration.input(), Release.both(registration, release));
        } catch (Throwable e) {
            registration.close();
            throw e;
        }
    }

    private Input pumped(ReadMode mode, PumpedSource.Stream origin) throws IOException {
        return pumped(mode, origin, loop.attach(), release);
    }

    private Input pumped(ReadMode mode, PumpedSource.Stream origin, Readiness readiness, Closeable owner) {
        return input(
                new PumpedSource(claim.toString(), origin, mode, kind, readiness, claim.leftover(), owner), readiness);
    }

    private Input input(ByteSource source, Readiness readiness) {
        return new Input(source, readiness, claim, claim.leftover());
    }

    /** Where nothing can be adopted: another description of the same, which may be closed under a read, if it can be had. */
    private Input unadopted() throws IOException {
        Readiness readiness = loop.attach();
        InputStream stream = reopened();
        return stream == null
                ? pumped(ReadMode.THREAD, new Standard(), readiness, release)
                : pumped(ReadMode.THREAD, new Reopened(stream), readiness, Release.both(stream, release));
    }

    /** Null for what only the JDK's own stream can read. To open a terminal could make it the controlling one. */
    private InputStream reopened() throws IOException {
        if (number <= 2 && kind != Kind.PIPE && kind != Kind.FIFO) {
            return null;
        }
        Path path = Kind.path(number);
        try {
            return kind == Kind.FIFO
                    ? new HeldFifo(path, false, false)
                    : Channels.newInputStream(FileChannel.open(path));
        } catch (IOException e) {
            if (number <= 2) {
                return null; // another user's
            }
            throw new IOException(claim + " can't be opened anew: " + e.getMessage(), e);
        }
    }

    /** While JNA is not loaded. Null if it has to be: the pipe can't be opened by its name, as it is another user's. */
    private Input early() throws IOException {
        String target = Kind.target(number);
        FileInputStream stream;
        try {
            stream = new FileInputStream(Kind.path(number).toFile());
        } catch (FileNotFoundException e) {
            return null;
        }
        try {
            Registration registration = Registration.ofNothingYet(loop);
            EarlySource source =
                    new EarlySource(stream, registration, () -> adoptEarly(target), claim.leftover(), release);
            return input(source, registration.input());
        } catch (Throwable e) {
            stream.close();
            throw e;
        }
    }

    private EarlySource.Adopted adoptEarly(String target) throws IOException {
        Watched watched = NativeAccess.canAdopt() ? watched() : null;
        if (watched == null) {
            return null;
        } else if (!Kind.target(number).equals(target)) {
            watched.channel.close();
            throw new IOException("descriptor " + number + " was closed");
        }
        return new EarlySource.Adopted(watched.channel, source(watched, watched.channel));
    }

    /** Null if only threads can read it. */
    private Watched watched() throws IOException {
        int fresh = kind == Kind.SOCKET ? -1 : claim.reopen(LibC.O_RDONLY);
        if (fresh >= 0) {
            return new Watched(Vessel.toRead(fresh), true);
        } else if (kind == Kind.SOCKET || kind == Kind.PIPE && LibC.canRead(number)) {
            return new Watched(Vessel.toRead(LibC.duplicate(number)), false);
        }
        return null;
    }

    private ByteSource source(Watched watched, Closeable owner) {
        return watched.reopened
                ? new ChannelSource(claim.toString(), watched.channel, owner, kind == Kind.TERMINAL ? number : -1)
                : new UnflaggedSource(number, kind == Kind.SOCKET, owner);
    }

    /** What all ways of reading by threads have in common. */
    private abstract class Blocked implements PumpedSource.Stream {
        @Override
        public boolean endsByFailure() {
            return kind == Kind.TERMINAL;
        }
    }

    /** A copy of the number in a channel; it may be another user's, and not be opened by its path. */
    private final class Adopted extends Blocked {
        @Override
        public InputStream open() throws IOException {
            return Channels.newInputStream(Vessel.toReadBlocking(LibC.duplicate(number)));
        }

        @Override
        public boolean isReady() throws IOException {
            return LibC.isReadable(number);
        }

        @Override
        public boolean isInterruptible() {
            return true;
        }

        @Override
        public boolean isOnlyEmpty() throws IOException {
            return kind == Kind.TERMINAL && LibC.isOnlyEmpty(number);
        }
    }

    /** Another description of the same. */
    private final class Reopened extends Blocked {
        private final InputStream stream;

        Reopened(InputStream stream) {
            this.stream = stream;
        }

        @Override
        public InputStream open() {
            return stream;
        }

        @Override
        public boolean isInterruptible() {
            return true;
        }
    }

    /** What the JDK has for 0 to 2. To close it would put /dev/null in its place, so that is never done. */
    private final class Standard extends Blocked {
        @Override
        public InputStream open() {
            return new FilterInputStream(new FileInputStream(Inherited.STANDARD[number])) {
                @Override
                public void close() {
                    // the number stays open
                }
            };
        }
    }
}
