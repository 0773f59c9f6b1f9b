package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The time that the outputs of a child have after its exit: a process that the child left behind may hold them. */
public final class OutputDrain implements AutoCloseable {
    private static final long THREAD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final CompletableFuture<Integer> exit;

    @GuardedBy("this")
    private @Nullable Future<?> timer;

    @GuardedBy("this")
    private boolean closed;

    private OutputDrain(Child child) {
        exit = child.exit();
    }

    /**
     * Begins to wait for the exit.
     *
     * @param drain zero or more
     * @param over called once, on a thread of the engine, when the time is over; not if this is closed before
     * @throws IllegalArgumentException if the drain is negative
     */
    public static OutputDrain begin(Child child, Duration drain, Runnable over) {
        long nanos = nanos(child, drain);
        OutputDrain waiting = new OutputDrain(child);
        waiting.exit.whenComplete((code, failure) -> waiting.exited(nanos, over));
        return waiting;
    }

    /**
     * Checks a drain.
     *
     * @return the same one
     * @throws IllegalArgumentException if it is negative
     */
    public static Duration requireNotNegative(Duration drain) {
        StopSequence.nanos("drain", drain);
        return drain;
    }

    /** Where a thread reads an output, it may not have got yet what the child wrote before its exit. */
    private static long nanos(Child child, Duration drain) {
        long asked = StopSequence.nanos("drain", drain);
        boolean threads =
                child.stdout().mode() == ReadMode.THREAD || child.stderr().mode() == ReadMode.THREAD;
        return threads ? Math.max(asked, THREAD_NANOS) : asked;
    }

    private synchronized void exited(long nanos, Runnable over) {
        if (!closed) {
            timer = Delays.run(() -> BlockingPool.run(over), nanos);
        }
    }

    /** Ends the wait. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (timer != null) {
                timer.cancel(false);
            }
        }
        exit.cancel(false);
    }
}
