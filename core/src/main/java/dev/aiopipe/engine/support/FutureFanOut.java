package dev.aiopipe.engine.support;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Futures of one event, for any number of those who wait. Unlike {@link CompletableFuture#copy}, which an endpoint keeps until it
 * completes, one that was given up is forgotten.
 *
 * @param <T> what the event brings
 */
public final class FutureFanOut<T> {
    private final CompletableFuture<T> endpoint;
    private final Set<CompletableFuture<T>> waiting = ConcurrentHashMap.newKeySet();

    /**
     * Of an event that may have happened.
     *
     * @param endpoint completes with the event
     */
    public FutureFanOut(CompletableFuture<T> endpoint) {
        this.endpoint = endpoint;
        endpoint.whenComplete((value, failure) -> waiting.forEach(copy -> complete(copy, value, failure)));
    }

    /**
     * One more.
     *
     * @return completes as the endpoint does; may be cancelled
     */
    public CompletableFuture<T> next() {
        CompletableFuture<T> copy = new CompletableFuture<>();
        waiting.add(copy);
        copy.whenComplete((value, failure) -> waiting.remove(copy));
        if (endpoint.isDone()) { // perhaps too late for the endpoint to see it
            endpoint.whenComplete((value, failure) -> complete(copy, value, failure));
        }
        return copy;
    }

    private static <T> void complete(CompletableFuture<T> copy, T value, Throwable failure) {
        if (failure == null) {
            copy.complete(value);
        } else {
            copy.completeExceptionally(failure);
        }
    }
}
