package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.AdoptedChannel;
import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.ProcFs;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.transport.ChannelSink;
import dev.aiopipe.engine.transport.SharedDescriptorStream;
import dev.aiopipe.engine.transport.ThreadedSink;
import dev.aiopipe.engine.write.ByteSink;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;

/** Opens the writing direction of an inherited descriptor. */
final class InheritedOutput extends InheritedStream {
    InheritedOutput(InheritedDescriptor descriptor, DescriptorKind kind, Loop loop, Closeable claim) {
        super(descriptor, kind, loop, claim);
    }

    Output open() throws IOException {
        if (!adopts()) {
            return threaded();
        } else if (isSocket()) {
            return shared();
        }
        int fresh = descriptor.reopen(LibC.O_WRONLY);
        if (fresh >= 0) {
            return reopened(fresh);
        }
        return kind == DescriptorKind.PIPE && LibC.canWrite(fd) ? shared() : threaded();
    }

    private Output reopened(int fresh) throws IOException {
        Pipe.SinkChannel channel = AdoptedChannel.toWrite(fresh);
        Registration registration = Registration.of(channel, loop);
        ReaderWatch watch = watch(() -> ChannelDescriptor.fdOf(channel));
        Closeable resource = CloseOnce.both(registration, claim);
        ByteSink sink = kind == DescriptorKind.TERMINAL ? channel::write : new ChannelSink(channel);
        return new Output(sink, registration.output(), watch, name(), resource);
    }

    private Output shared() throws IOException {
        Registration registration = Registration.of(AdoptedChannel.toWrite(LibC.duplicate(fd)), loop);
        Closeable resource = CloseOnce.both(registration, () -> {
            if (isSocket() && fd > 2 && descriptor.isShared()) {
                // The reader keeps the descriptor open, and the peer must see the end.
                LibC.shutdownOutput(fd);
            }
            claim.close();
        });
        ReaderWatch watch = watch(() -> fd);
        SharedDescriptorStream sink = new SharedDescriptorStream(fd, isSocket());
        return new Output(sink, registration.output(), watch, name(), resource);
    }

    private Output threaded() throws IOException {
        boolean toReader = kind != DescriptorKind.FILE && kind != DescriptorKind.DEVICE;
        boolean adopts = adopts();
        ThreadedSink.Opener<OutputStream> opener = new ThreadedSink.Opener<>() {
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
        ReaderWatch watch = isSocket() ? ReaderWatch.none() : watch(() -> fd);
        return new Output(new ThreadedSink(opener, toReader, readiness), readiness, watch, name(), claim);
    }

    /** The input of any copy of a terminal is what its user types, so that its reader can't be watched. */
    private ReaderWatch watch(ReaderWatch.Descriptor watched) {
        return switch (kind) {
            case PIPE -> ReaderWatch.ofPipe(watched, loop);
            case FIFO -> ReaderWatch.ofFifo(watched, loop);
            case SOCKET -> ReaderWatch.ofSocket(watched, loop);
            default -> ReaderWatch.none();
        };
    }

    private OutputStream blocking(boolean adopts) throws IOException {
        if (adopts) {
            // Its path would not open the pipe or FIFO of another user.
            return Channels.newOutputStream(AdoptedChannel.toWriteBlocking(LibC.duplicate(fd)));
        } else if (fd > 2) {
            return new FileOutputStream(ProcFs.descriptor(fd).toFile());
        }
        return new FilterOutputStream(new FileOutputStream(standard())) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
            }

            @Override
            public void close() {
                // The descriptor stays open.
            }
        };
    }
}
