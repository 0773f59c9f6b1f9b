package dev.aiopipe.jvm;

import dev.aiopipe.ChildOptions;
import dev.aiopipe.CopyTotals;
import dev.aiopipe.DuplexEnd;
import dev.aiopipe.OutputLine;
import dev.aiopipe.PipeEnd;
import dev.aiopipe.PipeLoop;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.PipelineOutput;
import dev.aiopipe.ProcessOutput;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.engine.SharedSecrets;
import dev.aiopipe.engine.loop.AcceptedConnection;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.ChildSettings;
import dev.aiopipe.engine.process.Communication;
import dev.aiopipe.engine.process.PipelineStart;
import dev.aiopipe.engine.process.Run;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.RelayedFuture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Opens ends and starts children. Where no executor is given, callbacks run on the
 * {@linkplain java.util.concurrent.ForkJoinPool#commonPool common pool}, or on a thread for each task where that has no
 * parallelism; where no options are, {@link PipeOptions#defaults} hold.
 *
 * <p>The end of a pipe, and a socket, are open when the method returns: {@code open(end).join()} does not wait. What
 * has a path or a number is opened on a thread for blocking calls; a FIFO without a reader is open for writing when one
 * has come.
 *
 * <p>To cancel the future leaves nothing behind: the end is closed, a child that was started already is killed.
 */
public final class AsyncPipes {
    private AsyncPipes() {}

    /**
     * Opens an end for reading.
     *
     * @param end used up by this
     * @return the reader, to be closed; fails with {@link java.io.IOException} if the end can't be opened, with
     *     {@link IllegalStateException} if it was used or closed already. Nothing is left behind then
     */
    public static CompletableFuture<AsyncPipeReader> open(ReadEnd end) {
        return open(end, PipeOptions.defaults());
    }

    /**
     * Opens an end for reading.
     *
     * @param end used up by this
     * @param options how
     * @return the reader, to be closed; fails with {@link java.io.IOException} if the end can't be opened, with
     *     {@link IllegalStateException} if it was used or closed already. Nothing is left behind then
     */
    public static CompletableFuture<AsyncPipeReader> open(ReadEnd end, PipeOptions options) {
        return open(end, options, CallbackExecutor.DEFAULT);
    }

    /**
     * Opens an end for reading.
     *
     * @param end used up by this
     * @param options how
     * @param executor runs what follows on reads
     * @return the reader, to be closed; fails with {@link java.io.IOException} if the end can't be opened, with
     *     {@link IllegalStateException} if it was used or closed already. Nothing is left behind then
     */
    public static CompletableFuture<AsyncPipeReader> open(ReadEnd end, PipeOptions options, Executor executor) {
        CallbackExecutor callbacks = new CallbackExecutor(executor);
        return RelayedFuture.ofResource(
                () -> SharedSecrets.get().open(end, options),
                input -> AsyncPipeReader.of(input, options, callbacks),
                Input::close,
                callbacks);
    }

    /**
     * Opens an end for writing.
     *
     * @param end used up by this
     * @return the writer, to be closed; fails with {@link java.io.IOException} if the end can't be opened, with
     *     {@link IllegalStateException} if it was used or closed already. Nothing is left behind then
     */
    public static CompletableFuture<AsyncPipeWriter> open(WriteEnd end) {
        return open(end, PipeOptions.defaults());
    }

    /**
     * Opens an end for writing.
     *
     * @param end used up by this
     * @param options how
     * @return the writer, to be closed; fails with {@link java.io.IOException} if the end can't be opened, with
     *     {@link IllegalStateException} if it was used or closed already. Nothing is left behind then
     */
    public static CompletableFuture<AsyncPipeWriter> open(WriteEnd end, PipeOptions options) {
        return open(end, options, CallbackExecutor.DEFAULT);
    }

    /**
     * Opens an end for writing.
     *
     * @param end used up by this
     * @param options how
     * @param executor runs what follows on writes
     * @return the writer, to be closed; fails with {@link java.io.IOException} if the end can't be opened, with
     *     {@link IllegalStateException} if it was used or closed already. Nothing is left behind then
     */
    public static CompletableFuture<AsyncPipeWriter> open(WriteEnd end, PipeOptions options, Executor executor) {
        CallbackExecutor callbacks = new CallbackExecutor(executor);
        return RelayedFuture.ofResource(
                () -> SharedSecrets.get().open(end, options),
                output -> new AsyncPipeWriter(output, options, callbacks),
                Output::abort,
                callbacks);
    }

    /**
     * Accepts a connection, see {@link #accept(ServerSocketChannel, PipeLoop, Executor)}.
     *
     * @param server becomes non-blocking
     * @return the connection, for {@link DuplexEnd#of}
     */
    public static CompletableFuture<SocketChannel> accept(ServerSocketChannel server) {
        return accept(server, PipeLoop.shared(), CallbackExecutor.DEFAULT);
    }

    /**
     * Accepts a connection. One call at a time. To stop a server, cancel the future or close the channel; the call
     * notices the close within 0.1 s. If the future is cancelled, no connection was accepted, or it was closed.
     *
     * @param server becomes non-blocking
     * @param loop waits for the connection
     * @param executor runs what follows
     * @return the connection, for {@link DuplexEnd#of}; fails with {@link java.nio.channels.AcceptPendingException} if
     *     another call waits, with {@link java.io.IOException} if the channel or the loop is closed
     */
    public static CompletableFuture<SocketChannel> accept(
            ServerSocketChannel server, PipeLoop loop, Executor executor) {
        return RelayedFuture.ofResource(
                () -> accepted(server, loop),
                connection -> connection,
                AsyncPipes::closeUnwanted,
                new CallbackExecutor(executor));
    }

    private static CompletableFuture<SocketChannel> accepted(ServerSocketChannel server, PipeLoop loop) {
        try {
            return AcceptedConnection.begin(server, SharedSecrets.get().loop(loop));
        } catch (IOException | IllegalStateException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static void closeUnwanted(SocketChannel connection) {
        try {
            connection.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Copies both directions between two sides with the default options, see {@link #copyBidirectional(DuplexEnd,
     * DuplexEnd, PipeOptions, Executor)}.
     *
     * @param one used up by this
     * @param other used up by this
     * @return how many bytes were copied
     */
    public static CompletableFuture<CopyTotals> copyBidirectional(DuplexEnd one, DuplexEnd other) {
        return copyBidirectional(one, other, PipeOptions.defaults(), CallbackExecutor.DEFAULT);
    }

    /**
     * Copies what each of two sides sends to the other, as a proxy does. When one side has ended, the writer to the
     * other one is closed; this is done when both have ended. Opens both ends, and closes them in any case: after a
     * failure of one direction, or a cancellation, at once.
     *
     * @param one used up by this
     * @param other used up by this
     * @param options of all four streams
     * @param executor runs what follows
     * @return how many bytes were copied; fails with the first failure
     */
    public static CompletableFuture<CopyTotals> copyBidirectional(
            DuplexEnd one, DuplexEnd other, PipeOptions options, Executor executor) {
        BidirectionalCopy copy = new BidirectionalCopy(one, other, options, executor);
        return RelayedFuture.of(copy.begin(), copy::close, new CallbackExecutor(executor));
    }

    /**
     * Opens this process's stdin, see {@link ReadEnd#stdin}.
     *
     * @return as {@link #open(ReadEnd)}
     */
    public static CompletableFuture<AsyncPipeReader> stdin() {
        return open(ReadEnd.stdin());
    }

    /**
     * Opens this process's stdout, see {@link WriteEnd#stdout}.
     *
     * @return as {@link #open(WriteEnd)}
     */
    public static CompletableFuture<AsyncPipeWriter> stdout() {
        return open(WriteEnd.stdout());
    }

    /**
     * Opens this process's stderr, see {@link WriteEnd#stderr}.
     *
     * @return as {@link #open(WriteEnd)}
     */
    public static CompletableFuture<AsyncPipeWriter> stderr() {
        return open(WriteEnd.stderr());
    }

    /**
     * Starts a child whose stdin, stdout and stderr are pipes to this process, see {@link #start(ProcessBuilder, Map,
     * PipeOptions, Executor)}.
     *
     * @param builder copied; stays as it is
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program if it can't be started, with {@link IllegalStateException} if
     *     an end was used already, with {@link IllegalArgumentException} if the command is empty or a number is not
     *     from 0 to 9. Nothing is left behind then
     */
    public static CompletableFuture<AsyncProcess> start(ProcessBuilder builder) {
        return start(builder, Map.of());
    }

    /**
     * Starts a child with further descriptors, see {@link #start(ProcessBuilder, Map, PipeOptions, Executor)}.
     *
     * @param builder copied; stays as it is
     * @param passing ends, by the number from 0 to 9 that the child is to see them at; used up by this
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program if it can't be started, with {@link IllegalStateException} if
     *     an end was used already, with {@link IllegalArgumentException} if the command is empty or a number is not
     *     from 0 to 9. Nothing is left behind then
     */
    public static CompletableFuture<AsyncProcess> start(
            ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing) {
        return start(builder, passing, PipeOptions.defaults());
    }

    /**
     * Starts a child with further descriptors, see {@link #start(ProcessBuilder, Map, PipeOptions, Executor)}.
     *
     * @param builder copied; stays as it is
     * @param passing ends, by the number from 0 to 9 that the child is to see them at; used up by this
     * @param options how its pipes are opened
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program if it can't be started, with {@link IllegalStateException} if
     *     an end was used already, with {@link IllegalArgumentException} if the command is empty or a number is not
     *     from 0 to 9. Nothing is left behind then
     */
    public static CompletableFuture<AsyncProcess> start(
            ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing, PipeOptions options) {
        return start(builder, passing, options, CallbackExecutor.DEFAULT);
    }

    /**
     * Starts a child whose stdin, stdout and stderr are pipes to this process, read and written without threads. What
     * the builder redirects stays redirected, and {@code redirectErrorStream} is honoured. The builder and the map are
     * copied when this is called, and never changed; they may be used again, or changed, at once.
     *
     * <p>The child has blocking descriptors, as any program expects, and none of this process's others. The start
     * itself blocks for a millisecond or so, on a thread for that.
     *
     * @param builder copied; stays as it is
     * @param passing ends, by the number from 0 to 9 that the child is to see them at; used up by this
     * @param options how its pipes are opened
     * @param executor runs what follows on reads, on writes and on the child's exit
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program if it can't be started, with {@link IllegalStateException} if
     *     an end was used already, with {@link IllegalArgumentException} if the command is empty or a number is not
     *     from 0 to 9. Nothing is left behind then
     */
    public static CompletableFuture<AsyncProcess> start(
            ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing, PipeOptions options, Executor executor) {
        return start(builder, passing, options, ChildOptions.defaults(), executor);
    }

    /**
     * Starts a child, see {@link #start(ProcessBuilder, Map, PipeOptions, Executor)}.
     *
     * @param builder copied; stays as it is
     * @param passing ends, by the number from 0 to 9 that the child is to see them at; used up by this
     * @param options how its pipes are opened
     * @param child how it is started and ended; by default the exit of the JVM leaves it alone
     * @param executor runs what follows on reads, on writes and on the child's exit
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails as the other one
     */
    public static CompletableFuture<AsyncProcess> start(
            ProcessBuilder builder,
            Map<Integer, ? extends PipeEnd> passing,
            PipeOptions options,
            ChildOptions child,
            Executor executor) {
        Objects.requireNonNull(builder, "builder");
        Objects.requireNonNull(options, "options");
        passing.forEach((number, end) -> {
            Objects.requireNonNull(number, "number of a descriptor to pass");
            Objects.requireNonNull(end, "end to pass");
        });
        CallbackExecutor callbacks = new CallbackExecutor(executor);
        ChildSettings settings = SharedSecrets.get().settings(child, false);
        List<PipeEnd> ends = List.copyOf(passing.values());
        return RelayedFuture.ofResource(
                () -> starting(
                        SharedSecrets.get().start(builder, passing, options, settings),
                        () -> ends.forEach(PipeEnd::close),
                        Child::close),
                started -> new AsyncProcess(started, options, callbacks),
                Child::close,
                callbacks);
    }

    /**
     * Starts children of which each reads what the one before it writes, with the default options.
     *
     * @param stages copied; stay as they are
     * @return the pipeline, to be {@linkplain AsyncPipeline#stop() stopped} or closed; fails as the other one
     */
    public static CompletableFuture<AsyncPipeline> startPipeline(List<ProcessBuilder> stages) {
        return startPipeline(stages, RunOptions.defaults());
    }

    /**
     * Starts children of which each reads what the one before it writes, as a shell does for {@code a | b | c}. The
     * bytes between them never enter this process. No stage holds an end of another one's.
     *
     * @param stages copied; stay as they are
     * @param options the pipe options, the child options and the executor; the rest is for {@link #runPipeline(List,
     *     RunOptions)}
     * @return the pipeline, to be {@linkplain AsyncPipeline#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program that can't be started, and those before it are killed
     * @throws IllegalArgumentException if there is no stage, or what is between two stages is redirected
     */
    public static CompletableFuture<AsyncPipeline> startPipeline(List<ProcessBuilder> stages, RunOptions options) {
        CallbackExecutor callbacks = new CallbackExecutor(options.executor());
        Callable<List<Child>> start = pipelineStart(stages, options);
        return RelayedFuture.ofResource(
                () -> starting(start, () -> {}, children -> children.forEach(Child::close)),
                children -> new AsyncPipeline(children, options.pipes(), callbacks),
                children -> children.forEach(Child::close),
                callbacks);
    }

    /**
     * Runs a program to its end, with the default options, see {@link #run(ProcessBuilder, RunOptions)}.
     *
     * @param builder copied; stays as it is
     * @return what came of it
     */
    public static CompletableFuture<ProcessOutput> run(ProcessBuilder builder) {
        return run(builder, RunOptions.defaults());
    }

    /**
     * Runs a program to its end, and collects all that comes of it: {@code run(new ProcessBuilder("git",
     * "status")).join()}.
     *
     * <p>Writes the input to the child's stdin and closes it, and collects stdout and stderr side by side. A child that
     * does not read its input has not failed, nor has one that exits with another code than 0:
     * {@link ProcessOutput#orThrow} throws then. A stream that the builder redirects stays redirected, and is empty in
     * the result. To cancel the future stops the child: by the stop signal at once, and by KILL after a second.
     *
     * @param builder copied; stays as it is
     * @param options input, limits and the rest
     * @return what came of it; fails with {@link dev.aiopipe.ProcessTimeoutException}, which has what came until then,
     *     if the child did not end in time; with {@link dev.aiopipe.LimitExceededException}, naming the output that is
     *     too long; with {@link java.io.IOException} naming the program if it can't be started. The child has ended
     *     then
     * @throws IllegalStateException if there is input, and the builder redirects stdin
     */
    public static CompletableFuture<ProcessOutput> run(ProcessBuilder builder, RunOptions options) {
        return running(List.of(builder), options, outputs -> outputs.get(0));
    }

    /**
     * Runs a pipeline to its end, with the default options, see {@link #runPipeline(List, RunOptions)}.
     *
     * @param stages copied; stay as they are
     * @return what came of each stage
     */
    public static CompletableFuture<PipelineOutput> runPipeline(List<ProcessBuilder> stages) {
        return runPipeline(stages, RunOptions.defaults());
    }

    /**
     * Runs a pipeline to its end, and collects what comes of each stage. The input is for the first one; the limit
     * holds for the last one's stdout, and for each one's stderr.
     *
     * @param stages copied; stay as they are
     * @param options input, limits and the rest
     * @return what came of each stage; fails as {@link #run(ProcessBuilder, RunOptions)}, and all stages have ended
     *     then
     * @throws IllegalArgumentException if there is no stage, or what is between two stages is redirected
     * @throws IllegalStateException if there is input, and the first stage's stdin is redirected
     */
    public static CompletableFuture<PipelineOutput> runPipeline(List<ProcessBuilder> stages, RunOptions options) {
        return running(stages, options, PipelineOutput::new);
    }

    /**
     * Gives the lines of a program, with the default options, see {@link #outputLines(ProcessBuilder, RunOptions)}.
     *
     * @param builder copied for each subscriber; stays as it is
     * @return the lines of both outputs
     */
    public static Flow.Publisher<OutputLine> outputLines(ProcessBuilder builder) {
        return outputLines(builder, RunOptions.defaults());
    }

    /**
     * Gives the lines of a program's outputs as they come, and as many as the subscriber asks for. Each subscriber has
     * a child of its own, which is started for it. The child's stdin is at its end. A subscriber that cancels has the
     * child stopped at once: by the stop signal, and by KILL after a second.
     *
     * <p>The last line is that before the ends of both outputs; or, if a process that the child left behind holds one
     * open, the last one that was there when the {@linkplain RunOptions#withDrain drain} after the exit was over. The
     * end is signalled without demand, too. After the last line the exit is looked at: the publisher fails with
     * {@link dev.aiopipe.ProcessFailedException} if its code is not 0, and the output of the exception has the last
     * lines of stderr. It fails with {@link dev.aiopipe.LimitExceededException} at a line longer than
     * {@code maxLineBytes}, and with {@link java.io.IOException} if the program can't be started.
     *
     * @param builder copied for each subscriber; stays as it is
     * @param options the drain, the pipe options, the child options and the executor; the rest is not used
     * @return the lines of both outputs
     */
    public static Flow.Publisher<OutputLine> outputLines(ProcessBuilder builder, RunOptions options) {
        Objects.requireNonNull(builder, "builder");
        SharedSecrets secrets = SharedSecrets.get();
        ChildSettings settings = secrets.settings(options.child(), true);
        return subscriber -> OutputLines.subscribe(
                secrets.start(builder, Map.of(), options.pipes(), settings),
                options,
                new CallbackExecutor(options.executor()),
                Objects.requireNonNull(subscriber, "subscriber"));
    }

    private static <T> CompletableFuture<T> running(
            List<ProcessBuilder> stages, RunOptions options, Function<List<ProcessOutput>, T> result) {
        PipelineStart start = pipelineStart(stages, options);
        Communication.Plan plan = options.plan();
        Redirect stdin = stages.get(0).redirectInput();
        if (plan.input().length > 0 && !Redirect.PIPE.equals(stdin)) {
            throw new IllegalStateException("stdin is redirected: " + stdin);
        }
        Run run = Run.begin(start, plan);
        return RelayedFuture.of(run.output().thenApply(result), run::cancel, new CallbackExecutor(options.executor()));
    }

    private static PipelineStart pipelineStart(List<ProcessBuilder> stages, RunOptions options) {
        SharedSecrets secrets = SharedSecrets.get();
        return secrets.startPipeline(stages, options.pipes(), secrets.settings(options.child(), true));
    }

    private static <T> CompletableFuture<T> starting(Callable<T> start, Runnable discard, Consumer<T> close) {
        CompletableFuture<T> starting = new CompletableFuture<>();
        Runnable task = () -> {
            if (starting.isDone()) {
                discard.run();
                return;
            }
            try {
                T started = start.call();
                if (!starting.complete(started)) {
                    close.accept(started);
                }
            } catch (Throwable e) {
                starting.completeExceptionally(e);
            }
        };
        try {
            BlockingPool.EXECUTOR.execute(task);
        } catch (Throwable e) { // no thread can be had
            discard.run();
            starting.completeExceptionally(e);
        }
        return starting;
    }
}
