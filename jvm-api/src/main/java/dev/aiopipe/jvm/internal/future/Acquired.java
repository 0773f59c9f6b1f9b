package dev.aiopipe.jvm.internal.future;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** What has to be released by whoever gets it; and if nobody does, because the future was given up, here. */
public final class Acquired {
    private Acquired() {}

    /**
     * The future of it.
     *
     * @param acquiring begins; to cancel what it gives leaves nothing behind
     * @param wrapping makes of it what the user sees
     * @param discarding releases it
     */
    public static <S, T> PipeFuture<T> of(
            Supplier<CompletableFuture<S>> acquiring,
            Function<S, T> wrapping,
            Consumer<S> discarding,
            CallbackExecutor continuations) {
        CompletableFuture<S> acquired;
        try {
            acquired = acquiring.get();
        } catch (IllegalStateException e) {
            return continuations.failed(e);
        }
        Runnable giveUp = () -> {
            if (!acquired.cancel(false)) {
                acquired.thenAccept(discarding);
            }
        };
        return RelayedFuture.of(acquired.thenApply(wrapping), giveUp, continuations);
    }
}
