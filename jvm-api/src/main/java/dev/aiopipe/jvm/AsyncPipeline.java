package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.StopSequence;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.RelayedFuture;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Children of which each reads what the one before it writes. The bytes between them never enter this process. Made by
 * {@link AsyncPipes#startPipeline(List)}.
 */
public final class AsyncPipeline implements AutoCloseable {
    private static final Duration DEFAULT_GRACE = Duration.ofSeconds(5);

    private final List<Child> children;
    private final List<AsyncProcess> processes;
    private final CallbackExecutor callbacks;

    AsyncPipeline(List<Child> children, PipeOptions options, CallbackExecutor callbacks) {
        this.children = children;
        this.processes = children.stream()
                .map(child -> new AsyncProcess(child, options, callbacks))
                .toList();
        this.callbacks = callbacks;
    }

    /**
     * Returns what the first stage reads.
     *
     * @return always the same one
     */
    public AsyncPipeWriter stdin() {
        return processes.get(0).stdin();
    }

    /**
     * Returns what the last stage writes.
     *
     * @return always the same one
     */
    public AsyncPipeReader stdout() {
        return processes.get(processes.size() - 1).stdout();
    }

    /**
     * Returns the stages, in their order. Their streams between two stages are not connected here.
     *
     * @return an immutable list
     */
    public List<AsyncProcess> processes() {
        return processes;
    }

    /**
     * Waits for the exits of all stages.
     *
     * @return their exit codes, in the order of the stages. Its cancellation changes nothing for the stages
     */
    public CompletableFuture<List<Integer>> onExit() {
        return all(Child::exit);
    }

    /**
     * Ends all stages side by side, with 5 seconds for each step, see {@link #stop(Duration)}.
     *
     * @return their exit codes, in the order of the stages
     */
    public CompletableFuture<List<Integer>> stop() {
        return stop(DEFAULT_GRACE);
    }

    /**
     * Ends all stages side by side, as {@link AsyncProcess#stop(Duration)} does: closes the first one's stdin; then the
     * stop signal; then KILL. They share the grace.
     *
     * @param grace zero or more
     * @return their exit codes, in the order of the stages; fails with {@link java.io.IOException} if a stage lives on
     *     after KILL
     * @throws IllegalArgumentException if the grace is negative
     */
    public CompletableFuture<List<Integer>> stop(Duration grace) {
        return all(child -> StopSequence.begin(child, grace, grace, false, null, false));
    }

    private CompletableFuture<List<Integer>> all(Function<Child, CompletableFuture<Integer>> action) {
        List<CompletableFuture<Integer>> codes = children.stream().map(action).toList();
        CompletableFuture<List<Integer>> all = CompletableFuture.allOf(codes.toArray(CompletableFuture[]::new))
                .thenApply(
                        ignored -> codes.stream().map(CompletableFuture::join).toList());
        return RelayedFuture.of(all, () -> codes.forEach(code -> code.cancel(false)), callbacks);
    }

    /** Kills all stages, and releases everything. Does not wait for their ends. A second close does nothing. */
    @Override
    public void close() {
        children.forEach(Child::close);
    }

    @Override
    public String toString() {
        return "AsyncPipeline" + processes;
    }
}
