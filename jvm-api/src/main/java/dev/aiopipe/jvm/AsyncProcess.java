package dev.aiopipe.jvm;

import dev.aiopipe.OutputLine;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.ProcessOutput;
import dev.aiopipe.Signal;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.Communication;
import dev.aiopipe.engine.process.StopSequence;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.RelayedFuture;
import dev.aiopipe.jvm.internal.read.OutputLinesSubscription;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/** A child process and this side of its pipes. Made by {@link AsyncPipes#start(ProcessBuilder)}. */
public final class AsyncProcess implements AutoCloseable {
    private static final Duration DEFAULT_GRACE = Duration.ofSeconds(5);

    private final Child child;
    private final PipeOptions options;
    private final CallbackExecutor callbacks;
    private final AsyncPipeWriter stdin;
    private final AsyncPipeReader stdout;
    private final AsyncPipeReader stderr;

    AsyncProcess(Child child, PipeOptions options, CallbackExecutor callbacks) {
        this.child = child;
        this.options = options;
        this.callbacks = callbacks;
        this.stdin = new AsyncPipeWriter(child.stdin(), options, callbacks);
        this.stdout = AsyncPipeReader.of(child.stdout(), options, callbacks);
        this.stderr = AsyncPipeReader.of(child.stderr(), options, callbacks);
    }

    /**
     * The child as the JDK knows it.
     *
     * @return its own streams are not for use: they are not connected, or, in the fallback, read and written by this
     *     library
     */
    public Process process() {
        return child.process();
    }

    /**
     * Returns the writer to the child's stdin.
     *
     * @return if it was redirected elsewhere, each write fails with {@link IllegalStateException}
     */
    public AsyncPipeWriter stdin() {
        return stdin;
    }

    /**
     * Returns the reader of the child's stdout.
     *
     * @return if it was redirected elsewhere, it is at its end
     */
    public AsyncPipeReader stdout() {
        return stdout;
    }

    /**
     * Returns the reader of the child's stderr.
     *
     * @return if it was redirected elsewhere, or into stdout, it is at its end
     */
    public AsyncPipeReader stderr() {
        return stderr;
    }

    /**
     * The child's exit. That is not the end of its output, which a grandchild may keep open.
     *
     * @return its exit code, as {@link Process#exitValue} gives it: 128 plus the signal's number for one that was
     *     killed. To cancel the future changes nothing for the child
     */
    public CompletableFuture<Integer> onExit() {
        CompletableFuture<Integer> exit = child.exit();
        return RelayedFuture.of(exit, () -> exit.cancel(false), callbacks);
    }

    /**
     * Closes the child's stdin, collects what comes of its outputs, and waits for its exit, with the default options.
     *
     * @return what came, see {@link #communicate(RunOptions)}
     */
    public CompletableFuture<ProcessOutput> communicate() {
        return communicate(new byte[0]);
    }

    /**
     * Writes all the rest of the child's input, collects what comes of its outputs from now on, and waits for its exit,
     * with the default options.
     *
     * @param input not copied: must not change until this is over
     * @return what came, see {@link #communicate(RunOptions)}
     */
    public CompletableFuture<ProcessOutput> communicate(byte[] input) {
        return communicate(RunOptions.defaults().withInput(input).withPipeOptions(options));
    }

    /**
     * Writes all the rest of the child's input and closes its stdin, collects what comes of stdout and stderr from now
     * on, side by side, and waits for the exit. The child may have been talked to before. To cancel the future stops
     * the child: by the stop signal at once, and by KILL after a second.
     *
     * @param run input, limit, drain and timeout; the charset of its pipe options is for the result's text. The rest is
     *     not used
     * @return what came; an output that was read to its end before is empty. Fails with
     *     {@link dev.aiopipe.ProcessTimeoutException} or {@link dev.aiopipe.LimitExceededException} as
     *     {@link AsyncPipes#run(ProcessBuilder, RunOptions)}; with {@link java.nio.channels.ReadPendingException} if an
     *     output is being read, with {@link java.nio.channels.ClosedChannelException} if a stream of the child was
     *     closed here, with {@link IllegalStateException} if there is input, and stdin is redirected; nothing has
     *     happened then
     */
    public CompletableFuture<ProcessOutput> communicate(RunOptions run) {
        Communication communication;
        try {
            communication = Communication.begin(child, run.plan());
        } catch (IOException | IllegalStateException e) {
            return callbacks.failed(e);
        }
        return RelayedFuture.of(communication.output(), communication::cancel, callbacks);
    }

