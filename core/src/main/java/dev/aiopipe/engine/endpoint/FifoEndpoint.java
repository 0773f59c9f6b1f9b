package dev.aiopipe.engine.endpoint;

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

/** A FIFO with a name. */
public final class FifoEndpoint implements Endpoint {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Path path;
    private final boolean forReading;
    private final boolean keepOpen;
    private final boolean creates;
    private int capacity;
    private BlockingOpen blockingOpen; // guarded by this; null if no thread opens it

    /**
     * Makes an endpoint of a path that may or may not be a FIFO.
     *
     * @param path of the FIFO
     * @param forReading the direction of the stream
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
        int access = keepOpen ? LibC.O_RDWR : LibC.O_RDONLY; // a reader that is a writer, too, sees no end
        FifoSource.Fifo fifo = () -> {
            DescriptorKind.requireFifo(path);
            int fresh = open(access);
            if (fresh < 0) {
                throw LibC.failure(path.toString());
            }
            return fresh;
        };
        return FifoSource.open(fifo.open(), fifo, true, loop, () -> {}, this, null);
    }

    private Input threadedInput(Loop loop) throws IOException {
        BlockingFifo fifo = new BlockingFifo(path, keepOpen, true);
        ThreadedSource.Stream endpoint = new ThreadedSource.Stream() {
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
            return new Input(
                    new ThreadedSource(
                            toString(),
                            endpoint,
                            ReadMode.THREAD,
                            DescriptorKind.FIFO,
                            readiness,
                            new Leftover(),
                            fifo),
                    readiness);
        } catch (Throwable e) {
            fifo.close();
            throw e;
        }
    }

    @Override
    public Output openOutput(Loop loop) throws IOException {
        prepare();
        if (!NativeAccess.canAdopt()) {
            return threadedOutput(loop);
        }
        int fresh = open(keepOpen ? LibC.O_RDWR : LibC.O_WRONLY);
        if (fresh < 0 && LibC.errno() == LibC.ENXIO) {
            loop.requireOpen(); // else there is nothing to try again for
            return null;
        } else if (fresh < 0) {
            throw LibC.failure(path.toString());
        }
        Pipe.SinkChannel channel = AdoptedChannel.toWrite(fresh);
        Registration registration = Registration.of(channel, loop);
        // A descriptor that reads, too, is its own reader: none ever leaves.
        ReaderWatch watch = new ReaderWatch(keepOpen ? null : () -> ChannelDescriptor.numberOf(channel), loop);
        return new Output(new ChannelSink(toString(), channel, registration), registration.output(), watch);
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

    /** Opens it on a thread, from the first try on, as it waits for a reader. */
    private synchronized Output threadedOutput(Loop loop) throws IOException {
        loop.requireOpen(); // else there is nothing to wait for
        if (blockingOpen == null) {
            BlockingOpen begun = new BlockingOpen(path, keepOpen);
            BlockingPool.EXECUTOR.execute(begun);
            blockingOpen = begun;
        }
        FileChannel open = blockingOpen.outcome();
        if (open == null) {
            return null;
        }
        Readiness readiness = loop.attach();
        blockingOpen = null;
        ThreadedSink.Stream endpoint = new ThreadedSink.Stream() {
            @Override
            public OutputStream open() {
                return Channels.newOutputStream(open);
            }

            @Override
            public boolean isInterruptible() {
                return true;
            }
        };
        return new Output(
                new ThreadedSink(toString(), endpoint, true, readiness, open), readiness, new ReaderWatch(null, loop));
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
                    channel.close(); // given up meanwhile
                }
            } catch (Throwable e) {
                opened.completeExceptionally(e);
            } finally {
                over.complete(null);
            }
        }

        /** Null while it is not known. */
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

        /** Ends the thread: until it is through there is a reader. */
        void giveUp() throws IOException {
            if (opened.cancel(false)) {
                FileChannel both = both();
                over.thenRun(() -> close(both));
            } else if (!opened.isCompletedExceptionally()) {
                opened.join().close();
            }
        }

        private FileChannel both() throws IOException {
            try {
                return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
            } catch (AccessDeniedException | NoSuchFileException e) {
                return null; // the thread can't be reached, and waits until there is a reader
            }
        }

        private static void close(FileChannel both) {
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
