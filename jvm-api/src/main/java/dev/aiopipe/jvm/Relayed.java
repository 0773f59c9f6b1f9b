package dev.aiopipe.jvm;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Brings the outcome of a future that completes on a thread which is not the user's to the executor. */
final class Relayed<T extends @Nullable Object> implements PipeFuture.Operation, Continuations.Task {
    private final CompletableFuture<T> origin;
    private final Runnable giveUp;
    private final PipeFuture<T> future;
    private final AtomicBoolean decided = new AtomicBoolean();

    private Relayed(CompletableFuture<T> origin, Runnable giveUp, Continuations continuations) {
        this.origin = origin;
        this.giveUp = giveUp;
        this.future = new PipeFuture<>(continuations, this);
    }

    /**
     * Relays a future.
     *
     * @param origin completes on any thread
     * @param giveUp called when the relayed one is given up
     * @return completes as the origin does, on the executor
     */
    static <T extends @Nullable Object> PipeFuture<T> of(
            CompletableFuture<T> origin, Runnable giveUp, Continuations continuations) {
        Relayed<T> relayed = new Relayed<>(origin, giveUp, continuations);
        if (origin.isDone()) {
            relayed.decided.set(true);
            relayed.run();
        } else {
            origin.whenComplete((value, failure) -> relayed.decide());
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
        if (origin.isCompletedExceptionally()) {
            future.fail(Failures.of(origin));
        } else {
            future.succeed(origin.join());
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