    /**
     * Gives the lines of both outputs, labelled, as they come, and as many as the subscriber asks for. It completes
     * after both outputs, without demand too if the child has exited; the exit is for {@link #onExit}. What a
     * subscriber leaves can be read. It fails with {@link dev.aiopipe.LimitExceededException} at a line longer than
     * {@code maxLineBytes}, which stays readable.
     *
     * @return the lines; one subscriber at a time, and no other read of an output while it waits
     */
    public Flow.Publisher<OutputLine> outputLines() {
        return subscriber -> {
            OutputLinesSubscription lines = new OutputLinesSubscription(
                    Objects.requireNonNull(subscriber, "subscriber"), OutputLinesSubscription::complete, callbacks);
            lines.begin();
            lines.attach(child, options);
        };
    }

    /**
     * Sends a signal to the child, or to all of its group if it has its own. Never to a process that got the number of
     * a child that has exited: then this does nothing. The first signal but TERM and KILL blocks for a tenth of a
     * second, in which JNA is loaded.
     *
     * @param signal what is sent
     * @throws IOException if the system refuses
     */
    public void signal(Signal signal) throws IOException {
        child.signal(signal);
    }

    /**
     * Kills the child, and all of its group if it has its own. Does not wait for their ends. The outputs stay readable;
     * {@link #close} or {@link #stop()} is still to be called.
     */
    public void kill() {
        child.kill();
    }

    /**
     * Lets the child live on: closes the streams to it, here. What was written before still goes out. If the child
     * writes on, that is its broken pipe, which ends most programs; redirect its outputs to avoid that.
     */
    public void detach() {
        child.detach();
    }

    /**
     * Ends the child within twice 5 seconds, see {@link #stop(Duration, boolean)}.
     *
     * @return the exit code
     */
    public CompletableFuture<Integer> stop() {
        return stop(DEFAULT_GRACE);
    }

    /**
     * Ends the child, see {@link #stop(Duration, boolean)}.
     *
     * @param grace zero or more
     * @return the exit code
     * @throws IllegalArgumentException if the grace is negative
     */
    public CompletableFuture<Integer> stop(Duration grace) {
        return stop(grace, false);
    }

    /**
     * Ends the child as gently as it lets: closes its stdin, then asks it to end (SIGTERM), then kills it (SIGKILL),
     * each if it has not exited within the grace of the step before.
     *
     * <p>Output that nobody reads is drained meanwhile, so that no full pipe holds the child up. After the exit the
     * pipes are closed, but for an output that somebody is reading, or has a {@code forEachLine} over or a subscription
     * with demand to, or comes to read before anything of it was dropped: that one stays open for its reader. A later
     * read fails with {@link java.nio.channels.ClosedChannelException}. If an output has been read before, draining
     * starts 100 ms later, because its reader may be busy; a {@code forEachLineAsync} that is busy for longer finds it
     * closed, too, as its action may be what waits for this.
     *
     * <p>The steps run on threads of this library. To cancel the future ends the stopping; the child may live on, and
     * {@link #close} is still to be called. An output of which nothing was dropped can be read again then; the others
     * are drained on.
     *
     * @param grace zero or more
     * @param descendants whether the signals go to the child's descendants, too, and those that outlive it are killed.
     *     Those of a child that has exited before can't be found
     * @return the exit code; fails with {@link java.io.IOException}, naming the child, if it lives on a grace (a second
     *     at least) after SIGKILL: another user's, or one that the kernel does not let go. Everything of it here is
     *     closed then
     * @throws IllegalArgumentException if the grace is negative
     */
    public CompletableFuture<Integer> stop(Duration grace, boolean descendants) {
        return stop(grace, descendants, grace);
    }

    /**
     * Ends the child, see {@link #stop(Duration, boolean)}.
     *
     * @param grace zero or more
     * @param descendants whether the signals go to the child's descendants, too, and those that outlive it are killed
     * @param stdinGrace how long the child may take after the end of its stdin; zero asks it to end at once
     * @return the exit code; fails with {@link java.io.IOException} if the child lives on after SIGKILL
     * @throws IllegalArgumentException if a grace is negative
     */
    public CompletableFuture<Integer> stop(Duration grace, boolean descendants, Duration stdinGrace) {
        CompletableFuture<Integer> stopped = StopSequence.begin(child, stdinGrace, grace, descendants, null, false);
        return RelayedFuture.of(stopped, () -> stopped.cancel(false), callbacks);
    }

    /** Kills the child, and releases everything. Does not wait for the child's end. A second close does nothing. */
    @Override
    public void close() {
        child.close();
    }

    @Override
    public String toString() {
        return "AsyncProcess[" + child + "]";
    }
}
