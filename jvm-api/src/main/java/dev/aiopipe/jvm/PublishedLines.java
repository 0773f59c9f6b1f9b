package dev.aiopipe.jvm;

import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The lines of a {@link Flow.Publisher}, of which a few are asked for ahead. */
final class PublishedLines implements Flow.Subscriber<CharSequence>, LineWriting.Lines {
    private static final int LINES_AHEAD = 64;
    private static final int BATCH = LINES_AHEAD / 2;

    private final Queue<CharSequence> queue = new ConcurrentLinkedQueue<>();
    private final LineWriting writing;
    private int taken; // since the last request
    private volatile boolean ended;
    private volatile @Nullable Throwable failure;
    private Flow.@Nullable Subscription subscription; // guarded by this, as is what follows
    private boolean stopped;

    PublishedLines(AsyncPipeWriter writer, Continuations continuations) {
        writing = new LineWriting(writer, continuations, this);
    }

    PipeFuture<@Nullable Void> future() {
        return writing.future();
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        Objects.requireNonNull(given, "subscription");
        boolean wanted;
        synchronized (this) {
            wanted = subscription == null && !stopped;
            if (subscription == null) {
                subscription = given;
            }
        }
        if (wanted) {
            given.request(LINES_AHEAD);
        } else {
            given.cancel();
        }
    }

    @Override
    public void onNext(CharSequence line) {
        queue.add(line.toString()); // a builder may be used again
        writing.schedule();
    }

    @Override
    public void onError(Throwable thrown) {
        failure = Objects.requireNonNull(thrown, "thrown");
        onComplete();
    }

    @Override
    public void onComplete() {
        ended = true;
        writing.schedule();
    }

    @Override
    public @Nullable CharSequence next() throws Exception {
        CharSequence line = queue.poll();
        if (line == null) {
            return null;
        } else if (++taken == BATCH) {
            taken = 0;
            request();
        }
        return line;
    }

    private void request() {
        Flow.Subscription asked;
        synchronized (this) {
            asked = stopped || ended ? null : subscription;
        }
        if (asked != null) {
            asked.request(BATCH);
        }
    }

    @Override
    public boolean ended() {
        return ended && queue.isEmpty();
    }

    @Override
    public @Nullable Throwable failure() {
        return failure;
    }

    @Override
    public void stop() {
        Flow.Subscription left;
        synchronized (this) {
            stopped = true;
            left = ended ? null : subscription;
        }
        if (left != null) {
            left.cancel();
        }
        queue.clear();
    }
}
