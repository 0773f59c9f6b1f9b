package dev.aiopipe.jvm.internal.future;

import dev.aiopipe.engine.support.Delays;
import java.time.Duration;
import java.util.concurrent.Future;

/** A time limit, and the alarm at its end. */
public record ReadTimeout(Duration duration, long nanos, Alarm alarm) {
    /** Runs something later. */
    public interface Alarm {
        /**
         * Has a task run once.
         *
         * @param task run on another thread, never within this call; must not block
         * @param nanos when, from now on
         * @return switches the alarm off, and never runs the task itself; too late if the task has begun
         */
        Runnable set(Runnable task, long nanos);
    }

    /** About 146 years: sums with {@code nanoTime} must not overflow. */
    private static final long FOR_EVER = Long.MAX_VALUE / 2;

    public static ReadTimeout of(Duration duration) {
        return of(duration, ReadTimeout::set);
    }

    public static ReadTimeout of(Duration duration, Alarm alarm) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("timeout < 0: " + duration);
        }
        boolean forEver = duration.compareTo(Duration.ofNanos(FOR_EVER)) > 0;
        return new ReadTimeout(duration, forEver ? FOR_EVER : duration.toNanos(), alarm);
    }

    @Override
    public String toString() {
        return duration.toString();
    }

    /**
     * On the engine's timer. Not {@link java.util.concurrent.CompletableFuture#orTimeout}: whoever completes such a
     * future before its time may find itself running what was to run at its end.
     */
    private static Runnable set(Runnable task, long nanos) {
        Future<?> alarm = Delays.run(task, nanos);
        return () -> alarm.cancel(false);
    }
}
