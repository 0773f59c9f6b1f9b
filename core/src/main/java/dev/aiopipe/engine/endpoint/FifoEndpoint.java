package dev.aiopipe.engine.endpoint;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.FifoOption;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.AdoptedChannel;
import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.transport.BlockingFifo;
import dev.aiopipe.engine.transport.ChannelSink;
import dev.aiopipe.engine.transport.FifoSource;
import dev.aiopipe.engine.transport.ThreadedSink;
import dev.aiopipe.engine.transport.ThreadedSource;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A FIFO. */
public final class FifoEndpoint implements Endpoint {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Path path;
    private final boolean forReading;
    private final boolean keepOpen;
    private final boolean creates;
    private int capacity;

    /** Null if no thread opens the FIFO. */
    @GuardedBy("this")
    private @Nullable BlockingOpen blockingOpen;

    /**
     * Creates the endpoint of a path, which may or may not be a FIFO.
     *
     * @param path of the FIFO
     * @param forReading the direction in which it is going to be used
     * @param options of the end
     */
    public FifoEndpoint(Path path, boolean forReading, Set<FifoOption> options) {
        this.path = path.toAbsolutePath();
        this.forReading = forReading;
        this.keepOpen = options.contains(FifoOption.KEEP_OPEN);
        this.creates = options.contains(FifoOption.CREATE);
    }

    /** Makes the FIFO if that is wanted and there is none. */
    private void prepare() throws IOException {
        if (creates && Files.notExists(path)) {
            create();
        }
        DescriptorKind.requireFifo(path);
    }

    private void create() throws IOException {
        if (!NativeAccess.hasLibC()) {
            throw new IOException("can't make a FIFO without the C library: " + path);
        }
        try {
            LibC.makeFifo(path.toString());
        } catch (FileAlreadyExistsException e) {
            // Another process or thread was first.
            return;
        }
        // The umask has taken permissions away, or none.
        if (!Files.getPosixFilePermissions(path).equals(OWNER_ONLY)) {
            Files.setPosixFilePermissions(path, OWNER_ONLY);
        }
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        prepare();
        if (!NativeAccess.canAdopt()) {
            return threadedInput(loop);
        }
        // A reader that is also a writer sees no end.
        int access = keepOpen ? LibC.O_RDWR : LibC.O_RDONLY;
        FifoSource.Fifo fifo = () -> {
            DescriptorKind.requireFifo(path);
            int fresh = open(access);
            if (fresh < 0) {
                throw LibC.failure(path.toString());
            }
            return fresh;
        };
        FifoSource source = FifoSource.of(fifo.open(), fifo, true, loop);
        return new Input(source, source.registration().input(), toString(), source.registration());
    }

    private Input threadedInput(Loop loop) throws IOException {
        BlockingFifo fifo = new BlockingFifo(path, keepOpen, true);
        ThreadedSource.Stream blocking = new ThreadedSource.Stream() {
            @Override
            public InputStream open() {
                return fifo;
            }

            @Override
            public boolean isInterruptible() {
                return true;
            }
        };
        try {
            Readiness readiness = loop.attach();
            ThreadedSource source =
                    new ThreadedSource(blocking, ReadMode.THREAD, DescriptorKind.FIFO, readiness, new Leftover());
            return new Input(source, readiness, toString(), fifo);
        } catch (Throwable e) {
            fifo.close();
            throw e;
        }
    }

    @Override
    public @Nullable Output openOutput(Loop loop) throws IOException {
        prepare();
        if (!NativeAccess.canAdopt()) {
            return threadedOutput(loop);
        }
        int fresh = open(keepOpen ? LibC.O_RDWR : LibC.O_WRONLY);
        if (fresh < 0 && LibC.errno() == LibC.ENXIO) {
            // A closed loop refuses each later try.
            loop.requireOpen();
            return null;
        } else if (fresh < 0) {
            throw LibC.failure(path.toString());
        }
        Pipe.SinkChannel channel = AdoptedChannel.toWrite(fresh);
        Registration registration = Registration.of(channel, loop);
        // A descriptor that reads, too, is its own reader: none ever leaves.
        ReaderWatch watch =
                keepOpen ? ReaderWatch.none() : ReaderWatch.ofFifo(() -> ChannelDescriptor.fdOf(channel), loop);
        return new Output(new ChannelSink(channel), registration.output(), watch, toString(), registration);
    }

