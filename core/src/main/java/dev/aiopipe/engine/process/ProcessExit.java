package dev.aiopipe.engine.process;

import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.engine.support.FutureFanOut;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The exit of a process. The JDK reports it through the common pool, whose threads the program may have blocked, so the engine's timer
 * looks for it, too.
 *
 * <p>A process that lives is in use even if nobody here holds it, as the JDK keeps its {@link Process} until the exit: so is what belongs
 * to it.
 */
public final class ProcessExit {
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long EXPECTED_MILLIS = 20;
    private static final Set<ProcessExit> PENDING = ConcurrentHashMap.newKeySet();
    private static boolean looking; // guarded by PENDING

    private final Process process;
    private final Object kept; // never read: this is what keeps it
    private final CompletableFuture<Integer> code = new CompletableFuture<>();
    private final FutureFanOut<Integer> copies = new FutureFanOut<>(code);
    private boolean asked; // guarded by this

    /**
     * Of a process that was started.
     *
     * @param process has perhaps exited
     * @param kept is not garbage before the exit
     */
    public ProcessExit(Process process, Object kept) {
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

    /** The timer's thread. */
    private static void look() {
        for (ProcessExit exit : PENDING) {
            if (!exit.process.isAlive()) {
                PENDING.remove(exit);
                BlockingPool.run(exit::report); // others' code follows on it
            }
        }
        synchronized (PENDING) {
            looking = !PENDING.isEmpty();
            if (looking) {
                Delays.run(ProcessExit::look, LOOK_NANOS);
            }
        }
    }

    /**
     * The exit code.
     *
     * @return completes with it. Each call gives a new future, which may be cancelled, and is forgotten then
     */
    public CompletableFuture<Integer> code() {
        synchronized (this) {
            if (!asked) { // the JDK's future costs a task of a pool at the exit
                asked = true;
                process.onExit().thenRun(this::report);
            }
        }
        return copies.next();
    }

    /**
     * The exit is likely to come within some milliseconds: a thread of the engine waits for it. That is faster than the JDK's report,
     * which goes through another thread of the JDK's, or a new one.
     */
    void expect() {
        BlockingPool.run(() -> {
            try {
                if (process.waitFor(EXPECTED_MILLIS, TimeUnit.MILLISECONDS)) {
                    report();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // nobody interrupts threads of the pool
            }
        });
    }

    private void report() {
        PENDING.remove(this);
        code.complete(process.exitValue());
    }
}
