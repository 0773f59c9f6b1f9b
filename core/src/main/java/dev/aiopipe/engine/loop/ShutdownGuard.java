package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.support.Threads;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps a loop's thread from delaying the JVM's exit. HotSpot gives a thread that is in native code, as one in a selector is, 0.3
 * seconds to come back (VM_Exit::wait_for_threads_in_native_to_block; tried with 17 and 25). So from the beginning of the exit on the
 * loop waits in Java and polls: it goes on, for other shutdown hooks may need their streams.
 */
final class ShutdownGuard {
    /** How much later an event is noticed during the exit. */
    private static final long POLL_NANOS = 500_000;

    private final Thread hook;
    private volatile boolean begun;

    /**
     * Not watched yet.
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

    /** The loop has started. */
    void watch() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            begun = true; // it was started by somebody else's hook
        }
    }

    /** The loop has ended. */
    void forget() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            begun = true; // the hook runs by now
        }
    }

    /** Whether the exit has begun. */
    boolean hasBegun() {
        return begun;
    }

    /** Waits a moment. */
    void idle() {
        LockSupport.parkNanos(this, POLL_NANOS);
    }
}
