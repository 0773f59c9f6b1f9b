package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.read.BusyReader;
import dev.aiopipe.engine.read.Drain;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends a child as gently as possible, and drains its outputs meanwhile, because a full pipe would hold it up:
 *
 * <pre>
 *     STDIN: close it ── its grace ──► TERM ── grace ──► KILL ── grace ──► LIVES_ON
 *       │                               │                 │                  │
 *       └───────────── it exits ────────┴─────────────────┘                  │
 *                          ▼                                                 ▼
 *                        OVER: kill the descendants that outlive it        OVER: close all, fail
 *
 *     begin without a grace for stdin ──► TERM, and close stdin
 *     any ── the future is cancelled ──► OVER: leave the outputs to others
 * </pre>
 *
 * <p>All of this happens on threads of the engine, as those of the program may be blocked or be waiting for this.
 */
public final class StopSequence {
    private enum Step {
        STDIN,
        TERM,
        KILL,
        LIVES_ON,
        OVER
    }

    /** How long a child that is ended at once may take between the stop signal and KILL. */
    public static final Duration AT_ONCE_GRACE = Duration.ofSeconds(1);

    private static final Duration FOR_EVER = Duration.ofNanos(Long.MAX_VALUE / 2);

    /** The least time that a child has to end after KILL: the kernel has to free its memory first. */
    private static final long KILL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Child child;
    private final long stdinGraceNanos;
    private final long graceNanos;
    private final boolean withDescendants;
    private final CompletableFuture<Integer> exit;
    private final CompletableFuture<Integer> stopped = new CompletableFuture<>();
    private final Set<ProcessHandle> descendants = ConcurrentHashMap.newKeySet();

    @GuardedBy("this")
    private Step step = Step.STDIN;

    @GuardedBy("this")
    private @Nullable Future<?> timer;

    private StopSequence(Child child, Duration stdinGrace, Duration grace, boolean withDescendants) {
        this.child = child;
        this.graceNanos = nanos("grace", grace);
        this.stdinGraceNanos = nanos("stdinGrace", stdinGrace);
        this.withDescendants = withDescendants;
        this.exit = child.exit();
    }

    static long nanos(String name, Duration grace) {
        if (grace.isNegative()) {
            throw new IllegalArgumentException(name + " < 0: " + grace);
        }
        return (grace.compareTo(FOR_EVER) < 0 ? grace : FOR_EVER).toNanos();
    }

    /**
     * Begins to stop a child.
     *
     * @param child to end
     * @param stdinGrace the time that the child has after the end of its stdin, wall-clock; 0 to signal at once
     * @param grace the time that it has after TERM, and after KILL
     * @param descendants whether the signals go to the child's descendants, too, and those that outlive it are killed
     * @param stopper on whose behalf, see {@link BusyReader}
     * @param patient whether a reader of an output may be about to begin, see {@link Drain}
     * @return the exit code; an IOException if the child lives on after KILL, with all streams closed. Cancelling it
     *     skips the steps that are still to come, and leaves the outputs to later reads
     * @throws IllegalArgumentException if a grace is negative
     */
    public static CompletableFuture<Integer> begin(
            Child child,
            Duration stdinGrace,
            Duration grace,
            boolean descendants,
            @Nullable Object stopper,
            boolean patient) {
        StopSequence stop = new StopSequence(child, stdinGrace, grace, descendants);
        // First, as it looks for the readers of this moment.
        child.drain(stopper, patient);
        stop.stopped.whenComplete((code, failure) -> {
            if (stop.stopped.isCancelled()) {
                stop.cancelled();
            }
        });
        stop.exit.whenComplete((code, failure) -> BlockingPool.run(stop::exited));
        Step first = stop.stdinGraceNanos == 0 ? Step.TERM : Step.STDIN;
        if (descendants) {
            // Looking for them blocks for some milliseconds.
            BlockingPool.run(() -> stop.take(first));
        } else {
            stop.take(first);
        }
        return stop.stopped;
    }

    /**
     * Ends a child whose output is not needed any more: by the stop signal at once, and by KILL after a second.
     *
     * @param child the child to end
     * @param stopper see {@link BusyReader}
     * @return as {@link #begin}
     */
    public static CompletableFuture<Integer> beginAtOnce(Child child, Object stopper) {
        return begin(child, Duration.ZERO, AT_ONCE_GRACE, false, stopper, false);
    }

    /** Takes a step, unless this is over. */
    private void take(Step next) {
        synchronized (this) {
            if (step == Step.OVER) {
                return;
            }
            step = next;
        }
        try {
            switch (next) {
                case STDIN -> {
                    findDescendants();
                    child.stdin().close();
                    takeLater(Step.TERM, stdinGraceNanos);
                }
                case TERM -> {
                    findDescendants();
                    child.signals().stop();
                    descendants.forEach(ProcessHandle::destroy);
                    // Harmless if it was closed by a step before.
                    child.stdin().close();
                    takeLater(Step.KILL, graceNanos);
                }
                case KILL -> {
                    findDescendants();
                    child.signals().kill();
                    descendants.forEach(ProcessHandle::destroyForcibly);
                    takeLater(Step.LIVES_ON, Math.max(graceNanos, KILL_NANOS));
                }
                default -> livesOn();
            }
        } catch (Throwable e) {
            if (end()) {
                child.giveUpDrains();
                stopped.completeExceptionally(e);
            }
        }
    }

    private synchronized void takeLater(Step next, long nanos) {
        if (step != Step.OVER) {
            timer = Delays.run(() -> BlockingPool.run(() -> take(next)), nanos);
        }
    }

    /** Collects the descendants. They can't be found any more once the child has exited. */
    private void findDescendants() {
        if (withDescendants) {
            child.process().descendants().forEach(descendants::add);
            for (ProcessHandle known : List.copyOf(descendants)) {
                // Else another process may have its pid.
                if (known.isAlive()) {
                    known.descendants().forEach(descendants::add);
                }
            }
        }
    }

    private void exited() {
        if (exit.isCancelled() || !end()) {
            return;
        }
        try {
            // One of them may have forked when it was signalled.
            findDescendants();
            descendants.forEach(ProcessHandle::destroyForcibly);
            if (child.signals().hasGroup()) {
                child.signals().kill(); // what is left of it
            }
            child.endDrains();
            child.stdin().abort();
            stopped.complete(exit.join());
        } catch (Throwable e) {
            stopped.completeExceptionally(e);
        }
    }

    private void livesOn() {
        if (!child.process().isAlive()) {
            // The exit is being reported.
            return;
        }
        if (end()) {
            exit.cancel(false);
            child.release();
            stopped.completeExceptionally(new IOException(child.name() + ", has not ended after KILL"));
        }
    }

    private void cancelled() {
        if (end()) {
            exit.cancel(false);
            child.giveUpDrains();
        }
    }

    /** Ends this sequence. Returns true for the first call. */
    private synchronized boolean end() {
        boolean first = step != Step.OVER;
        step = Step.OVER;
        if (timer != null) {
            timer.cancel(false);
        }
        return first;
    }
}
