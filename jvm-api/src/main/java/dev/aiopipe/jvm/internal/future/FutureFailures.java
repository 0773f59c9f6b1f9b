package dev.aiopipe.jvm.internal.future;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Unwraps failures, which futures wrap on their way from stage to stage. */
public final class FutureFailures {
    private FutureFailures() {}

    /** Without the wrapping. */
    public static @Nullable Throwable unwrapped(@Nullable Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** Of a future that has completed exceptionally. */
    public static Throwable of(CompletableFuture<?> failed) {
        try {
            failed.join();
            throw new IllegalStateException("has not failed: " + failed);
        } catch (CancellationException e) {
            return e;
        } catch (CompletionException e) {
            return e.getCause() == null ? e : e.getCause();
        }
    }
}
