package dev.aiopipe.jvm.internal.write;

import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import java.nio.charset.Charset;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The lines of a {@link Flow.Publisher}, of which a few are asked for ahead. */
public final class PublishedLines implements Flow.Subscriber<CharSequence>, LineWriter.Lines {
    private static final int LINES_AHEAD = 64;
    private static final int BATCH = LINES_AHEAD / 2;

    private final Queue<CharSequence> queue = new ConcurrentLinkedQueue<>();
    private final LineWriter writing;
    private int taken; // since the last request
    private volatile boolean completed; // by the publisher
    private volatile @Nullable Throwable failure; // its own, or that of a call that threw
    private Flow.@Nullable Subscription subscription; // guarded by this, as is what follows
    private boolean stopped;

    public PublishedLines(Output output, Charset charset, CallbackExecutor callbacks) {
        writing = new LineWriter(output, charset, callbacks, this);
    }

    public PipeFuture<@Nullable Void> begin(Flow.Publisher<? extends CharSequence> lines) {
        PipeFuture<@Nullable Void> future = writing.beginWatching();
        try {
            lines.subscribe(this);
        } catch (Throwable e) {
            fail(e);
        }
        return future;
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
        try {
            if (wanted) {
                given.request(LINES_AHEAD);
            } else {
                given.cancel();
            }
        } catch (Throwable e) {
            fail(e);
        }
    }

    @Override
    public void onNext(CharSequence line) {
        Objects.requireNonNull(line, "line");
        if (failure != null) {
            return;
        }
        try {
            queue.add(line.toString()); // a builder may be used again
        } catch (Throwable e) {
            fail(e);
            return;
        }
        writing.schedule();
    }

    @Override
    public void onError(Throwable thrown) {
        Objects.requireNonNull(thrown, "thrown");
        synchronized (this) {
            if (failure == null) {
                failure = thrown; // first: who sees that they are complete looks for it
            }
            completed = true;
        }
        writing.schedule();
    }

    @Override
    public void onComplete() {
        completed = true;
        writing.schedule();
    }

    /** No more lines are taken. Those that have come are written first. The first failure counts. */
    private void fail(Throwable why) {
        synchronized (this) {
            if (failure == null) {
                failure = why;
            }
        }
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
            asked = stopped || completed ? null : subscription;
        }
        if (asked != null) {
            try {
                asked.request(BATCH);
            } catch (Throwable e) {
                fail(e); // the line that was taken is written all the same
            }
        }
    }

    @Override
    public boolean ended() {
        return (completed || failure != null) && queue.isEmpty();
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
            left = completed ? null : subscription;
        }
        queue.clear();
        if (left != null) {
            left.cancel();
        }
    }
}
