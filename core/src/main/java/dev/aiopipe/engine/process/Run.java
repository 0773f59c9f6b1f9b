package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.ProcessOutput;
import dev.aiopipe.ProcessTimeoutException;
import dev.aiopipe.engine.support.BlockingPool;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Starts the stages of a pipeline, or a single child; communicates with all of them side by side; and releases them.
 *
 * <pre>
 *     STARTING ── started ──► RUNNING ── all are over, or one fails: the others are stopped ──► OVER
 *        └───────── the start fails, or cancel ─────────────────────────────────────────────────►
 * </pre>
 */
public final class Run {
    private final Communication.Plan plan;
    private final CompletableFuture<List<ProcessOutput>> output = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    @GuardedBy("this")
    private final List<Communication> communications = new ArrayList<>();

    @GuardedBy("this")
    private boolean cancelled;

    private Run(Communication.Plan plan) {
        this.plan = plan;
    }

    /**
     * Begins.
     *
     * @param start starts the children, on a thread of the engine
     * @param plan how to communicate with them; the input is for the first one. Without input, that one gets no pipe,
     *     and is at the end of its stdin at once
     * @return the run that has begun
     */
    public static Run begin(PipelineStart start, Communication.Plan plan) {
        Run run = new Run(plan);
        if (plan.input().length == 0) {
            start.withoutInput();
        }
        try {
            BlockingPool.EXECUTOR.execute(() -> run.start(start));
        } catch (Throwable e) { // no thread can be had
            run.end(e);
        }
        return run;
    }

    /** Completes with what came of each child, in their order. Its cancellation stops nothing: {@link #cancel} does. */
    public CompletableFuture<List<ProcessOutput>> output() {
        return output;
    }

    /**
     * Stops what runs, if this is not over.
     *
     * @return completes, always normally, when nothing is left
     */
    public CompletableFuture<Void> cancel() {
        List<Communication> begun;
        synchronized (this) {
            cancelled = true;
            begun = List.copyOf(communications);
        }
        begun.forEach(Communication::cancel);
        return over;
    }

    private void start(PipelineStart start) {
        try {
            if (!isCancelled()) {
                List<Child> children = start.call();
                if (children.size() == 1 && plan.input().length == 0) {
                    // Many programs end within moments, and their output is in the pipes then. This thread reads it,
                    // and the loop has no work. A child that writes more than the pipes hold is held up that long.
                    children.get(0).awaitExitBriefly();
                }
                communicate(children);
                return;
            }
            end(new CancellationException("the run was cancelled before its start"));
        } catch (Throwable e) {
            end(e);
        }
    }

    private synchronized boolean isCancelled() {
        return cancelled;
    }

    private void communicate(List<Child> children) {
        List<Communication> begun = new ArrayList<>();
        @Nullable Throwable failure = null;
        try {
            for (Child child : children) {
                begun.add(Communication.begin(child, begun.isEmpty() ? plan : plan.withoutInput()));
            }
        } catch (Throwable e) {
            failure = e;
        }
        boolean stop;
        synchronized (this) {
            communications.addAll(begun);
            stop = cancelled || failure != null;
        }
        for (Communication communication : begun) {
            communication.output().whenComplete((result, problem) -> {
                if (problem != null) {
                    begun.forEach(Communication::stopWithOthers);
                }
            });
        }
        if (stop) {
            cancel();
        }
        Throwable why = failure;
        CompletableFuture.allOf(begun.stream().map(Communication::over).toArray(CompletableFuture[]::new))
                .whenComplete((all, problem) -> {
                    Throwable unreleased = why;
                    for (Child child : children) { // they have ended; this releases what is open
                        try {
                            child.close();
                        } catch (RuntimeException e) {
                            unreleased = unreleased == null ? e : unreleased;
                        }
                    }
                    end(unreleased);
                });
    }

    private void end(@Nullable Throwable failure) {
        List<ProcessOutput> results = new ArrayList<>();
        Throwable cause = failure;
        synchronized (this) {
            for (Communication communication : communications) {
                Throwable problem = communication.failure();
                if (problem == null) {
                    results.add(communication.output().join());
                } else if (cause == null
                        || cause instanceof CancellationException // it was stopped with another one
                        || problem instanceof ProcessTimeoutException) { // the last stage's has the output
                    cause = problem;
                }
            }
        }
        if (cause == null) {
            output.complete(results);
        } else {
            output.completeExceptionally(cause);
        }
        over.complete(null);
    }
}
