package dev.aiopipe.engine.support;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Makes the engine's threads, and keeps foreign code on them apart. They are daemons, and inherit nothing from the thread that happens to need them first: no inheritable
 * thread-locals, no context class loader, no access control context. Any of these would keep that thread's application alive for ever.
 */
public final class Threads {
    private Threads() {}

    /**
     * Overflows the stack now, if it would soon: in what follows a StackOverflowError would leave something taken for ever.
     *
     * @param frames more than are needed
     */
    public static void requireStack(int frames) {
        if (frames > 0) {
            requireStack(frames - 1);
        }
    }

    /**
     * Makes a thread that inherits nothing.
     *
     * @param task what it runs
     * @param name what it is called
     * @return a daemon that is not started yet
     */
    public static Thread daemon(Runnable task, String name) {
        return detached(() -> new Thread(null, task, name, 0, false));
    }

    /**
     * Makes a thread that inherits nothing and serves many streams, so that it must not run the code of users.
     *
     * @param task what it runs
     * @param name what it is called
     * @return a daemon that is not started yet
     */
    public static Thread shared(Runnable task, String name) {
        return detached(() -> new SharedThread(task, name));
    }

    /**
     * Whether the caller is a thread that must not run the code of users.
     *
     * @return true on the thread of a loop or of the timer
     */
    public static boolean isShared() {
        return Thread.currentThread() instanceof SharedThread;
    }

    // There is no other way to start from an empty access control context, which JDK 17 inherits.
    @SuppressWarnings("removal")
    private static Thread detached(Supplier<Thread> maker) {
        return AccessController.doPrivileged((PrivilegedAction<Thread>) () -> {
            Thread thread = maker.get();
            thread.setContextClassLoader(null);
            thread.setDaemon(true);
            return thread;
        });
    }

    private static final class SharedThread extends Thread {
        SharedThread(Runnable task, String name) {
            super(null, task, name, 0, false);
        }
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
    public static void guarded(Runnable foreign) {
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
