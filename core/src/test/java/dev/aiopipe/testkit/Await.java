package dev.aiopipe.testkit;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Waits for a state that nothing reports, by looking again and again. Fails after half a minute. */
public final class Await {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private Await() {}

    /** Waits until the condition holds. */
    public static void until(String state, BooleanSupplier isReached) {
        until(state, isReached::getAsBoolean, reached -> reached);
    }

    /** Looks until what it sees is as wanted, and returns it. The failure names what was seen last. */
    public static <T> T until(String state, Supplier<T> look, Predicate<? super T> isReached) {
        long deadline = System.nanoTime() + LIMIT_NANOS;
        long pause = 100_000;
        T seen = look.get();
        while (!isReached.test(seen)) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not reached: " + state + "; last seen: " + seen);
            }
            LockSupport.parkNanos(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
            seen = look.get();
        }
        return seen;
    }

    /** Waits until the thread is in the given state. */
    public static void until(Thread thread, Thread.State state) {
        until(thread.getName() + " is " + state, thread::getState, seen -> seen == state);
    }
}
