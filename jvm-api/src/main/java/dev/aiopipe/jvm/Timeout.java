package dev.aiopipe.jvm;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** How long something may take, and what tells that it took longer. */
record Timeout(Duration duration, long nanos, Alarm alarm) {
    /** Runs something later. */
    interface Alarm {
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

    static Timeout of(Duration duration) {
        return of(duration, Clock::set);
    }

    static Timeout of(Duration duration, Alarm alarm) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("timeout < 0: " + duration);
        }
        boolean forEver = duration.compareTo(Duration.ofNanos(FOR_EVER)) > 0;
        return new Timeout(duration, forEver ? FOR_EVER : duration.toNanos(), alarm);
    }

    /** Whether the caller is the thread of all alarms, which must not run the code of users. */
    static boolean isAlarmThread() {
        return Thread.currentThread() instanceof AlarmThread;
    }

    private static final class AlarmThread extends Thread {
        AlarmThread(Runnable task) {
            super(task, "aiopipe-timeouts");
        }
    }

    @Override
    public String toString() {
        return duration.toString();
    }

    /**
     * One daemon thread for all timeouts, started by the first one. Not {@link java.util.concurrent.CompletableFuture#orTimeout}: whoever
     * completes such a future before its time may find itself running what was to run at its end.
     */
    private static final class Clock {
        private static final ScheduledThreadPoolExecutor THREAD = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new AlarmThread(task);
            thread.setDaemon(true);
            return thread;
        });

        static {
            THREAD.setRemoveOnCancelPolicy(true);
        }

        static Runnable set(Runnable task, long nanos) {
            Future<?> alarm = THREAD.schedule(task, nanos, TimeUnit.NANOSECONDS);
            return () -> alarm.cancel(false);
        }
    }
}
