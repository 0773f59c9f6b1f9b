package dev.aiopipe.engine.process;

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

/**
 * Ends a child as gently as it lets, and drains its outputs meanwhile, or a full pipe would hold it up:
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
 * <p>All of this happens on threads of the engine: those of the program may be blocked, or be waiting for this.
 */
public final class StopSequence {
    private enum Step {
        STDIN,
        TERM,
        KILL,
        LIVES_ON,
        OVER
    }

    private static final Duration FOR_EVER = Duration.ofNanos(Long.MAX_VALUE / 2);

    /** How long a child may take to end after KILL, whatever the grace is: the kernel has to free its memory first. */
    private static final long KILL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Child child;
    private final long stdinGraceNanos;
    private final long graceNanos;
    private final boolean withDescendants;
    private final CompletableFuture<Integer> exit;
    private final CompletableFuture<Integer> stopped = new CompletableFuture<>();
    private final Set<ProcessHandle> descendants = ConcurrentHashMap.newKeySet();
    private Step step = Step.STDIN; // guarded by this, as is the timer
    private Future<?> timer;

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
     * Begins.
     *
     * @param child what is to end
     * @param stdinGrace how long the child may take after the end of its stdin, wall-clock time; 0 to signal at once
     * @param grace how long it may take after TERM, and after KILL
     * @param descendants whether the signals go to the child's descendants, too, and those that outlive it are killed
     * @param stopper on whose behalf, see {@link BusyReader}
     * @param patient whether somebody may be about to begin to read an output, see {@link Drain}
     * @return the exit code; an IOException if the child lives on after KILL, all is closed then. To cancel it leaves out the steps that
     *     are still to come, and the outputs to later reads
     * @throws IllegalArgumentException if a grace is negative
     */
    public static CompletableFuture<Integer> begin(
            Child child, Duration stdinGrace, Duration grace, boolean descendants, Object stopper, boolean patient) {
        StopSequence stop = new StopSequence(child, stdinGrace, grace, descendants);
        child.drain(stopper, patient); // now: it sees who is reading
        stop.stopped.whenComplete((code, failure) -> {
            if (stop.stopped.isCancelled()) {
                stop.cancelled();
            }
        });
        stop.exit.whenComplete((code, failure) -> BlockingPool.run(stop::exited));
        Step first = stop.stdinGraceNanos == 0 ? Step.TERM : Step.STDIN;
        if (descendants) {
            BlockingPool.run(() -> stop.take(first)); // to look for them blocks for some milliseconds
        } else {
            stop.take(first);
        }
        return stop.stopped;
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
                    look();
                    child.stdin().close();
                    takeLater(Step.TERM, stdinGraceNanos);
                }
                case TERM -> {
                    look();
                    child.signals().stop();
                    descendants.forEach(ProcessHandle::destroy);
                    child.stdin().close(); // if that was no step of its own
                    takeLater(Step.KILL, graceNanos);
                }
                case KILL -> {
                    look();
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

    /** Those that are known by now: of a child that has exited they can't be found any more. */
    private void look() {
        if (withDescendants) {
            child.process().descendants().forEach(descendants::add);
            for (ProcessHandle known : List.copyOf(descendants)) {
                if (known.isAlive()) { // or the number may be another process's
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
            look(); // once more: one of them may have forked when it was signalled
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
            return; // it is being reported
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

    /** This is over; true for the first who says so. */
    private synchronized boolean end() {
        boolean first = step != Step.OVER;
        step = Step.OVER;
        if (timer != null) {
            timer.cancel(false);
        }
        return first;
    }
}
