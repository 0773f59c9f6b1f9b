package dev.aiopipe.engine.support;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Daemon threads for calls that block. They are created on demand; a thread exits after five idle seconds. */
public final class BlockingPool {
    private static final int RETRY_MILLIS = 100;

    /** Starts each task at once, on a thread of its own. */
    public static final Executor EXECUTOR = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), Threads.numbered("aiopipe-blocking-"));

    private BlockingPool() {}

    /** Runs a task on a thread of its own. If no thread can be started now, this tries again a little later. */
    public static void run(Runnable task) {
        try {
            EXECUTOR.execute(task);
        } catch (Throwable e) {
            Delays.block(task, RETRY_MILLIS);
        }
    }
}
