package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.AdoptedChannel;
import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.linux.ProcFs;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.transport.ChannelSink;
import dev.aiopipe.engine.transport.SharedDescriptorSink;
import dev.aiopipe.engine.transport.ThreadedSink;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;

/** Opens a number that this process was started with for writing, by what it is; see {@link InheritedEndpoint}. */
final class InheritedOutput {
    private final InheritedDescriptor claim;
    private final int number;
    private final DescriptorKind kind;
    private final Loop loop;
    private final Closeable release;

    InheritedOutput(InheritedDescriptor claim, DescriptorKind kind, Loop loop, Closeable release) {
        this.claim = claim;
        this.number = claim.number();
        this.kind = kind;
        this.loop = loop;
        this.release = release;
    }

    Output open() throws IOException {
        if (!kind.isStream() || !NativeAccess.canAdopt()) {
            return threaded();
        }
        return switch (kind) {
            case PIPE, FIFO, TERMINAL -> {
                int fresh = claim.reopen(LibC.O_WRONLY);
                if (fresh >= 0) {
                    yield reopened(fresh);
                }
                yield kind == DescriptorKind.PIPE && LibC.canWrite(number) ? shared() : threaded();
            }
            case SOCKET -> shared();
            default -> threaded();
        };
    }

    private Output reopened(int fresh) throws IOException {
        Pipe.SinkChannel channel = AdoptedChannel.toWrite(fresh);
        Registration registration = Registration.of(channel, loop);
        ReaderWatch.Number watched = // what is typed is input, on any copy of a terminal
                kind == DescriptorKind.TERMINAL ? null : () -> ChannelDescriptor.fdOf(channel);
        return new Output(
                new ChannelSink(claim.toString(), channel, CloseOnce.both(registration, release)),
                registration.output(),
                new ReaderWatch(watched, loop));
    }

    private Output shared() throws IOException {
        boolean socket = kind == DescriptorKind.SOCKET;
        Registration watch = Registration.of(AdoptedChannel.toWrite(LibC.duplicate(number)), loop);
        Closeable owner = CloseOnce.both(watch, () -> {
            if (socket && number > 2 && claim.isShared()) {
                LibC.shutdownOutput(number); // the reader keeps the number open, and the peer is to see the end
            }
            release.close();
        });
        ReaderWatch readers = socket ? ReaderWatch.ofSocket(() -> number, loop) : new ReaderWatch(() -> number, loop);
        return new Output(new SharedDescriptorSink(number, socket, owner), watch.output(), readers);
    }

    private Output threaded() throws IOException {
        boolean toReader = kind != DescriptorKind.FILE && kind != DescriptorKind.DEVICE;
        boolean pipe = kind == DescriptorKind.PIPE || kind == DescriptorKind.FIFO;
        boolean adopts = kind.isStream() && NativeAccess.canAdopt();
        ThreadedSink.Stream stream = new ThreadedSink.Stream() {
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
        ThreadedSink sink = new ThreadedSink(claim.toString(), stream, toReader, readiness, release);
        return new Output(sink, readiness, new ReaderWatch(pipe ? () -> number : null, loop));
    }

    /** Closing what the JDK has for 0 to 2 would put /dev/null in its place, so that is never done. */
    private OutputStream blocking(boolean adopts) throws IOException {
        if (adopts) { // it may be another user's, and not be opened by its path
            return Channels.newOutputStream(AdoptedChannel.toWriteBlocking(LibC.duplicate(number)));
        } else if (number > 2) {
            return new FileOutputStream(ProcFs.descriptor(number).toFile());
        }
        return new FilterOutputStream(new FileOutputStream(InheritedDescriptor.STANDARD[number])) {
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
