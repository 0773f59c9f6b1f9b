package dev.aiopipe.engine.support;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Daemon threads for calls that block. They are created on demand; a thread exits after five idle seconds. */
public final class BlockingPool {
    private static final int RETRY_MILLIS = 100;

    /** Starts each task at once. */
    public static final Executor EXECUTOR = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), Threads.numbered("aiopipe-blocking-"));

    private BlockingPool() {}

    /** Runs a task on a thread of its own, or a little later if no thread can be had now. */
    public static void run(Runnable task) {
        try {
            EXECUTOR.execute(task);
        } catch (Throwable e) {
            Delays.block(task, RETRY_MILLIS);
        }
    }
}
