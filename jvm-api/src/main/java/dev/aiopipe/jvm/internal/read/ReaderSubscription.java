package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.BusyReader;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.support.Threads;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads as many values as a subscriber has requested. The read slot is taken only while a value is waited for, so that
 * {@code onNext} may read by itself. A value that was taken is delivered, also if the subscription is cancelled at that
 * moment.
 *
 * @param <T> the values; the take gives null at the end of the stream
 */
final class ReaderSubscription<T> extends ReadLoop implements Flow.Subscription, BusyReader {
    private final AtomicLong demand = new AtomicLong();
    private volatile Flow.@Nullable Subscriber<? super T> subscriber; // null after the last signal
    private volatile @Nullable RuntimeException misuse;

    ReaderSubscription(ReaderView view, ReadOp<T> take, Flow.Subscriber<? super T> subscriber) {
        super(view, take);
        this.subscriber = subscriber;
    }

    void begin() {
        Flow.Subscriber<? super T> receiver = Objects.requireNonNull(subscriber);
        boolean first = view.core().subscription.compareAndSet(null, this);
        view.input().enter(this);
        begin(() -> {
            guarded(() -> receiver.onSubscribe(this));
            if (!first) {
                misuse = new IllegalStateException("the reader has a subscriber");
                schedule();
            }
        });
    }

    @Override
    public void request(long count) {
        if (count <= 0) {
            misuse = new IllegalArgumentException("non-positive subscription request: " + count);
        } else {
            demand.updateAndGet(before -> before + count < 0 ? Long.MAX_VALUE : before + count);
        }
        schedule();
    }

    @Override
    public boolean readsOn(@Nullable Object stopper) {
        return demand.get() > 0;
    }

    @Override
    public void cancel() {
        stop();
        leave();
    }

    @Override
    @SuppressWarnings("unchecked") // a take of T gives nothing else
    protected boolean step() throws Exception {
        Flow.Subscriber<? super T> receiver = subscriber;
        if (receiver == null) {
            return false;
        } else if (misuse != null) {
            throw misuse;
        } else if (demand.get() == 0) {
            return false;
        }
        Object value = take();
        if (value == ReadOp.MORE) {
            return false;
        } else if (value == null) {
            end(receiver, null);
            return false;
        }
        demand.updateAndGet(before -> before == Long.MAX_VALUE ? before : before - 1);
        guarded(() -> receiver.onNext((T) value));
        return true;
    }

    @Override
    protected void failed(Throwable why) {
        Flow.Subscriber<? super T> receiver = subscriber;
        if (receiver != null) {
            end(receiver, why);
        }
    }

    private void end(Flow.Subscriber<? super T> receiver, @Nullable Throwable failure) {
        if (stop()) {
            leave();
            guarded(() -> {
                if (failure == null) {
                    receiver.onComplete();
                } else {
                    receiver.onError(failure);
                }
            });
        }
    }

    private void leave() {
        subscriber = null;
        view.input().leave(this);
        view.core().subscription.compareAndSet(this, null);
    }

    /**
     * Runs a signal. A subscriber that throws breaks its contract (Reactive Streams 2.13): it gets nothing more, and
     * the thread's handler gets the exception.
     */
    private void guarded(Runnable signal) {
        try {
            signal.run();
        } catch (Throwable e) {
            cancel();
            Threads.report(e);
        }
    }
}
