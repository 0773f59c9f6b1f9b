package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.support.Threads;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps a loop's thread from delaying the JVM's exit. HotSpot gives a thread in native code, as one in a selector is,
 * 0.3 seconds to return (VM_Exit::wait_for_threads_in_native_to_block; tried with 17 and 25). So once the exit has
 * begun the loop waits in Java and polls: it goes on, because other shutdown hooks may need their streams.
 */
final class ShutdownGuard {
    /** The delay of an event during the exit. */
    private static final long POLL_NANOS = 500_000;

    private final Thread hook;
    private volatile boolean begun;

    /**
     * Makes a guard that does not watch yet.
     *
     * @param name of the loop
     * @param onBegin makes its thread begin a new round
     */
    ShutdownGuard(String name, Runnable onBegin) {
        hook = Threads.daemon(
                () -> {
                    begun = true;
                    onBegin.run();
                },
                name + "-exit");
    }

    /** Watches for the exit, from the start of the loop on. */
    void watch() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The loop is started by another hook.
            begun = true;
        }
    }

    /** Stops watching, as the loop has ended. */
    void forget() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The hook is running.
            begun = true;
        }
    }

    /** Returns true once the exit has begun. */
    boolean hasBegun() {
        return begun;
    }

    /** Waits for a moment. */
    void idle() {
        LockSupport.parkNanos(this, POLL_NANOS);
    }
}
