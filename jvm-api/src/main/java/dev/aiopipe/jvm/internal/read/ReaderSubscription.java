package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.BusyReader;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.support.Threads;
import dev.aiopipe.jvm.internal.future.SerialTask;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a subscriber has asked for, and nothing else. The read slot is taken only while a value is waited for, so
 * that {@code onNext} may read by itself. A value that was taken is delivered, also if the subscription is cancelled at
 * that moment.
 *
 * @param <T> what is read; the take gives null at the end of the stream
 */
final class ReaderSubscription<T> extends ReadTask implements Flow.Subscription, BusyReader {
    private final SerialTask turns;
    private final AtomicLong demand = new AtomicLong();
    private volatile Flow.@Nullable Subscriber<? super T> subscriber; // null behind the last signal
    private volatile @Nullable RuntimeException misuse;

    ReaderSubscription(ReaderView view, ReadOp<T> take, Flow.Subscriber<? super T> subscriber) {
        super(view, take);
        this.subscriber = subscriber;
        this.turns = new SerialTask(view.callbacks(), this::turn, this::refused);
    }

    void begin() {
        Flow.Subscriber<? super T> receiver = subscriber;
        boolean first = view.core().subscription.compareAndSet(null, this);
        view.input().enter(this);
        turns.begin(() -> {
            guarded(() -> receiver.onSubscribe(this));
            if (!first) {
                misuse = new IllegalStateException("the reader has a subscriber");
                turns.schedule();
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
        turns.schedule();
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
    protected void onWake() {
        turns.schedule();
    }

    @SuppressWarnings("unchecked") // a take of T gives nothing else
    private void turn() {
        Flow.Subscriber<? super T> receiver;
        while ((receiver = subscriber) != null) {
            RuntimeException wrong = misuse;
            if (wrong != null) {
                end(receiver, wrong);
                return;
            } else if (demand.get() == 0) {
                return;
            }
            Object value;
            try {
                value = take();
            } catch (Throwable e) {
                end(receiver, e);
                return;
            }
            if (value == ReadOp.MORE) {
                return;
            } else if (value == null) {
                end(receiver, null);
                return;
            }
            demand.updateAndGet(before -> before == Long.MAX_VALUE ? before : before - 1);
            next(receiver, (T) value);
            if (turns.isUsedUp()) {
                return;
            }
        }
    }

    private void next(Flow.Subscriber<? super T> receiver, T value) {
        guarded(() -> receiver.onNext(value));
    }

    private void refused(Throwable why) {
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
     * A subscriber that throws breaks its contract (Reactive Streams 2.13): it gets nothing more, and the thread's
     * handler is told.
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
