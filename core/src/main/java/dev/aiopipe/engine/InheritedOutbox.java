package dev.aiopipe.engine;

import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;

/** Opens a number that this process was started with for writing, by what it is; see {@link InheritedOrigin}. */
final class InheritedOutbox {
    private final Inherited claim;
    private final int number;
    private final Kind kind;
    private final Loop loop;
    private final Closeable release;

    InheritedOutbox(Inherited claim, Kind kind, Loop loop, Closeable release) {
        this.claim = claim;
        this.number = claim.number();
        this.kind = kind;
        this.loop = loop;
        this.release = release;
    }

    Outbox open() throws IOException {
        if (!kind.isStream() || !NativeAccess.canAdopt()) {
            return pumped();
        }
        return switch (kind) {
            case PIPE, FIFO, TERMINAL -> {
                int fresh = claim.reopen(LibC.O_WRONLY);
                if (fresh >= 0) {
                    yield reopened(fresh);
                }
                yield kind == Kind.PIPE && LibC.canWrite(number) ? unflagged() : pumped();
            }
            case SOCKET -> unflagged();
            default -> pumped();
        };
    }

    private Outbox reopened(int fresh) throws IOException {
        Pipe.SinkChannel channel = Vessel.toWrite(fresh);
        Registration registration = Registration.of(channel, loop);
        ReaderWatch.Number watched = // what is typed is input, on any copy of a terminal
                kind == Kind.TERMINAL ? null : () -> Descriptors.numberOf(channel);
        return new Outbox(
                new ChannelSink(claim.toString(), channel, Release.both(registration, release)),
                registration.output(),
                new ReaderWatch(watched, loop));
    }

    private Outbox unflagged() throws IOException {
        boolean socket = kind == Kind.SOCKET;
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

    private Outbox pumped() throws IOException {
        boolean toReader = kind != Kind.FILE && kind != Kind.DEVICE;
        boolean pipe = kind == Kind.PIPE || kind == Kind.FIFO;
        boolean adopts = kind.isStream() && NativeAccess.canAdopt();
        PumpedSink.Stream stream = new PumpedSink.Stream() {
            @Override
            public OutputStream open() throws IOException {
                return blocking(adopts);
            }

            @Override
            public boolean isInterruptible() {
                return adopts;
            }
        };
        Readiness readiness = loop.attach();
        PumpedSink sink = new PumpedSink(claim.toString(), stream, toReader, readiness, release);
        return new Outbox(sink, readiness, new ReaderWatch(pipe ? () -> number : null, loop));
    }

    /** Closing what the JDK has for 0 to 2 would put /dev/null in its place, so that is never done. */
    private OutputStream blocking(boolean adopts) throws IOException {
        if (adopts) { // it may be another user's, and not be opened by its path
            return Channels.newOutputStream(Vessel.toWriteBlocking(LibC.duplicate(number)));
        } else if (number > 2) {
            return new FileOutputStream(Kind.path(number).toFile());
        }
        return new FilterOutputStream(new FileOutputStream(Inherited.STANDARD[number])) {
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
}
