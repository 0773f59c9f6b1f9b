package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.StopSequence;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.RelayedFuture;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A child process and this side of its pipes. Made by {@link AsyncPipes#start(ProcessBuilder)}. */
public final class AsyncProcess implements AutoCloseable {
    private static final Duration DEFAULT_GRACE = Duration.ofSeconds(5);

    private final Child child;
    private final CallbackExecutor continuations;
    private final AsyncPipeWriter stdin;
    private final AsyncPipeReader stdout;
    private final AsyncPipeReader stderr;

    AsyncProcess(Child child, PipeOptions options, CallbackExecutor continuations) {
        this.child = child;
        this.continuations = continuations;
        this.stdin = new AsyncPipeWriter(child.stdin(), options, continuations);
        this.stdout = AsyncPipeReader.of(child.stdout(), options, continuations);
        this.stderr = AsyncPipeReader.of(child.stderr(), options, continuations);
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
     * What the child reads.
     *
     * @return if it was redirected elsewhere, each write fails with {@link IllegalStateException}
     */
    public AsyncPipeWriter stdin() {
        return stdin;
    }

    /**
     * What the child writes.
     *
     * @return if it was redirected elsewhere, it is at its end
     */
    public AsyncPipeReader stdout() {
        return stdout;
    }

    /**
     * What the child reports.
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
        return RelayedFuture.of(exit, () -> exit.cancel(false), continuations);
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
        return RelayedFuture.of(stopped, () -> stopped.cancel(false), continuations);
    }

    /** Kills the child, and releases everything. Does not wait for the child's end. A second close does nothing. */
    @Override
    public void close() {
        child.kill();
    }

    @Override
    public String toString() {
        return "AsyncProcess[" + child + "]";
    }
}
