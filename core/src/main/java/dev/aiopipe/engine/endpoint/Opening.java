package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Opens an endpoint: at once where that is a matter of some system calls, else on a blocking thread. A FIFO without a reader can't be
 * opened for writing, and nothing tells when one has come (fifo(7), ENXIO), so that is tried again and again.
 *
 * <p>To cancel waits for the try that is under way, if there is one. So nothing is open any more once {@code cancel} has returned, and the
 * reader of a FIFO does not see a writer come and go that had been given up.
 *
 * @param <T> what comes of it
 */
public final class Opening<T> {
    /** One try. */
    interface Attempt<T> {
        /** The open stream; null if it is too early. */
        T open() throws IOException;
    }

    static final int RETRY_MILLIS = 10;

    private final Endpoint endpoint;
    private final Attempt<T> attempt;
    private final Consumer<T> discard;
    private final Result result = new Result();
    private boolean givenUp; // guarded by this, as is what follows
    private boolean failed; // and has left nothing open
    private T opened; // and nobody's yet

    private Opening(Endpoint endpoint, Attempt<T> attempt, Consumer<T> discard) {
        this.endpoint = endpoint;
        this.attempt = attempt;
        this.discard = discard;
    }

    /**
     * Opens for reading.
     *
     * @param endpoint used up by this
     * @param loop waits for the stream
     * @param capacity of the pipe, a wish in bytes; 0 for none
     * @return the open stream, or an IOException. To cancel it leaves nothing open
     */
    public static CompletableFuture<Input> ofInput(Endpoint endpoint, Loop loop, int capacity) {
        return begin(endpoint, () -> sized(endpoint, capacity).openInput(loop), Input::close);
    }

    /**
     * Opens for writing.
     *
     * @param endpoint used up by this
     * @param loop waits for the stream
     * @param capacity of the pipe, a wish in bytes; 0 for none
     * @return the open stream, or an IOException. To cancel it leaves nothing open
     */
    public static CompletableFuture<Output> ofOutput(Endpoint endpoint, Loop loop, int capacity) {
        return begin(endpoint, () -> sized(endpoint, capacity).openOutput(loop), Output::abort);
    }

    private static Endpoint sized(Endpoint endpoint, int capacity) throws IOException {
        if (capacity > 0) {
            endpoint.capacity(capacity);
        }
        return endpoint;
    }

    static <T> CompletableFuture<T> begin(Endpoint endpoint, Attempt<T> attempt, Consumer<T> discard) {
        Opening<T> opening = new Opening<>(endpoint, attempt, discard);
        if (endpoint.opensAtOnce()) {
            opening.attempt();
        } else {
            BlockingPool.EXECUTOR.execute(opening::attempt);
        }
        return opening.result;
    }

    private void attempt() {
        T candidate;
        try {
            synchronized (this) {
                if (givenUp) {
                    return;
                }
                failed = true; // unless it comes back
                candidate = attempt.open();
                failed = false;
                opened = candidate;
            }
        } catch (Throwable e) {
            closeEndpoint(e);
            result.completeExceptionally(e);
            return;
        }
        if (candidate == null) {
            tryLater();
        } else if (!result.complete(candidate)) {
            discardOpened();
        }
    }

    private void tryLater() {
        try {
            Delays.block(this::attempt, RETRY_MILLIS);
        } catch (Throwable e) { // there is no thread for the timer: nobody would try again
            synchronized (this) {
                givenUp = true;
            }
            closeEndpoint(e);
            result.completeExceptionally(e);
        }
    }

    /** False if nothing was opened. */
    private boolean discardOpened() {
        T unwanted;
        synchronized (this) {
            unwanted = opened;
            opened = null;
        }
        if (unwanted != null) {
            discard.accept(unwanted);
        }
        return unwanted != null;
    }

    private void discardEndpoint() {
        try {
            endpoint.discard();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void closeEndpoint(Throwable failure) {
        try {
            endpoint.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private final class Result extends CompletableFuture<T> {
        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            boolean first;
            synchronized (Opening.this) {
                first = !givenUp && !failed;
                givenUp = true;
            }
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            if (cancelled && !discardOpened() && first) {
                discardEndpoint();
            }
            return cancelled;
        }
    }
}
