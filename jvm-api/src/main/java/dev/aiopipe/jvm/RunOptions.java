package dev.aiopipe.jvm;

import dev.aiopipe.ChildOptions;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.process.Communication;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * How a program is run to its end, or its lines are read. Immutable: each {@code with…} returns a copy.
 *
 * <p>By default: no input, so that the child finds the end of its stdin; 64 MiB for each output; no timeout; a drain of
 * one second; {@link PipeOptions#defaults}, {@link ChildOptions#defaults}, and the executor of {@link AsyncPipes}.
 */
public final class RunOptions {
    private static final RunOptions DEFAULTS = new RunOptions(
            charset -> new byte[0],
            ReadOps.DEFAULT_ALL_LIMIT,
            null,
            Duration.ofSeconds(1),
            PipeOptions.defaults(),
            ChildOptions.defaults(),
            CallbackExecutor.DEFAULT);

    private final Input input;
    private final int limit;
    private final @Nullable Duration timeout;
    private final Duration drain;
    private final PipeOptions pipes;
    private final ChildOptions child;
    private final Executor executor;

    private RunOptions(
            Input input,
            int limit,
            @Nullable Duration timeout,
            Duration drain,
            PipeOptions pipes,
            ChildOptions child,
            Executor executor) {
        this.input = input;
        this.limit = limit;
        this.timeout = timeout;
        this.drain = drain;
        this.pipes = pipes;
        this.child = child;
        this.executor = executor;
    }

    /** The charset may be chosen after a text. */
    private interface Input {
        byte[] encoded(Charset charset);
    }

    /**
     * Returns the default options.
     *
     * @return the defaults
     */
    public static RunOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Chooses all that the child may read.
     *
     * @param bytes not copied: must not change until the run is over
     * @return a copy with it
     */
    public RunOptions withInput(byte[] bytes) {
        Objects.requireNonNull(bytes, "input");
        return new RunOptions(charset -> bytes, limit, timeout, drain, pipes, child, executor);
    }

    /**
     * Chooses all that the child may read.
     *
     * @param text encoded by the charset of the {@link #withPipeOptions pipe options}
     * @return a copy with it
     */
    public RunOptions withInput(String text) {
        Objects.requireNonNull(text, "input");
        return new RunOptions(text::getBytes, limit, timeout, drain, pipes, child, executor);
    }

    /**
     * Limits each output.
     *
     * @param bytes of stdout, and of stderr; zero or more
     * @return a copy with it
     * @throws IllegalArgumentException if bytes is negative
     */
    public RunOptions withLimit(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("limit < 0: " + bytes);
        }
        return new RunOptions(input, bytes, timeout, drain, pipes, child, executor);
    }

    /**
     * Limits the time.
     *
     * @param chosen wall-clock time for all of it, the start included; zero or more
     * @return a copy with it
     * @throws IllegalArgumentException if it is negative
     */
    public RunOptions withTimeout(Duration chosen) {
        return new RunOptions(input, limit, notNegative("timeout", chosen), drain, pipes, child, executor);
    }

    /**
     * Chooses how long an output may stay open after the exit of the child, as a process that the child left behind may
     * hold it. After that the run, or the publisher of lines, ends with what came.
     *
     * @param chosen zero or more
     * @return a copy with it
     * @throws IllegalArgumentException if it is negative
     */
    public RunOptions withDrain(Duration chosen) {
        return new RunOptions(input, limit, timeout, notNegative("drain", chosen), pipes, child, executor);
    }

    /**
     * Chooses how the pipes of the child are opened.
     *
     * @param chosen the options
     * @return a copy with them
     */
    public RunOptions withPipeOptions(PipeOptions chosen) {
        return new RunOptions(
                input, limit, timeout, drain, Objects.requireNonNull(chosen, "pipeOptions"), child, executor);
    }

    /**
     * Chooses how the child is started and ended. By default an orderly exit of the JVM ends it.
     *
     * @param chosen the options
     * @return a copy with them
     */
    public RunOptions withChildOptions(ChildOptions chosen) {
        return new RunOptions(
                input, limit, timeout, drain, pipes, Objects.requireNonNull(chosen, "childOptions"), executor);
    }

    /**
     * Chooses what runs the functions that follow.
     *
     * @param chosen the executor
     * @return a copy with it
     */
    public RunOptions withExecutor(Executor chosen) {
        return new RunOptions(input, limit, timeout, drain, pipes, child, Objects.requireNonNull(chosen, "executor"));
    }

    private static Duration notNegative(String name, Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException(name + " < 0: " + duration);
        }
        return duration;
    }

    Duration drain() {
        return drain;
    }

    PipeOptions pipes() {
        return pipes;
    }

    ChildOptions child() {
        return child;
    }

    Executor executor() {
        return executor;
    }

    /** Returns how to communicate with a child that is started now. */
    Communication.Plan plan() {
        return new Communication.Plan(
                input.encoded(pipes.charset()), limit, drain, timeout, pipes.charset(), System.nanoTime());
    }
}
