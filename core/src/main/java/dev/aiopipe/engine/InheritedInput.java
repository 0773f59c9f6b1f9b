package dev.aiopipe.engine;

import dev.aiopipe.ReadMode;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;

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
        if (number == 0 && kind == Kind.PIPE && Fallback.isLibCToBeLoaded()) {
            Input early = early();
            if (early != null) {
                return early;
            }
        }
        return switch (Fallback.hasLibC() ? kind : kind.withoutLibC()) {
            case PIPE, TERMINAL, SOCKET -> adopted();
            case FIFO -> fifo();
            case FILE, DEVICE -> pumped(ReadMode.DIRECT);
            default -> pumped(ReadMode.THREAD);
        };
    }

    private Input adopted() throws IOException {
        Watched watched = watched();
        if (watched == null) {
            return pumped(ReadMode.THREAD);
        }
        Registration registration = Registration.of(watched.channel, loop);
        return new Input(source(watched, Release.both(registration, release)), registration.input());
    }

    private Input fifo() throws IOException {
        int fresh = claim.reopen(LibC.O_RDONLY);
        return fresh < 0
                ? pumped(ReadMode.THREAD)
                : FifoSource.open(fresh, claim::reopenFifo, false, loop, release, claim);
    }

    private Input pumped(ReadMode mode) throws IOException {
        Readiness readiness = loop.attach();
        return new Input(new PumpedSource(this::blocking, mode, kind, readiness, release), readiness, claim);
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
            return new Input(
                    new EarlySource(stream, registration, () -> adoptEarly(target), release), registration.input());
        } catch (Throwable e) {
            stream.close();
            throw e;
        }
    }

    private EarlySource.Adopted adoptEarly(String target) throws IOException {
        Watched watched = Fallback.hasLibC() ? watched() : null;
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
                ? new ChannelSource(claim.toString(), watched.channel, owner, kind == Kind.TERMINAL)
                : new UnflaggedSource(number, kind == Kind.SOCKET, owner);
    }

    /** Closing what the JDK has for 0 to 2 would put /dev/null in its place, so that is never done. */
    private InputStream blocking() throws IOException {
        if (number > 2 && Fallback.hasLibC()) { // it may be another user's, and not be opened by its path
            return Channels.newInputStream(Vessel.toReadBlocking(LibC.duplicate(number)));
        } else if (number > 2) {
            return new FileInputStream(Kind.path(number).toFile());
        }
        return new FilterInputStream(new FileInputStream(Inherited.STANDARD[number])) {
            @Override
            public void close() {
                // the number stays open
            }
        };
    }
}
