package dev.aiopipe.engine.endpoint;

import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.AdoptedChannel;
import dev.aiopipe.engine.linux.DescriptorHeadroom;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.linux.ProcFs;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.transport.BlockingFifo;
import dev.aiopipe.engine.transport.ChannelSource;
import dev.aiopipe.engine.transport.FifoSource;
import dev.aiopipe.engine.transport.SharedDescriptorStream;
import dev.aiopipe.engine.transport.StdinBootstrap;
import dev.aiopipe.engine.transport.TerminalSource;
import dev.aiopipe.engine.transport.ThreadedSource;
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
import org.jspecify.annotations.Nullable;

/** Opens the reading direction of an inherited descriptor. */
final class InheritedInput extends InheritedStream {
    /**
     * A channel for the loop to watch. If it was reopened, it may be read; otherwise it is a copy, whose flags belong
     * to others.
     */
    private record Watched(Pipe.SourceChannel channel, boolean isReopened) {}

    InheritedInput(InheritedDescriptor descriptor, DescriptorKind kind, Loop loop, Closeable claim) {
        super(descriptor, kind, loop, claim);
    }

    Input open() throws IOException {
        if (fd == 0) {
            SystemInReadAhead.takeOver(descriptor.leftover());
        }
        if (fd == 0 && kind == DescriptorKind.PIPE && NativeAccess.isLibCToBeLoaded()) {
            Input early = early();
            if (early != null) {
                return early;
            }
        }
        boolean adopts = adopts();
        return switch (kind) {
            case FILE, DEVICE -> threaded(ReadMode.DIRECT, new Standard());
            case PIPE, TERMINAL, SOCKET -> adopts ? adopted() : unadopted();
            case FIFO -> adopts ? fifo() : unadopted();
            default -> threaded(ReadMode.THREAD, new Standard());
        };
    }

    private Input adopted() throws IOException {
        Watched watched = watched();
        if (watched == null) {
            return watchedByLoop();
        }
        Registration registration = Registration.of(watched.channel, loop);
        return input(source(watched), registration.input(), CloseOnce.both(registration, claim));
    }

    private Input fifo() throws IOException {
        int fresh = descriptor.reopen(LibC.O_RDONLY);
        if (fresh < 0) {
            return watchedByLoop();
        }
        FifoSource source = FifoSource.of(fresh, descriptor::reopenFifo, false, loop);
        Registration registration = source.registration();
        return input(source, registration.input(), CloseOnce.both(registration, claim));
    }

    /**
     * Opens an input that threads read, but only when there are bytes, so that a read that was given up takes none from
     * others.
     */
    private Input watchedByLoop() throws IOException {
        Registration registration = Registration.of(AdoptedChannel.toRead(LibC.duplicate(fd)), loop);
        try {
            Closeable resource = CloseOnce.both(registration, claim);
            return threaded(ReadMode.THREAD, new Adopted(), registration.input(), resource);
        } catch (Throwable e) {
            registration.close();
            throw e;
        }
    }

    private Input threaded(ReadMode mode, ThreadedSource.Stream stream) throws IOException {
        return threaded(mode, stream, loop.attach(), claim);
    }

    private Input threaded(ReadMode mode, ThreadedSource.Stream stream, Readiness readiness, Closeable resource) {
        return input(new ThreadedSource(stream, mode, kind, readiness, descriptor.leftover()), readiness, resource);
    }

    private Input input(ByteSource source, Readiness readiness, Closeable resource) {
        return new Input(source, readiness, name(), descriptor.leftover(), resource);
    }

    /**
     * Opens an input where nothing can be adopted: on a new description, which may be closed under a read, if it can be
     * opened.
     */
    private Input unadopted() throws IOException {
        Readiness readiness = loop.attach();
        InputStream stream = reopened();
        return stream == null
                ? threaded(ReadMode.THREAD, new Standard(), readiness, claim)
                : threaded(ReadMode.THREAD, new Reopened(stream), readiness, CloseOnce.both(stream, claim));
    }

