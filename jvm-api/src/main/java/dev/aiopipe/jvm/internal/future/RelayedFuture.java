package dev.aiopipe.jvm.internal.future;

import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Brings an outcome that becomes known on a thread of the engine to the user's executor.
 *
 * <pre>
 *     PENDING ── decide ────► DECIDED: the future completes on the executor, or here if that refuses
 *        └────── withdraw ──► WITHDRAWN: the operation is given up
 * </pre>
 *
 * @param <T> the value
 */
public final class RelayedFuture<T extends @Nullable Object> implements PipeFuture.Operation {
    private final Runnable giveUp;
    private final PipeFuture<T> future;
    private final AtomicBoolean decided = new AtomicBoolean();

    private RelayedFuture(Runnable giveUp, CallbackExecutor callbacks) {
        this.giveUp = giveUp;
        this.future = new PipeFuture<>(callbacks, this);
    }

    /**
     * Relays the outcome of a future.
     *
     * @param original completes on any thread
     * @param giveUp called when the relayed one is given up
     * @return completes as the original does, on the executor; at once if the original is done
     */
    public static <T extends @Nullable Object> PipeFuture<T> of(
            CompletableFuture<T> original, Runnable giveUp, CallbackExecutor callbacks) {
        RelayedFuture<T> relayed = new RelayedFuture<>(giveUp, callbacks);
        boolean done = original.isDone();
        original.whenComplete((value, failure) -> relayed.decide(value, FutureFailures.unwrapped(failure), done));
        return relayed.future;
    }

    /**
     * Relays the outcome of a message that the output has, and has not sent yet.
     *
     * @return completes when all of the message is sent; if it is given up, the output cancels the message
     */
    public static PipeFuture<@Nullable Void> of(Output output, Message message, CallbackExecutor callbacks) {
        RelayedFuture<@Nullable Void> relayed = new RelayedFuture<>(() -> output.cancel(message), callbacks);
        output.await(message, failure -> relayed.decide(null, failure, false));
        return relayed.future;
    }

    /**
     * Relays a future of something that whoever gets it must release. If nobody gets it, because the relayed future was
     * given up, it is released here.
     *
     * @param acquiring begins; its cancellation leaves nothing behind
     * @param wrapping makes of it what the user sees
     * @param releasing releases it
     */
    public static <S, T> PipeFuture<T> ofResource(
            Supplier<CompletableFuture<S>> acquiring,
            Function<S, T> wrapping,
            Consumer<S> releasing,
            CallbackExecutor callbacks) {
        CompletableFuture<S> acquired;
        try {
            acquired = acquiring.get();
        } catch (IllegalStateException e) {
            return callbacks.failed(e);
        }
        Runnable giveUp = () -> {
            if (!acquired.cancel(false)) {
                acquired.thenAccept(releasing);
            }
        };
        return of(acquired.thenApply(wrapping), giveUp, callbacks);
    }

    private void decide(@Nullable T value, @Nullable Throwable failure, boolean here) {
        if (decided.compareAndSet(false, true)) {
            if (here) {
                future.settleHere(value, failure);
            } else {
                future.settle(value, failure);
            }
        }
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
