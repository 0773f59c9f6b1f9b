package dev.aiopipe.engine.support;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes any number of futures of one event. A future that was given up is forgotten; {@link CompletableFuture#copy}
 * would be kept by its source until that completes.
 *
 * @param <T> the value of the event
 */
public final class FutureFanOut<T> {
    private final CompletableFuture<T> source;

    @SuppressWarnings("CollectionUndefinedEquality") // their identity is meant
    private final Set<CompletableFuture<T>> waiting = ConcurrentHashMap.newKeySet();

    /** Makes a fan-out of the event that completes {@code source}. */
    public FutureFanOut(CompletableFuture<T> source) {
        this.source = source;
        source.whenComplete((value, failure) -> waiting.forEach(copy -> complete(copy, value, failure)));
    }

    /** Returns a new future, which completes as the source does, and may be cancelled. */
    @SuppressWarnings("CollectionUndefinedEquality") // their identity is meant
    public CompletableFuture<T> next() {
        CompletableFuture<T> copy = new CompletableFuture<>();
        waiting.add(copy);
        copy.whenComplete((value, failure) -> waiting.remove(copy));
        // The source may have looked at the waiting ones before this one was added.
        if (source.isDone()) {
            source.whenComplete((value, failure) -> complete(copy, value, failure));
        }
        return copy;
    }

    /** Returns whether nobody waits: each future is complete, or was given up. A moment's value. */
    public boolean isUnused() {
        return waiting.isEmpty();
    }

    private static <T> void complete(CompletableFuture<T> copy, T value, @Nullable Throwable failure) {
        if (failure == null) {
            copy.complete(value);
        } else {
            copy.completeExceptionally(failure);
        }
    }
}
