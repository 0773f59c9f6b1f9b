package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Reads stdin, a pipe, while JNA is still to be loaded. To adopt the pipe takes JNA, which needs more than a tenth of a
 * second to load, and the first line is usually there by then. So a thread reads until the pipe is adopted: only bytes
 * that are there already, because a read that waits could not be stopped.
 *
 * <pre>
 *     EARLY ── read: nothing is there, or it is the second read ──► ADOPTING
 *     ADOPTING ── read: adopted, and no thread has bytes ──► ADOPTED
 *
 *     any ──── close, or the end of the loop ──► CLOSED              (a channel that comes later is closed at once)
 * </pre>
 *
 * <p>If the pipe can't be adopted, the thread reads it for ever.
 */
public final class StdinBootstrap implements ByteSource {
    /** The channel for the loop to watch, and the source that reads. */
    public record Adopted(Pipe.SourceChannel channel, ByteSource source) implements Closeable {
        @Override
        public void close() throws IOException {
            CloseOnce.both(source, channel).close();
        }
    }

    /** Adopts the descriptor. */
    public interface Adopter {
        /** Called once at most, on a blocking thread. Returns null if only threads can read the descriptor. */
        @Nullable
        Adopted adopt() throws IOException;
    }

    private final PresentBytes present;
    private final ThreadedSource threads;
    private final Registration registration;
    private final Adopter adopter;
    private final CompletableFuture<@Nullable Adopted> adoption = new CompletableFuture<>();

    @GuardedBy("this")
    private boolean begun;

    /** Whether an earlier read has found bytes. Belongs to the reading thread, as does what was adopted. */
    private boolean hadBytes;

    private @Nullable ByteSource adopted;

    /**
     * Creates a source, which does nothing before its first read.
     *
     * @param stream blocking, and used by nobody else; closed with this, which ends a read that waits
     * @param registration has no channel yet; the input must close it after this
     * @param leftover gets the bytes that a thread has read ahead, when this is closed
     */
    public StdinBootstrap(InputStream stream, Registration registration, Adopter adopter, Leftover leftover) {
        this.present = new PresentBytes(stream);
        this.threads = new ThreadedSource(present, present, registration.input(), leftover);
        this.registration = registration;
        this.adopter = adopter;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        ByteSource source = adopted;
        while (source == null) {
            if (!threads.isIdle()) {
                int count = threads.read(target);
                if (count != 0 || !threads.isIdle()) {
                    return count;
                }
            }
            boolean hasBytes = hasBytes();
            if (!hasBytes || hadBytes) {
                begin();
            }
            hadBytes |= hasBytes;
            if (adoption.isDone()) {
                source = result();
                adopted = source;
            } else if (hasBytes) {
                return threads.read(target);
            } else {
                // The end of the adoption is signalled.
                return 0;
            }
        }
        return source.read(target);
    }

    private boolean hasBytes() throws IOException {
        try {
            return present.available() > 0;
        } catch (IOException e) {
            if (registration.input().closeCause() != null) {
                // Another thread has just closed the stream.
                throw new ClosedChannelException();
            }
            throw e;
        }
    }

    /** Begins the adoption, unless it has begun. */
    void begin() {
        synchronized (this) {
            if (begun || adoption.isDone()) {
                return;
            }
            begun = true;
        }
        try {
            BlockingPool.EXECUTOR.execute(this::adopt);
        } catch (Throwable e) {
            synchronized (this) {
                // The next read tries again.
                begun = false;
            }
            throw e;
        }
    }

    private void adopt() {
        if (adoption.isDone()) {
            return; // this was closed meanwhile
        }
        Adopted result = null;
        try {
            result = adopter.adopt();
        } catch (Throwable e) {
            if (!registration.hasEnded()) {
                System.getLogger("dev.aiopipe").log(Level.WARNING, "stdin can't be adopted, a thread reads it", e);
            }
        } finally {
            if (!adoption.complete(result) && result != null) {
                closeLate(result);
            }
            registration.input().announce();
        }
    }

    private ByteSource result() throws IOException {
        Adopted result = known();
        if (result == null) {
            present.waits = true;
            return threads;
        }
        threads.close();
        registration.replace(result.channel);
        return result.source;
    }

    /** Waits for the adoption. Returns null if it failed, or this was closed before it ended. */
    private @Nullable Adopted known() {
        return adoption.handle((result, failure) -> result).join();
    }

    @Override
    public boolean isEmptyAfterShortRead() {
        return adopted != null && adopted.isEmptyAfterShortRead();
    }

    /** Returns THREAD until the adoption is through. */
    @Override
    public ReadMode mode() {
        Adopted result = adoption.isDone() ? known() : null;
        return result == null ? ReadMode.THREAD : result.source.mode();
    }

    @Override
    public @Nullable DescriptorCopy copy() {
        return adopted == null ? null : adopted.copy();
    }

    @Override
    public void close() throws IOException {
        CloseOnce.both(threads, this::closeAdopted).close();
    }

    private void closeAdopted() throws IOException {
        Adopted result = adoption.cancel(false) ? null : known();
        if (result != null) {
            result.close();
        }
    }

    private static void closeLate(Closeable unwanted) {
        try {
            unwanted.close();
        } catch (IOException e) {
            // This thread's handler reports it.
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads only bytes that are there; waits only if another process takes them at that moment, or if {@code waits} is
     * set.
     */
    private static final class PresentBytes extends FilterInputStream implements ThreadedSource.Stream {
        /** Of a channel, because its close ends a read. */
        private final InputStream reader;

        volatile boolean waits;

        PresentBytes(InputStream stream) {
            super(stream);
            reader = stream instanceof FileInputStream file ? Channels.newInputStream(file.getChannel()) : stream;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return waits || in.available() > 0 ? reader.read(target, offset, length) : 0;
        }

        @Override
        public InputStream open() {
            return this;
        }

        @Override
        public boolean isInterruptible() {
            return true;
        }
    }
}