    /**
     * Returns null if only the JDK's own stream can read the descriptor. To open a terminal could make it the
     * controlling one.
     */
    private @Nullable InputStream reopened() throws IOException {
        if (fd <= 2 && kind != DescriptorKind.PIPE && kind != DescriptorKind.FIFO) {
            return null;
        }
        Path path = ProcFs.descriptor(fd);
        try {
            return kind == DescriptorKind.FIFO
                    ? new BlockingFifo(path, false, false)
                    : Channels.newInputStream(FileChannel.open(path));
        } catch (IOException e) {
            if (fd <= 2) {
                // The pipe or FIFO is another user's.
                return null;
            }
            throw new IOException(name() + " can't be opened anew: " + e.getMessage(), e);
        }
    }

    /**
     * Opens an input while JNA is not loaded. Returns null if JNA is needed: the pipe is another user's, which its path
     * does not open.
     */
    private @Nullable Input early() throws IOException {
        DescriptorHeadroom.requireForChannel("can't open " + name());
        String target = DescriptorKind.target(fd);
        FileInputStream stream;
        try {
            stream = new FileInputStream(ProcFs.descriptor(fd).toFile());
        } catch (FileNotFoundException e) {
            return null;
        }
        try {
            Registration registration = Registration.ofNothingYet(loop);
            StdinBootstrap source =
                    new StdinBootstrap(stream, registration, () -> adoptEarly(target), descriptor.leftover());
            return input(source, registration.input(), CloseOnce.both(registration, claim));
        } catch (Throwable e) {
            stream.close();
            throw e;
        }
    }

    private StdinBootstrap.@Nullable Adopted adoptEarly(String target) throws IOException {
        if (!NativeAccess.canAdopt()) {
            return null;
        }
        loop.requireStarted(); // if that fails a thread reads on; later, the read would fail
        Watched watched = watched();
        if (watched == null) {
            return null;
        } else if (!DescriptorKind.target(fd).equals(target)) {
            watched.channel.close();
            throw new IOException(name() + " was closed");
        }
        return new StdinBootstrap.Adopted(watched.channel, source(watched));
    }

    /** Returns null if only threads can read the descriptor. */
    private @Nullable Watched watched() throws IOException {
        int fresh = isSocket() ? -1 : descriptor.reopen(LibC.O_RDONLY);
        if (fresh >= 0) {
            return new Watched(AdoptedChannel.toRead(fresh), true);
        } else if (isSocket() || (kind == DescriptorKind.PIPE && LibC.canRead(fd))) {
            return new Watched(AdoptedChannel.toRead(LibC.duplicate(fd)), false);
        }
        return null;
    }

    private ByteSource source(Watched watched) {
        if (!watched.isReopened) {
            return new SharedDescriptorStream(fd, isSocket());
        }
        Pipe.SourceChannel channel = watched.channel;
        return kind == DescriptorKind.TERMINAL ? new TerminalSource(channel, fd) : ChannelSource.ofShared(channel);
    }

    /** The blocking streams below have this in common. */
    private abstract class Blocking implements ThreadedSource.Stream {
        @Override
        public boolean endsByFailure() {
            return kind == DescriptorKind.TERMINAL;
        }
    }

    /** A copy of the descriptor in a channel, which needs no path: the descriptor may be another user's. */
    private final class Adopted extends Blocking {
        @Override
        public InputStream open() throws IOException {
            return Channels.newInputStream(AdoptedChannel.toReadBlocking(LibC.duplicate(fd)));
        }

        @Override
        public boolean isReady() throws IOException {
            return LibC.isReadable(fd);
        }

        @Override
        public boolean isInterruptible() {
            return true;
        }

        @Override
        public boolean isOnlyEmpty() throws IOException {
            return kind == DescriptorKind.TERMINAL && LibC.isOnlyEmpty(fd);
        }
    }

    /** A new file description of the same pipe, FIFO or terminal. */
    private final class Reopened extends Blocking {
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

    /** The JDK's stream of a descriptor from 0 to 2. */
    private final class Standard extends Blocking {
        @Override
        public InputStream open() {
            return new FilterInputStream(new FileInputStream(standard())) {
                @Override
                public void close() {
                    // The descriptor stays open.
                }
            };
        }
    }
}
