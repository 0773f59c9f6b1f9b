package dev.aiopipe.engine.transport;

import dev.aiopipe.ReadMode;
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

/**
 * Reads stdin, a pipe, from its first moment on. Adopting it takes JNA, which takes more than a tenth of a second to load, and the
 * first line is mostly there by then. So until it is adopted a thread reads: what is there already, and never more, as nothing stops a
 * read that waits.
 *
 * <pre>
 *     EARLY ── read: nothing is there, or it is the second time ──► ADOPTING ── read: adopted, and no thread has bytes ──► ADOPTED
 *
 *     any ──── close, or the end of the loop ──► CLOSED              (a channel that comes later is closed at once)
 * </pre>
 *
 * <p>Where it can't be adopted, for whatever reason, the thread goes on for ever.
 */
public final class StdinBootstrap implements ByteSource {
    /** What the loop is to watch, and what reads. */
    public record Adopted(Pipe.SourceChannel channel, ByteSource source) {}

    /** Adopts the descriptor. */
    public interface Adopter {
        /** Called once at most, on a blocking thread. Null if only threads can read it. */
        Adopted adopt() throws IOException;
    }

    private final Present present;
    private final ThreadedSource threads;
    private final Registration registration;
    private final Adopter adopter;
    private final Closeable owner;
    private final CompletableFuture<Adopted> adoption = new CompletableFuture<>();
    private boolean begun; // guarded by this
    private boolean hadSomething; // of who reads, as what follows
    private ByteSource adopted;

    /**
     * Nothing is done before the first read.
     *
     * @param stream blocking, and nobody else's; closed with this, which ends a read that waits
     * @param registration has no channel yet; closed with this
     * @param leftover gets what a thread had read when this is closed
     * @param release called when this is closed
     */
    public StdinBootstrap(
            InputStream stream, Registration registration, Adopter adopter, Leftover leftover, Closeable release) {
        this.present = new Present(stream);
        this.threads = new ThreadedSource(toString(), present, present, registration.input(), leftover);
        this.registration = registration;
        this.adopter = adopter;
        this.owner = CloseOnce.both(registration, release);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        while (adopted == null) {
            if (!threads.isIdle()) {
                int count = threads.read(target);
                if (count != 0 || !threads.isIdle()) {
                    return count;
                }
            }
            boolean there = isThere();
            if (!there || hadSomething) {
                begin();
            }
            hadSomething |= there;
            if (adoption.isDone()) {
                adopted = result();
            } else if (there) {
                return threads.read(target);
            } else {
                return 0; // the adoption's end is signalled
            }
        }
        return adopted.read(target);
    }

    private boolean isThere() throws IOException {
        try {
            return present.available() > 0;
        } catch (IOException e) {
            if (registration.input().closeCause() != null) {
                throw new ClosedChannelException(); // by another thread, a moment ago
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
                begun = false; // the next one tries again
            }
            throw e;
        }
    }

    private void adopt() {
        Adopted result = null;
        try {
            result = adopter.adopt();
        } catch (Throwable e) {
            System.getLogger("dev.aiopipe").log(Level.WARNING, "stdin can't be adopted, a thread reads it", e);
        } finally {
            if (!adoption.complete(result) && result != null) {
                closeLate(result.source);
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

    /** What came of the adoption; waits until it is known. Null if it can't be done, or is not wanted any more. */
    private Adopted known() {
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
    public void close() throws IOException {
        CloseOnce.both(this::closeStreams, owner).close();
    }

    private void closeStreams() throws IOException {
        CloseOnce.both(threads, this::discard).close();
    }

    private void discard() throws IOException {
        if (!adoption.cancel(false) && known() != null) {
            known().source.close();
        }
    }

    private static void closeLate(Closeable unwanted) {
        try {
            unwanted.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // ends in this thread's handler
        }
    }

    @Override
    public String toString() {
        return "descriptor 0";
    }

    /** Reads what is there without waiting, as far as nobody else is quicker; or waits, as any stream. */
    private static final class Present extends FilterInputStream implements ThreadedSource.Stream {
        private final InputStream reader; // by a channel, as to close that ends a read
        volatile boolean waits;

        Present(InputStream stream) {
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
