package dev.aiopipe.engine.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches an output for a call that waits for something else: for the lines of a source that may be silent. Reports
 * when the output is closed, and when its last reader has gone.
 *
 * <p>The reader is watched if the call lasts longer than a tenth of a second, because a watch costs a descriptor.
 */
public final class EndWatch implements AutoCloseable {
    private static final long DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Output output;
    private final Consumer<? super Throwable> listener;
    private final CompletableFuture<Void> closing;
    private final @Nullable Future<?> timer;

    @GuardedBy("this")
    private @Nullable CompletableFuture<Void> reader;

    @GuardedBy("this")
    private boolean over;

    private EndWatch(Output output, Consumer<? super Throwable> listener) {
        this.output = output;
        this.listener = listener;
        this.closing = output.closed();
        this.timer = later(this::watchReader);
    }

    private static @Nullable Future<?> later(Runnable watch) {
        try {
            return Delays.run(() -> BlockingPool.run(watch), DELAY_NANOS);
        } catch (OutOfMemoryError e) { // no thread can be had: the next write finds out
            return null;
        }
    }

    /**
     * Begins to watch.
     *
     * @param listener gets what each later write fails with, once or twice, on any thread; not after {@link #close}
     */
    public static EndWatch begin(Output output, Consumer<? super Throwable> listener) {
        EndWatch watch = new EndWatch(output, listener);
        watch.closing.whenComplete(
                (value, failure) -> watch.report(failure == null ? output.closedMeanwhile() : failure));
        return watch;
    }

    private void watchReader() {
        CompletableFuture<Void> gone = null;
        try {
            gone = output.lastReaderGone();
        } catch (IOException | RuntimeException e) {
            return; // the next write finds out
        }
        if (gone != null) {
            await(gone);
        }
    }

    private void await(CompletableFuture<Void> gone) {
        boolean tooLate;
        synchronized (this) {
            tooLate = over;
            reader = gone;
        }
        if (tooLate) {
            output.leave(gone);
            return;
        }
        gone.whenComplete((value, failure) -> {
            if (failure == null) {
                report(output.brokenPipe());
            }
        });
    }

    private void report(Throwable why) {
        synchronized (this) {
            if (over) {
                return;
            }
        }
        listener.accept(why);
    }

    /** Ends the watch. */
    @Override
    public void close() {
        CompletableFuture<Void> watched;
        synchronized (this) {
            over = true;
            watched = reader;
        }
        if (timer != null) {
            timer.cancel(false);
        }
        closing.cancel(false);
        if (watched != null) {
            output.leave(watched);
        }
    }
}
