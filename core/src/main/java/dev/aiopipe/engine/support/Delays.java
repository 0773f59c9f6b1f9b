package dev.aiopipe.engine.support;

import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The engine's timer: one daemon thread, which exits after five idle seconds. The timer of
 * {@link java.util.concurrent.CompletableFuture} is no substitute: it runs dependents on a pool that the program may
 * have blocked, and its thread inherits from its first user and never exits.
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
     * @param nanos the delay
     * @return cancels the task, unless it has begun
     */
    public static Future<?> run(Runnable task, long nanos) {
        return TIMER.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /**
     * Runs a task on a thread for blocking calls. If no thread can be started then, this tries again after the same
     * delay.
     *
     * @param task may block
     * @param millis the delay
     */
    public static void block(Runnable task, long millis) {
        block(task, millis, BlockingPool.EXECUTOR);
    }

    /** Runs a task on an executor. If the executor refuses then, this tries again after the same delay. */
    static void block(Runnable task, long millis, Executor executor) {
        run(
                () -> {
                    try {
                        executor.execute(task);
                    } catch (Throwable e) {
                        // A want of threads passes, and no one else would run the task.
                        block(task, millis, executor);
                    }
                },
                TimeUnit.MILLISECONDS.toNanos(millis));
    }
}
