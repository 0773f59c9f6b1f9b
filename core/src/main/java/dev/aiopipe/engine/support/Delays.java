package dev.aiopipe.engine.support;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The engine's timer: one daemon thread, which ends when it has been idle for some seconds. The JDK's own timer runs what follows on a pool
 * that the program may have blocked; and its thread inherits from who needs it first, and lives for ever.
 */
public final class Delays {
    private static final ScheduledThreadPoolExecutor TIMER =
            new ScheduledThreadPoolExecutor(1, task -> Threads.shared(task, "aiopipe-timer"));

    static {
        TIMER.setRemoveOnCancelPolicy(true);
        TIMER.setKeepAliveTime(5, TimeUnit.SECONDS);
        TIMER.allowCoreThreadTimeOut(true);
    }

    private Delays() {}

    /**
     * Runs a task on the timer's thread.
     *
     * @param task must not block
     * @param nanos when, from now on
     * @return to be cancelled; too late if the task has begun
     */
    public static Future<?> run(Runnable task, long nanos) {
        return TIMER.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /**
     * Runs a task on a blocking thread. If no thread can be had then, it is tried again after the same delay.
     *
     * @param task may block
     * @param millis when, from now on
     */
    public static void block(Runnable task, long millis) {
        block(task, millis, BlockingPool.EXECUTOR);
    }

    public static void block(Runnable task, long millis, Executor executor) {
        run(
                () -> {
                    try {
                        executor.execute(task);
                    } catch (Throwable e) { // no thread can be had: that passes, and nobody else would go on
                        block(task, millis, executor);
                    }
                },
                TimeUnit.MILLISECONDS.toNanos(millis));
    }
}
