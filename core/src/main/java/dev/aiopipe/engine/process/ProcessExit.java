package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.engine.support.FutureFanOut;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The exit of a process. The JDK reports it through the common pool, whose threads the program may have blocked, so the
 * engine's timer looks for it, too.
 *
 * <p>A living process is in use even if no one here refers to it, because the JDK keeps its {@link Process} until the
 * exit. So its streams must not be garbage-collected before.
 */
final class ProcessExit {
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long EXPECTED_MILLIS = 20;
    private static final long BRIEF_MILLIS = 2;
    private static final Set<ProcessExit> PENDING = ConcurrentHashMap.newKeySet();

    @GuardedBy("PENDING")
    private static boolean looking;

    private final Process process;

    @SuppressWarnings("unused") // a reference that keeps it from being garbage-collected
    private final @Nullable Object kept;

    private final CompletableFuture<Integer> code = new CompletableFuture<>();
    private final FutureFanOut<Integer> copies = new FutureFanOut<>(code);

    @GuardedBy("this")
    private boolean asked;

    /**
     * Watches a process, which may have exited.
     *
     * @param process was started
     * @param kept is not garbage-collected before the exit
     */
    @SuppressWarnings("StaticAssignmentInConstructor") // under the lock of the set
    ProcessExit(Process process, @Nullable Object kept) {
        this.process = process;
        this.kept = kept;
        PENDING.add(this);
        synchronized (PENDING) {
            if (!looking) {
                looking = true;
                Delays.run(ProcessExit::look, LOOK_NANOS);
            }
        }
    }

    /** Looks for exits, on the timer's thread. */
    @SuppressWarnings("ModifyCollectionInEnhancedForLoop") // a concurrent set allows that
    private static void look() {
        for (ProcessExit exit : PENDING) {
            if (!exit.process.isAlive()) {
                PENDING.remove(exit);
                // Not on the timer's thread, as dependents of the future run the code of others.
                BlockingPool.run(exit::report);
            }
        }
        synchronized (PENDING) {
            looking = !PENDING.isEmpty();
            if (looking) {
                Delays.run(ProcessExit::look, LOOK_NANOS);
            }
        }
    }

    /** Returns a new future of the exit code. It may be cancelled, and is forgotten then. */
    CompletableFuture<Integer> code() {
        synchronized (this) {
            // Not before it is wanted, as the JDK's future costs a task of a pool at the exit.
            if (!asked && !code.isDone()) {
                asked = true;
                process.onExit().thenRun(this::report);
            }
        }
        return copies.next();
    }

    /**
     * Returns as {@link #code} does, but what is noticed by the engine's timer alone comes half a second late. It costs
     * nothing at the exit.
     */
    CompletableFuture<Integer> codeInTime() {
        return copies.next();
    }

    /**
     * The exit is likely to come within some milliseconds: a thread of the engine waits for it. That is faster than the
     * JDK's report, which goes through another thread of the JDK's, or a new one.
     */
    void expect() {
        BlockingPool.run(() -> await(EXPECTED_MILLIS));
    }

    /** Waits for an exit that comes within {@value #BRIEF_MILLIS} milliseconds. It is reported when this returns. */
    void awaitBriefly() {
        await(BRIEF_MILLIS);
    }

    private void await(long millis) {
        try {
            if (process.waitFor(millis, TimeUnit.MILLISECONDS)) {
                report();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts threads of the pool
        }
    }

    private void report() {
        PENDING.remove(this);
        code.complete(process.exitValue());
    }
}
