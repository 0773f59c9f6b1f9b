package dev.aiopipe.engine.endpoint;

import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.AdoptedChannel;
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
import dev.aiopipe.engine.transport.SharedDescriptorSource;
import dev.aiopipe.engine.transport.StdinBootstrap;
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

/** Opens a number that this process was started with for reading, by what it is; see {@link InheritedEndpoint}. */
final class InheritedInput {
    /** A channel for the loop to watch. Reopened: it can be read, too; else it is a copy of the number, whose flags are others'. */
    private record Watched(Pipe.SourceChannel channel, boolean reopened) {}

    private final InheritedDescriptor claim;
    private final int number;
    private final DescriptorKind kind;
    private final Loop loop;
    private final Closeable release;

    InheritedInput(InheritedDescriptor claim, DescriptorKind kind, Loop loop, Closeable release) {
        this.claim = claim;
        this.number = claim.number();
        this.kind = kind;
        this.loop = loop;
        this.release = release;
    }

    Input open() throws IOException {
        if (number == 0) {
            SystemInReadAhead.takeOver(claim.leftover());
        }
        if (number == 0 && kind == DescriptorKind.PIPE && NativeAccess.isLibCToBeLoaded()) {
            Input early = early();
            if (early != null) {
                return early;
            }
        }
        boolean adopts = kind != DescriptorKind.FILE && kind != DescriptorKind.DEVICE && NativeAccess.canAdopt();
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
        return input(source(watched, CloseOnce.both(registration, release)), registration.input());
    }

    private Input fifo() throws IOException {
        int fresh = claim.reopen(LibC.O_RDONLY);
        return fresh < 0
                ? watchedByLoop()
                : FifoSource.open(fresh, claim::reopenFifo, false, loop, release, claim, claim.leftover());
    }

    /** Threads read it, but only when there is something: nothing is taken from others by a read that was given up. */
    private Input watchedByLoop() throws IOException {
        Registration registration = Registration.of(AdoptedChannel.toRead(LibC.duplicate(number)), loop);
        try {
            return threaded(
                    ReadMode.THREAD, new Adopted(), registration.input(), CloseOnce.both(registration, release));
        } catch (Throwable e) {
            registration.close();
            throw e;
        }
    }

    private Input threaded(ReadMode mode, ThreadedSource.Stream endpoint) throws IOException {
        return threaded(mode, endpoint, loop.attach(), release);
    }

    private Input threaded(ReadMode mode, ThreadedSource.Stream endpoint, Readiness readiness, Closeable owner) {
        return input(
                new ThreadedSource(claim.toString(), endpoint, mode, kind, readiness, claim.leftover(), owner),
                readiness);
    }

    private Input input(ByteSource source, Readiness readiness) {
        return new Input(source, readiness, claim, claim.leftover());
    }

    /** Where nothing can be adopted: another description of the same, which may be closed under a read, if it can be had. */
    private Input unadopted() throws IOException {
        Readiness readiness = loop.attach();
        InputStream stream = reopened();
        return stream == null
                ? threaded(ReadMode.THREAD, new Standard(), readiness, release)
                : threaded(ReadMode.THREAD, new Reopened(stream), readiness, CloseOnce.both(stream, release));
    }

    /** Null for what only the JDK's own stream can read. To open a terminal could make it the controlling one. */
    private InputStream reopened() throws IOException {
        if (number <= 2 && kind != DescriptorKind.PIPE && kind != DescriptorKind.FIFO) {
            return null;
        }
        Path path = ProcFs.descriptor(number);
        try {
            return kind == DescriptorKind.FIFO
                    ? new BlockingFifo(path, false, false)
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
        String target = DescriptorKind.target(number);
        FileInputStream stream;
        try {
            stream = new FileInputStream(ProcFs.descriptor(number).toFile());
        } catch (FileNotFoundException e) {
            return null;
        }
        try {
            Registration registration = Registration.ofNothingYet(loop);
            StdinBootstrap source =
                    new StdinBootstrap(stream, registration, () -> adoptEarly(target), claim.leftover(), release);
            return input(source, registration.input());
        } catch (Throwable e) {
            stream.close();
            throw e;
        }
    }

    private StdinBootstrap.Adopted adoptEarly(String target) throws IOException {
        Watched watched = NativeAccess.canAdopt() ? watched() : null;
        if (watched == null) {
            return null;
        } else if (!DescriptorKind.target(number).equals(target)) {
            watched.channel.close();
            throw new IOException("descriptor " + number + " was closed");
        }
        return new StdinBootstrap.Adopted(watched.channel, source(watched, watched.channel));
    }

    /** Null if only threads can read it. */
    private Watched watched() throws IOException {
        int fresh = kind == DescriptorKind.SOCKET ? -1 : claim.reopen(LibC.O_RDONLY);
        if (fresh >= 0) {
            return new Watched(AdoptedChannel.toRead(fresh), true);
        } else if (kind == DescriptorKind.SOCKET || kind == DescriptorKind.PIPE && LibC.canRead(number)) {
            return new Watched(AdoptedChannel.toRead(LibC.duplicate(number)), false);
        }
        return null;
    }

    private ByteSource source(Watched watched, Closeable owner) {
        return watched.reopened
                ? new ChannelSource(
                        claim.toString(), watched.channel, owner, kind == DescriptorKind.TERMINAL ? number : -1)
                : new SharedDescriptorSource(number, kind == DescriptorKind.SOCKET, owner);
    }

    /** What all ways of reading by threads have in common. */
    private abstract class Blocked implements ThreadedSource.Stream {
        @Override
        public boolean endsByFailure() {
            return kind == DescriptorKind.TERMINAL;
        }
    }

    /** A copy of the number in a channel; it may be another user's, and not be opened by its path. */
    private final class Adopted extends Blocked {
        @Override
        public InputStream open() throws IOException {
            return Channels.newInputStream(AdoptedChannel.toReadBlocking(LibC.duplicate(number)));
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
            return kind == DescriptorKind.TERMINAL && LibC.isOnlyEmpty(number);
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
            return new FilterInputStream(new FileInputStream(InheritedDescriptor.STANDARD[number])) {
                @Override
                public void close() {
                    // the number stays open
                }
            };
        }
    }
}
