package dev.aiopipe.engine;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Ends a child as gently as it lets:
 *
 * <pre>
 *     close its stdin ── grace ──► SIGTERM ── grace ──► SIGKILL
 *            └─────────────────────── it exits ────────────┴──► kill the descendants that outlive it, abort stdin
 * </pre>
 *
 * <p>Whoever stops has to drain the child's output meanwhile, or a full pipe holds it up.
 */
public final class Stop {
    /** How long an output that was read is left alone, for somebody who may be about to read on. */
    public static final long PATIENCE_MILLIS = 100;

    private static final Duration FOR_EVER = Duration.ofNanos(Long.MAX_VALUE / 2);

    private final Child child;
    private final long graceNanos;
    private final boolean withDescendants;
    private final Executor executor;
    private final CompletableFuture<Integer> exit;
    private final CompletableFuture<Integer> stopped = new CompletableFuture<>();
    private final Set<ProcessHandle> descendants = new LinkedHashSet<>(); // the step's that is under way

    private Stop(Child child, Duration grace, boolean withDescendants, Executor executor) {
        this.child = child;
        this.graceNanos = (grace.compareTo(FOR_EVER) < 0 ? grace : FOR_EVER).toNanos();
        this.withDescendants = withDescendants;
        this.executor = executor;
        this.exit = child.exit();
    }

    /**
     * Nothing is begun yet.
     *
     * @param child what is to end
     * @param grace how long each step waits, wall-clock time
     * @param descendants whether the signals go to the child's descendants, too, and those that outlive it are killed
     * @param executor what the further steps run on
     * @return to {@link #begin}, once whoever drains the output has seen who else reads it
     * @throws IllegalArgumentException if the grace is negative
     */
    public static Stop of(Child child, Duration grace, boolean descendants, Executor executor) {
        if (grace.isNegative()) {
            throw new IllegalArgumentException("grace < 0: " + grace);
        }
        return new Stop(child, grace, descendants, executor);
    }

    /**
     * Begins; blocks only for the look at the descendants.
     *
     * @return the exit code, on the executor; to cancel it leaves out the steps that are still to come
     */
    public CompletableFuture<Integer> begin() {
        look();
        child.stdin().close();
        afterGrace(() -> {
            look();
            child.process().destroy();
            descendants.forEach(ProcessHandle::destroy);
            afterGrace(() -> {
                look();
                child.process().destroyForcibly();
                then(exit, () -> {});
            });
        });
        return stopped;
    }

    /** Those that are known by now: there are none any more when the child has exited. */
    private void look() {
        if (withDescendants) {
            child.process().descendants().forEach(descendants::add);
        }
    }

    private void afterGrace(Runnable step) {
        then(Delays.orTimeout(exit.copy(), graceNanos, TimeUnit.NANOSECONDS), step);
    }

    /** The exit is the end of this; if the time is over before, the step follows. */
    private void then(CompletableFuture<Integer> wait, Runnable step) {
        wait.handleAsync(
                        (code, failure) -> {
                            if (stopped.isDone()) {
                                return null; // cancelled
                            } else if (code != null) {
                                end(code);
                            } else if (failure instanceof TimeoutException) {
                                step.run();
                            } else {
                                throw new CompletionException(failure);
                            }
                            return null;
                        },
                        executor)
                .exceptionally(failure -> {
                    stopped.completeExceptionally(failure.getCause());
                    return null;
                });
    }

    private void end(int code) {
        descendants.forEach(ProcessHandle::destroyForcibly);
        child.stdin().abort();
        stopped.complete(code);
    }
}
