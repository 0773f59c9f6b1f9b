package dev.aiopipe.engine.endpoint;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Opens an endpoint: at once if that takes only some system calls, otherwise on a blocking thread. A FIFO without a
 * reader can't be opened for writing, and the kernel does not report when one has come (fifo(7), ENXIO), so this tries
 * again and again.
 *
 * <p>A cancellation waits for the attempt that is under way, if there is one. So nothing is open any more when
 * {@code cancel} has returned, and the reader of a FIFO does not see a writer come and go that was given up.
 *
 * @param <T> the open stream
 */
public final class Opening<T> {
    /** One attempt. */
    interface Attempt<T> {
        /** Returns the open stream; null if it is too early. */
        @Nullable
        T open() throws IOException;
    }

    static final int RETRY_MILLIS = 10;

    private final Endpoint endpoint;
    private final Attempt<T> attempt;
    private final Consumer<T> discard;
    private final Result result = new Result();

    @GuardedBy("this")
    private boolean givenUp;

    /** Whether an attempt has failed, and left nothing open. */
    @GuardedBy("this")
    private boolean failed;

    /** The stream that an attempt has opened, until it is handed over or discarded. */
    @GuardedBy("this")
    private @Nullable T opened;

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
     * @return completes with the open stream, or an IOException; a cancellation leaves nothing open
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
     * @return completes with the open stream, or an IOException; a cancellation leaves nothing open
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
                // This holds unless the attempt returns.
                failed = true;
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
        } catch (Throwable e) {
            // There is no thread for the timer, so there is no other attempt.
            synchronized (this) {
                givenUp = true;
            }
            closeEndpoint(e);
            result.completeExceptionally(e);
        }
    }

    /** Returns false if nothing was opened. */
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
