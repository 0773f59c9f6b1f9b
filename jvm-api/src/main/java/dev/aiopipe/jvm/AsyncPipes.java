package dev.aiopipe.jvm;

import dev.aiopipe.PipeEnd;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.engine.SharedSecrets;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.RelayedFuture;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Opens ends and starts children. Where no executor is given continuations run on the
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
        CallbackExecutor continuations = new CallbackExecutor(executor);
        return RelayedFuture.ofResource(
                () -> SharedSecrets.get().open(end, options),
                input -> AsyncPipeReader.of(input, options, continuations),
                Input::close,
                continuations);
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
        CallbackExecutor continuations = new CallbackExecutor(executor);
        return RelayedFuture.ofResource(
                () -> SharedSecrets.get().open(end, options),
                output -> new AsyncPipeWriter(output, options, continuations),
                Output::abort,
                continuations);
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
     *     from 3 to 9. Nothing is left behind then
     */
    public static CompletableFuture<AsyncProcess> start(ProcessBuilder builder) {
        return start(builder, Map.of());
    }

    /**
     * Starts a child with further descriptors, see {@link #start(ProcessBuilder, Map, PipeOptions, Executor)}.
     *
     * @param builder copied; stays as it is
     * @param passing ends, by the number from 3 to 9 that the child is to see them at; used up by this
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program if it can't be started, with {@link IllegalStateException} if
     *     an end was used already, with {@link IllegalArgumentException} if the command is empty or a number is not
     *     from 3 to 9. Nothing is left behind then
     */
    public static CompletableFuture<AsyncProcess> start(
            ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing) {
        return start(builder, passing, PipeOptions.defaults());
    }

    /**
     * Starts a child with further descriptors, see {@link #start(ProcessBuilder, Map, PipeOptions, Executor)}.
     *
     * @param builder copied; stays as it is
     * @param passing ends, by the number from 3 to 9 that the child is to see them at; used up by this
     * @param options how its pipes are opened
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program if it can't be started, with {@link IllegalStateException} if
     *     an end was used already, with {@link IllegalArgumentException} if the command is empty or a number is not
     *     from 3 to 9. Nothing is left behind then
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
     * @param passing ends, by the number from 3 to 9 that the child is to see them at; used up by this
     * @param options how its pipes are opened
     * @param executor runs what follows on reads, on writes and on the child's exit
     * @return the child, to be {@linkplain AsyncProcess#stop() stopped} or closed; fails with
     *     {@link java.io.IOException} naming the program if it can't be started, with {@link IllegalStateException} if
     *     an end was used already, with {@link IllegalArgumentException} if the command is empty or a number is not
     *     from 3 to 9. Nothing is left behind then
     */
    public static CompletableFuture<AsyncProcess> start(
            ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing, PipeOptions options, Executor executor) {
        Objects.requireNonNull(builder, "builder");
        Objects.requireNonNull(options, "options");
        passing.forEach((number, end) -> {
            Objects.requireNonNull(number, "number of a descriptor to pass");
            Objects.requireNonNull(end, "end to pass");
        });
        CallbackExecutor continuations = new CallbackExecutor(executor);
        return RelayedFuture.ofResource(
                () -> starting(SharedSecrets.get().start(builder, passing, options), List.copyOf(passing.values())),
                child -> new AsyncProcess(child, options, continuations),
                Child::kill,
                continuations);
    }

    private static CompletableFuture<Child> starting(Callable<Child> start, List<PipeEnd> passing) {
        CompletableFuture<Child> starting = new CompletableFuture<>();
        Runnable task = () -> {
            if (starting.isDone()) {
                passing.forEach(PipeEnd::close);
                return;
            }
            try {
                Child child = start.call();
                if (!starting.complete(child)) {
                    child.kill();
                }
            } catch (Throwable e) {
                starting.completeExceptionally(e);
            }
        };
        try {
            BlockingPool.EXECUTOR.execute(task);
        } catch (Throwable e) { // no thread can be had
            passing.forEach(PipeEnd::close);
            starting.completeExceptionally(e);
        }
        return starting;
    }
}
