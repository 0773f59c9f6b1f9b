package dev.aiopipe.engine;

import dev.aiopipe.ReadMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Reads stdin, a pipe, from its first moment on. Adopting it takes JNA, which takes more than a tenth of a second to load, and by then
 * the first line is mostly there. So meanwhile a thread reads: what is there already, and never more, as nothing stops a read that
 * waits.
 *
 * <pre>
 *     EARLY ── read: it is adopted, and no thread has bytes of it ──► ADOPTED     (by a channel; or by threads, where there is no way)
 *
 *     any ──── close ──► CLOSED                                                   (a channel that comes later is closed at once)
 * </pre>
 */
final class EarlySource implements ByteSource {
    /** What the loop is to watch, and what reads. */
    record Adopted(Pipe.SourceChannel channel, ByteSource source) {}

    /** Adopts the descriptor. */
    interface Adopter {
        /** Called once, on a blocking thread. Null if only threads can read it. */
        Adopted adopt() throws IOException;
    }

    private final InputStream stream;
    private final PumpedSource threads;
    private final Registration registration;
    private final CompletableFuture<Adopted> adoption = new CompletableFuture<>();
    private volatile ByteSource adopted; // null while EARLY

    /**
     * Begins to adopt.
     *
     * @param stream the blocking one, which tells whether something is there
     * @param threads read the same one; closed with this
     * @param registration has no channel yet
     */
    EarlySource(InputStream stream, PumpedSource threads, Registration registration, Adopter adopter) {
        this.stream = stream;
        this.threads = threads;
        this.registration = registration;
        Blocking.EXECUTOR.execute(() -> adopt(adopter));
    }

    private void adopt(Adopter adopter) {
        try {
            Adopted result = adopter.adopt();
            if (!adoption.complete(result) && result != null) {
                result.source.close();
            }
        } catch (Throwable e) { // whoever reads is told
            adoption.completeExceptionally(e);
        }
        registration.input().announce();
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (adopted == null && threads.isIdle()) {
            if (adoption.isDone()) {
                adopted = result();
            } else if (stream.available() == 0) {
                return 0; // the adoption's end is signalled
            }
        }
        return (adopted == null ? threads : adopted).read(target);
    }

    private ByteSource result() throws IOException {
        Adopted result;
        try {
            result = adoption.join();
        } catch (CancellationException e) {
            throw new ClosedChannelException();
        } catch (CompletionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        }
        if (result == null) {
            return threads;
        }
        registration.replace(result.channel);
        return result.source;
    }

    @Override
    public boolean isEmptyAfterShortRead() {
        return adopted != null && adopted.isEmptyAfterShortRead();
    }

    /** Waits until it is known. */
    @Override
    public ReadMode mode() {
        return adoption.handle((result, failure) -> result == null ? ReadMode.THREAD : result.source.mode())
                .join();
    }

    @Override
    public void close() throws IOException {
        try (threads) {
            if (!adoption.cancel(false) && !adoption.isCompletedExceptionally() && adoption.join() != null) {
                adoption.join().source.close();
            }
        }
    }

    @Override
    public String toString() {
        return "stdin";
    }
}
