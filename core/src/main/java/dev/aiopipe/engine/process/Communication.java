package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.ProcessOutput;
import dev.aiopipe.ProcessTimeoutException;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.engine.write.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a child its whole input, collects both outputs side by side, and waits for its exit. All of it happens on
 * threads of the engine.
 *
 * <pre>
 *     RUNNING ── exit, and the ends of both outputs ────────────────────► OVER: the output
 *        │ └──── exit, and `drain` without these ends ──────────────────► OVER: the output, not complete
 *        ├────── the time is over ──► STOPPING ── as RUNNING ────────────► OVER: ProcessTimeoutException
 *        └────── failure, limit, cancel ──► STOPPING ── the child's end ──► OVER: the failure
 * </pre>
 */
public final class Communication {
    /**
     * How a child is communicated with.
     *
     * @param input the bytes of its stdin
     * @param limit how many bytes each output may have
     * @param drain how long an output may stay open after the exit
     * @param timeout how long all of it may take; null for ever
     * @param charset how text is decoded
     * @param startNanos when the time began, by {@link System#nanoTime}
     */
    @SuppressWarnings("ArrayRecordComponent") // plans are not compared
    public record Plan(
            byte[] input,
            int limit,
            Duration drain,
            @Nullable Duration timeout,
            Charset charset,
            long startNanos) {
        /**
         * Makes a plan. The parameters are the components.
         *
         * @throws IllegalArgumentException if the limit, the drain or the timeout is negative
         */
        public Plan {
            if (limit < 0) {
                throw new IllegalArgumentException("limit < 0: " + limit);
            }
            OutputDrain.requireNotNegative(drain);
            if (timeout != null) {
                StopSequence.nanos("timeout", timeout);
            }
        }

        /**
         * Returns the plan for a child that nobody feeds.
         *
         * @return this without input
         */
        public Plan withoutInput() {
            return new Plan(new byte[0], limit, drain, timeout, charset, startNanos);
        }
    }

    private enum State {
        RUNNING,
        STOPPING,
        OVER
    }

    private static final int COPIED_HERE = 1 << 20;

    private final Child child;
    private final Plan plan;
    private final Message input;
    private final OutputCollector stdout;
    private final OutputCollector stderr;
    private final CompletableFuture<Integer> exit;
    private final CompletableFuture<ProcessOutput> output = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    @GuardedBy("this")
    private State state = State.RUNNING;

    @GuardedBy("this")
    private @Nullable Throwable failure; // why it is STOPPING; null for the time

    @GuardedBy("this")
    private @Nullable Future<?> timer;

    @GuardedBy("this")
    private @Nullable OutputDrain drain;

    private Communication(Child child, Plan plan) {
        this.child = child;
        this.plan = plan;
        this.input = Message.of(ByteBuffer.wrap(plan.input()));
        this.stdout = new OutputCollector(child.stdout(), plan.limit());
        this.stderr = new OutputCollector(child.stderr(), plan.limit());
        this.exit = child.exit();
    }

    /**
     * Begins.
     *
     * @param child nobody reads its outputs
     * @param plan what to do
     * @return the communication that has begun
     * @throws IllegalStateException if there is input, and the child's stdin is redirected
     * @throws java.nio.channels.ReadPendingException if somebody reads an output; nothing has happened
     * @throws IOException if a stream of the child is closed
     */
    public static Communication begin(Child child, Plan plan) throws IOException {
        Communication communication = new Communication(child, plan);
        communication.begin();
        return communication;
    }

    private void begin() throws IOException {
        if (plan.input().length > 0) {
            child.stdin().requireOpen();
        }
        stdout.requireFree(); // before anything is taken from either
        stderr.requireFree();
        stdout.begin();
        try {
            stderr.begin();
        } catch (Throwable e) {
            stdout.finish();
            throw e;
        }
        feed();
        stdout.over().whenComplete((end, problem) -> outputEnded(problem));
        stderr.over().whenComplete((end, problem) -> outputEnded(problem));
        exit.whenComplete((code, problem) -> exited());
        if (plan.timeout() != null) {
            long left = StopSequence.nanos("timeout", plan.timeout()) - (System.nanoTime() - plan.startNanos());
            synchronized (this) {
                if (state != State.OVER) {
                    timer = Delays.run(() -> BlockingPool.run(() -> stop(null)), left);
                }
            }
        }
        endIfComplete();
    }

