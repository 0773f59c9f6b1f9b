package dev.aiopipe.jvm.internal.future;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Brings the outcome of a future that completes on a thread which is not the user's to the executor. */
public final class RelayedFuture<T extends @Nullable Object> implements PipeFuture.Operation, CallbackExecutor.Task {
    private final CompletableFuture<T> endpoint;
    private final Runnable giveUp;
    private final PipeFuture<T> future;
    private final AtomicBoolean decided = new AtomicBoolean();

    private RelayedFuture(CompletableFuture<T> endpoint, Runnable giveUp, CallbackExecutor continuations) {
        this.endpoint = endpoint;
        this.giveUp = giveUp;
        this.future = new PipeFuture<>(continuations, this);
    }

    /**
     * Relays a future.
     *
     * @param endpoint completes on any thread
     * @param giveUp called when the relayed one is given up
     * @return completes as the endpoint does, on the executor
     */
    public static <T extends @Nullable Object> PipeFuture<T> of(
            CompletableFuture<T> endpoint, Runnable giveUp, CallbackExecutor continuations) {
        RelayedFuture<T> relayed = new RelayedFuture<>(endpoint, giveUp, continuations);
        if (endpoint.isDone()) {
            relayed.decided.set(true);
            relayed.run();
        } else {
            endpoint.whenComplete((value, failure) -> relayed.decide());
        }
        return relayed.future;
    }

    private void decide() {
        if (decided.compareAndSet(false, true)) {
            future.resume(this);
        }
    }

    @Override
    public void run() {
        if (endpoint.isCompletedExceptionally()) {
            future.fail(FutureFailures.of(endpoint));
        } else {
            future.succeed(endpoint.join());
        }
    }

    /** The outcome is known, whatever the executor says. */
    @Override
    public void refused(Throwable why) {
        run();
    }

    @Override
    public boolean withdraw() {
        if (!decided.compareAndSet(false, true)) {
            return false;
        }
        giveUp.run();
        return true;
    }
}