    private int open(int access) {
        int fresh = LibC.open(path.toString(), access | LibC.O_NONBLOCK);
        if (fresh >= 0 && capacity > 0) {
            LibC.setPipeCapacity(fresh, capacity);
        }
        return fresh;
    }

    @Override
    public void capacity(int bytes) {
        capacity = bytes;
    }

    /**
     * Begins with the first try to open the FIFO on a thread, which waits for a reader. Returns null until there is
     * one.
     */
    private synchronized @Nullable Output threadedOutput(Loop loop) throws IOException {
        // A closed loop refuses the stream that the thread would open.
        loop.requireOpen();
        BlockingOpen opening = blockingOpen;
        if (opening == null) {
            opening = new BlockingOpen(path, keepOpen);
            BlockingPool.EXECUTOR.execute(opening);
            blockingOpen = opening;
        }
        FileChannel open = opening.outcome();
        if (open == null) {
            return null;
        }
        Readiness readiness = loop.attach();
        blockingOpen = null;
        ThreadedSink.Opener<OutputStream> opener = new ThreadedSink.Opener<>() {
            @Override
            public OutputStream open() {
                return Channels.newOutputStream(open);
            }

            @Override
            public boolean isInterruptible() {
                return true;
            }
        };
        ThreadedSink sink = new ThreadedSink(opener, true, readiness);
        return new Output(sink, readiness, ReaderWatch.none(), toString(), open);
    }

    private synchronized void giveUpOpening() throws IOException {
        if (blockingOpen != null) {
            blockingOpen.giveUp();
            blockingOpen = null;
        }
    }

    /** A thread that waits in open(2) for a reader. */
    private static final class BlockingOpen implements Runnable {
        private final Path path;
        private final boolean keepOpen;
        private final CompletableFuture<FileChannel> opened = new CompletableFuture<>();
        private final CompletableFuture<Void> over = new CompletableFuture<>();

        BlockingOpen(Path path, boolean keepOpen) {
            this.path = path;
            this.keepOpen = keepOpen;
        }

        @Override
        public void run() {
            try {
                FileChannel channel = keepOpen
                        ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)
                        : FileChannel.open(path, StandardOpenOption.WRITE);
                if (!opened.complete(channel)) {
                    // The opening was given up meanwhile.
                    channel.close();
                }
            } catch (Throwable e) {
                opened.completeExceptionally(e);
            } finally {
                over.complete(null);
            }
        }

        /** Returns null while the thread waits. */
        @Nullable
        FileChannel outcome() throws IOException {
            try {
                return opened.getNow(null);
            } catch (CompletionException e) {
                if (e.getCause() instanceof IOException failure) {
                    throw failure;
                }
                throw e;
            }
        }

        /** Ends the thread: opens both sides until it is through, so that it has a reader. */
        void giveUp() throws IOException {
            if (opened.cancel(false)) {
                FileChannel both = openBothSides();
                over.thenRun(() -> close(both));
            } else if (!opened.isCompletedExceptionally()) {
                opened.join().close();
            }
        }

        private @Nullable FileChannel openBothSides() throws IOException {
            try {
                return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
            } catch (AccessDeniedException | NoSuchFileException e) {
                // The thread can't be ended, and waits until there is a reader.
                return null;
            }
        }

        private static void close(@Nullable FileChannel both) {
            try {
                if (both != null) {
                    both.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public boolean opensAtOnce() {
        return false;
    }

    @Override
    public boolean canBeHandedOver() {
        return true;
    }

    /** The JDK would open the FIFO here, and wait for the other side. */
    @Override
    public boolean isRedirectable(int number) {
        return false;
    }

    @Override
    public Redirect redirect(BooleanSupplier usable) throws IOException {
        prepare();
        return forReading ? Redirect.from(path.toFile()) : Redirect.appendTo(path.toFile());
    }

    @Override
    public String path(String self) throws IOException {
        prepare();
        return path.toString();
    }

    @Override
    public void close() throws IOException {
        giveUpOpening();
    }

    @Override
    public String toString() {
        return "FIFO " + path;
    }
}
