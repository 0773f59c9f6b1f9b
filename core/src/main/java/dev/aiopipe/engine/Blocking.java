package dev.aiopipe.engine;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Daemon threads for calls that block. They come when they are needed, and end when they were idle for some seconds. */
public final class Blocking {
    /** Starts each task at once. */
    public static final Executor EXECUTOR = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), Threads.numbered("aiopipe-blocking-"));

    private Blocking() {}
}
