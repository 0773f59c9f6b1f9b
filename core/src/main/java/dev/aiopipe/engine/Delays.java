package dev.aiopipe.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs short tasks after a delay, all on one daemon thread that ends when it has been idle for some seconds. The JDK's own timer
 * ({@code CompletableFuture.delayedExecutor}, {@code orTimeout}) is not used: its thread inherits from whoever needs it first, and lives
 * for ever.
 */
public final class Delays {
    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private Delays() {}

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer =
                new ScheduledThreadPoolExecutor(1, task -> Threads.daemon(task, "aiopipe-timer"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(5, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        return timer;
    }

    /**
     * Runs a task once.
     *
     * @param task must not block
     * @param delay how long to wait; not positive runs it at once
     * @param unit of the delay
     * @return cancels the task, if it has not begun
     */
    public static Future<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return TIMER.schedule(task, delay, unit);
    }

    /**
     * As {@link CompletableFuture#orTimeout}.
     *
     * @param <T> what the future brings
     * @param future fails with a {@link TimeoutException} if it is not done in time
     * @param delay how long to wait
     * @param unit of the delay
     * @return the future
     */
    public static <T> CompletableFuture<T> orTimeout(CompletableFuture<T> future, long delay, TimeUnit unit) {
        Future<?> alarm = schedule(() -> future.completeExceptionally(new TimeoutException()), delay, unit);
        future.whenComplete((value, failure) -> alarm.cancel(false));
        return future;
    }

    /**
     * An executor that begins each task later.
     *
     * @param delay how much later
     * @param unit of the delay
     * @param executor runs the tasks; {@code Runnable::run} for what does not block
     * @return hands each task to that executor after the delay
     */
    public static Executor executor(long delay, TimeUnit unit, Executor executor) {
        return task -> TIMER.schedule(() -> executor.execute(task), delay, unit);
    }
}
