package dev.aiopipe.engine.support;

import java.io.IOException;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the engine's threads, and contains the failures of foreign code on them. The threads are daemons and inherit
 * nothing from the thread that needs them first: no inheritable thread-locals, no context class loader, no access
 * control context. Any of these would keep that thread's application in memory for ever.
 */
public final class Threads {
    private Threads() {}

    /**
     * Throws StackOverflowError if the stack has too few frames left. The code that follows may not overflow: it would
     * leave a lock or slot taken for ever.
     *
     * @param frames more than that code needs
     */
    public static void requireStack(int frames) {
        if (frames > 0) {
            requireStack(frames - 1);
        }
    }

    /**
     * Makes a thread that inherits nothing.
     *
     * @param task the thread's task
     * @param name the thread's name
     * @return a daemon that is not started yet
     */
    public static Thread daemon(Runnable task, String name) {
        return detached(() -> new Thread(null, task, name, 0, false));
    }

    /**
     * Makes a thread that inherits nothing and serves many streams, so that it must not run the code of users.
     *
     * @param task the thread's task
     * @param name the thread's name
     * @return a daemon that is not started yet
     */
    public static Thread shared(Runnable task, String name) {
        return detached(() -> new SharedThread(task, name));
    }

    /** Returns true on a thread that must not run the code of users: that of a loop or of the timer. */
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

    /** Returns a factory of daemons that inherit nothing; their names are the prefix and a number. */
    static ThreadFactory numbered(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return task -> daemon(task, prefix + count.incrementAndGet());
    }

    /**
     * Runs foreign code. Its exception goes to this thread's handler and does not stop the caller, for whose next steps
     * others wait.
     *
     * @param foreign a listener, a waiter or a task
     */
    public static void guarded(Runnable foreign) {
        try {
            foreign.run();
        } catch (Throwable e) {
            report(e);
        }
    }

    /**
     * Throws a failure that another thread has met.
     *
     * @param failure null if there is none; errors and unchecked exceptions are thrown as they are
     */
    public static void rethrow(@Nullable Throwable failure) throws IOException {
        if (failure instanceof IOException e) {
            throw e;
        } else if (failure instanceof RuntimeException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        }
    }

    /**
     * Reports a failure to this thread's handler.
     *
     * @param failure that would else be lost
     */
    public static void report(Throwable failure) {
        Thread current = Thread.currentThread();
        try {
            current.getUncaughtExceptionHandler().uncaughtException(current, failure);
        } catch (Throwable ignored) {
            // The JVM, too, ignores the exceptions of a handler.
        }
    }
}
