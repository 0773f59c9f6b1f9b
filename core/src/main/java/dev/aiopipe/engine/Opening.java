package dev.aiopipe.engine;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Opens an origin: at once where that is a matter of some system calls, else on a blocking thread. A FIFO without a reader can't be
 * opened for writing, and nothing tells when one has come (fifo(7), ENXIO), so that is tried again and again.
 *
 * @param <T> what comes of it
 */
public final class Opening<T> {
    /** One try. */
    interface Attempt<T> {
        /** The open stream; null if it is too early. */
        T open() throws IOException;
    }

    private static final int RETRY_MILLIS = 10;
    private static final Executor LATER =
            CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS, Blocking.EXECUTOR);

    private final Origin origin;
    private final Attempt<T> attempt;
    private final Consumer<T> discard;
    private final CompletableFuture<T> result = new CompletableFuture<>();

    private Opening(Origin origin, Attempt<T> attempt, Consumer<T> discard) {
        this.origin = origin;
        this.attempt = attempt;
        this.discard = discard;
    }

    /**
     * Opens for reading.
     *
     * @param origin used up by this
     * @param loop waits for the stream
     * @param capacity of the pipe, a wish in bytes; 0 for none
     * @return the open stream, or an IOException. To cancel it leaves nothing open
     */
    public static CompletableFuture<Input> ofInput(Origin origin, Loop loop, int capacity) {
        return new Opening<>(origin, () -> sized(origin, capacity).openInput(loop), Input::close).begin();
    }

    /**
     * Opens for writing.
     *
     * @param origin used up by this
     * @param loop waits for the stream
     * @param capacity of the pipe, a wish in bytes; 0 for none
     * @return the open stream, or an IOException. To cancel it leaves nothing open
     */
    public static CompletableFuture<Outbox> ofOutbox(Origin origin, Loop loop, int capacity) {
        return new Opening<>(origin, () -> sized(origin, capacity).openOutbox(loop), Outbox::abort).begin();
    }

    private static Origin sized(Origin origin, int capacity) throws IOException {
        if (capacity > 0) {
            origin.capacity(capacity);
        }
        return origin;
    }

    private CompletableFuture<T> begin() {
        if (origin.opensAtOnce()) {
            attempt();
        } else {
            Blocking.EXECUTOR.execute(this::attempt);
        }
        return result;
    }

    private void attempt() {
        if (result.isDone()) {
            return; // given up, and nothing is open
        }
        try {
            T opened = attempt.open();
            if (opened == null) {
                LATER.execute(this::attempt);
            } else if (!result.complete(opened)) {
                discard.accept(opened);
            }
        } catch (Throwable e) {
            closeOrigin(e);
            result.completeExceptionally(e);
        }
    }

    private void closeOrigin(Throwable failure) {
        try {
            origin.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
