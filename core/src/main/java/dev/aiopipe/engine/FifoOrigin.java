package dev.aiopipe.engine;

import dev.aiopipe.ReadMode;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** A FIFO with a name. */
public final class FifoOrigin implements Origin {
    private static final int TYPE_MASK = 0170000;
    private static final int FIFO_TYPE = 0010000;

    private final Path path;
    private final boolean forReading;
    private final boolean keepOpen;
    private int capacity;

    /**
     * A path that may or may not be a FIFO.
     *
     * @param path where it is
     * @param forReading the direction in which it is going to be used
     * @param keepOpen whether it is to be read without an end: as if there always were a writer
     */
    public FifoOrigin(Path path, boolean forReading, boolean keepOpen) {
        this.path = path.toAbsolutePath();
        this.forReading = forReading;
        this.keepOpen = keepOpen;
    }

    /**
     * Makes a FIFO that only its owner can use (mode 0600).
     *
     * @param path where
     * @throws IOException if it exists already, or can't be made, or there is no C library to make it with
     */
    public static void create(Path path) throws IOException {
        if (!Fallback.hasLibC()) {
            throw new IOException("can't make a FIFO without the C library: " + path);
        }
        LibC.makeFifo(path.toString());
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        if (!Fallback.hasLibC()) {
            check();
            Readiness readiness = loop.attach();
            return new Input(
                    new PumpedSource(this::blockingInput, ReadMode.THREAD, Kind.FIFO, readiness, () -> {}),
                    readiness,
                    this);
        }
        int access = keepOpen ? LibC.O_RDWR : LibC.O_RDONLY; // a reader that is a writer, too, sees no end
        FifoSource.Fifo fifo = () -> {
            check();
            int fresh = open(access);
            if (fresh < 0) {
                throw LibC.failure(path.toString());
            }
            return fresh;
        };
        return FifoSource.open(fifo.open(), fifo, true, loop, () -> {}, this);
    }

    @Override
    public Outbox openOutbox(Loop loop) throws IOException {
        check();
        if (!Fallback.hasLibC()) {
            Readiness readiness = loop.attach();
            PumpedSink sink = new PumpedSink(() -> new FileOutputStream(path.toFile()), true, readiness, () -> {});
            return new Outbox(sink, readiness, new ReaderWatch(null, loop));
        }
        int fresh = open(LibC.O_WRONLY);
        if (fresh < 0 && LibC.errno() == LibC.ENXIO) {
            loop.requireOpen(); // else there is nothing to try again for
            return null;
        } else if (fresh < 0) {
            throw LibC.failure(path.toString());
        }
        Pipe.SinkChannel channel = Vessel.toWrite(fresh);
        Registration registration = Registration.of(channel, loop);
        ReaderWatch watch = new ReaderWatch(() -> Descriptors.numberOf(channel), loop);
        return new Outbox(new ChannelSink(toString(), channel, registration), registration.output(), watch);
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

    private InputStream blockingInput() throws IOException {
        if (keepOpen) {
            return Channels.newInputStream(new RandomAccessFile(path.toFile(), "rw").getChannel());
        }
        return new FileInputStream(path.toFile());
    }

    private void check() throws IOException {
        int mode = (int) Files.getAttribute(path, "unix:mode");
        if ((mode & TYPE_MASK) != FIFO_TYPE) {
            throw new FileSystemException(path.toString(), null, "no FIFO");
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
        check();
        return forReading ? Redirect.from(path.toFile()) : Redirect.appendTo(path.toFile());
    }

    @Override
    public String path(String self) throws IOException {
        check();
        return path.toString();
    }

    @Override
    public void close() {
        // nothing is open
    }

    @Override
    public String toString() {
        return "FIFO " + path;
    }
}
