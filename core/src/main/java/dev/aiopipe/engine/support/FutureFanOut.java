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

    /** Null before the first wait: most events are waited for by nobody. */
    @SuppressWarnings("CollectionUndefinedEquality") // their identity is meant
    private volatile @Nullable Set<CompletableFuture<T>> waiting;

    /** Makes a fan-out of the event that completes {@code source}. */
    public FutureFanOut(CompletableFuture<T> source) {
        this.source = source;
    }

    /** Returns a new future, which completes as the source does, and may be cancelled. */
    @SuppressWarnings("CollectionUndefinedEquality") // their identity is meant
    public CompletableFuture<T> next() {
        CompletableFuture<T> copy = new CompletableFuture<>();
        Set<CompletableFuture<T>> others = waiting();
        others.add(copy);
        copy.whenComplete((value, failure) -> others.remove(copy));
        // The source may have looked at the waiting ones before this one was added.
        if (source.isDone()) {
            source.whenComplete((value, failure) -> complete(copy, value, failure));
        }
        return copy;
    }

    private synchronized Set<CompletableFuture<T>> waiting() {
        Set<CompletableFuture<T>> known = waiting;
        if (known == null) {
            Set<CompletableFuture<T>> made = ConcurrentHashMap.newKeySet();
            waiting = made;
            source.whenComplete((value, failure) -> made.forEach(copy -> complete(copy, value, failure)));
            known = made;
        }
        return known;
    }

    /** Returns whether nobody waits: each future is complete, or was given up. A moment's value. */
    public boolean isUnused() {
        Set<CompletableFuture<T>> known = waiting;
        return known == null || known.isEmpty();
    }

    private static <T> void complete(CompletableFuture<T> copy, T value, @Nullable Throwable failure) {
        if (failure == null) {
            copy.complete(value);
        } else {
            copy.completeExceptionally(failure);
        }
    }
}
