package dev.aiopipe.engine;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes the engine's threads, and keeps foreign code on them apart. They are daemons, and inherit nothing from the thread that happens to need them first: no inheritable
 * thread-locals, no context class loader, no access control context. Any of these would keep that thread's application alive for ever.
 */
public final class Threads {
    private Threads() {}

    /**
     * Makes a thread that inherits nothing.
     *
     * @param task what it runs
     * @param name what it is called
     * @return a daemon that is not started yet
     */
    @SuppressWarnings(
            "removal") // there is no other way to start from an empty access control context, which JDK 17 inherits
    static Thread daemon(Runnable task, String name) {
        return AccessController.doPrivileged((PrivilegedAction<Thread>) () -> {
            Thread thread = new Thread(null, task, name, 0, false);
            thread.setContextClassLoader(null);
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Numbers its threads.
     *
     * @param prefix of their names
     * @return makes daemons that inherit nothing
     */
    static ThreadFactory numbered(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return task -> daemon(task, prefix + count.incrementAndGet());
    }

    /**
     * Runs foreign code. What it throws goes to this thread's handler, and stops nothing: others wait for what follows.
     *
     * @param foreign a listener, a waiter, a task
     */
    static void guarded(Runnable foreign) {
        try {
            foreign.run();
        } catch (Throwable e) {
            report(e);
        }
    }

    /**
     * Reports a failure to this thread's handler.
     *
     * @param failure that nobody else gets
     */
    public static void report(Throwable failure) {
        Thread current = Thread.currentThread();
        try {
            current.getUncaughtExceptionHandler().uncaughtException(current, failure);
        } catch (Throwable ignored) {
            // as the JVM does with what a handler throws
        }
    }
}