    /** Completes with what came of the child. Its cancellation stops nothing: {@link #cancel} does. */
    public CompletableFuture<ProcessOutput> output() {
        return output;
    }

    /**
     * Stops the child, if this is not over.
     *
     * @return completes, always normally, when the child has ended, or lives on after KILL
     */
    public CompletableFuture<Void> cancel() {
        CancellationException cancelled = new CancellationException("the communication was cancelled");
        synchronized (this) {
            if (state == State.STOPPING && failure == null) { // the time is over, and the output is not needed now
                failure = cancelled;
            }
        }
        stop(cancelled);
        if (exit.isDone()) {
            drained();
        }
        return over;
    }

    /** Stops the child because another stage of its pipeline has failed. */
    void stopWithOthers() {
        stop(new CancellationException("another stage has failed"));
    }

    /** Completes, always normally, when the child has ended, or lives on after KILL. */
    CompletableFuture<Void> over() {
        return over;
    }

    /** Returns why {@link #output} failed; null if it did not. Called after the end. */
    @Nullable
    Throwable failure() {
        return output.handle((result, problem) -> problem).join();
    }

    private void feed() {
        if (plan.input().length == 0) {
            child.stdin().close();
            return;
        }
        try {
            if (child.stdin().offer(input)) {
                child.stdin().close();
            } else {
                child.stdin().await(input, failure -> child.stdin().close());
            }
        } catch (IOException e) { // a child that does not read its input has not failed
            child.stdin().close();
        }
    }

    private void outputEnded(@Nullable Throwable problem) {
        if (problem != null) {
            stop(problem);
        } else if (stdout.over().isDone() && stderr.over().isDone() && !exit.isDone()) {
            child.expectExit(); // of most programs that is the next thing
        }
        endIfComplete();
    }

    private void exited() {
        endIfComplete();
        synchronized (this) {
            if (state != State.OVER) {
                drain = OutputDrain.begin(child, plan.drain(), this::drained);
            }
        }
    }

    /** The outputs had their time after the exit. */
    private void drained() {
        stdout.finish();
        stderr.finish();
    }

    /** Stops the child; the first cause counts. */
    private void stop(@Nullable Throwable cause) {
        synchronized (this) {
            if (state != State.RUNNING) {
                return;
            }
            state = State.STOPPING;
            failure = cause;
        }
        StopSequence.beginAtOnce(child, this).whenComplete((code, problem) -> {
            if (problem != null || cause != null) { // the rest of the outputs is not needed
                end(problem);
            } else { // the time is over, for the outputs, too
                drained();
            }
        });
    }

    private void endIfComplete() {
        if (stdout.over().isDone() && stderr.over().isDone() && exit.isDone()) {
            if (stdout.size() + stderr.size() > COPIED_HERE) {
                BlockingPool.run(() -> end(null)); // this may be the loop's thread
            } else {
                end(null);
            }
        }
    }

    private void end(@Nullable Throwable problem) {
        boolean timedOut;
        Throwable cause;
        synchronized (this) {
            if (state == State.OVER) {
                return;
            }
            timedOut = state == State.STOPPING;
            state = State.OVER;
            cause = problem != null ? problem : failure;
            cancelTimers();
        }
        try {
            cause = cause != null ? cause : stdout.failure() != null ? stdout.failure() : stderr.failure();
            boolean accepted = plan.input().length == 0 || child.stdin().hasSent(input);
            child.stdin().abort();
            stdout.finish(); // or they would wait on
            stderr.finish();
            if (cause == null) {
                ProcessOutput result = result(accepted);
                cause = timedOut ? new ProcessTimeoutException(result, Objects.requireNonNull(plan.timeout())) : null;
                if (cause == null) {
                    output.complete(result);
                }
            }
        } catch (Throwable e) { // no memory for the result
            cause = e;
        } finally {
            complete(cause);
        }
    }

    private void complete(@Nullable Throwable cause) {
        if (cause != null) {
            output.completeExceptionally(cause);
        }
        over.complete(null);
    }

    @GuardedBy("this")
    private void cancelTimers() {
        if (timer != null) {
            timer.cancel(false);
        }
        if (drain != null) {
            drain.close();
        }
    }

    private ProcessOutput result(boolean accepted) {
        return new ProcessOutput(
                child.command(),
                exit.join(),
                stdout.bytes(),
                stderr.bytes(),
                plan.charset(),
                accepted,
                stdout.reachedEnd() && stderr.reachedEnd(),
                Duration.ofNanos(System.nanoTime() - plan.startNanos()));
    }
}
