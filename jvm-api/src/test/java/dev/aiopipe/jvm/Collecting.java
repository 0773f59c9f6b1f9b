package dev.aiopipe.jvm;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;

/** A subscriber that asks for so many at first, and keeps what it gets. */
class Collecting<T> implements Flow.Subscriber<T> {
    final List<T> received = new CopyOnWriteArrayList<>();
    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final long demand;
    volatile Flow.Subscription subscription;

    Collecting(long demand) {
        this.demand = demand;
    }

    @Override
    public final void onSubscribe(Flow.Subscription given) {
        subscription = given;
        if (demand > 0) {
            given.request(demand);
        }
    }

    @Override
    public void onNext(T item) {
        received.add(item);
    }

    @Override
    public void onError(Throwable thrown) {
        done.completeExceptionally(thrown);
    }

    @Override
    public void onComplete() {
        done.complete(null);
    }
}
