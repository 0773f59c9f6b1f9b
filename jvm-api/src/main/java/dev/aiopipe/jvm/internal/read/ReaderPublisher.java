package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.ReadOp;
import java.util.Objects;
import java.util.concurrent.Flow;

/**
 * Gives the values of a take to a subscriber, as many as it asks for. The reader has one subscriber at a time.
 *
 * @param <T> what is read; the take gives null at the end of the stream
 */
public final class ReaderPublisher<T> implements Flow.Publisher<T> {
    private final ReaderView view;
    private final ReadOp<T> take;

    public ReaderPublisher(ReaderView view, ReadOp<T> take) {
        this.view = view;
        this.take = take;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super T> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        new ReaderSubscription<T>(view, take, subscriber).begin();
    }

    @Override
    public String toString() {
        return "ReaderPublisher[" + view.input() + "]";
    }
}
