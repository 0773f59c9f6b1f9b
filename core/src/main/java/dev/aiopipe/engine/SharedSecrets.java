package dev.aiopipe.engine;

import dev.aiopipe.ChildOptions;
import dev.aiopipe.PipeEnd;
import dev.aiopipe.PipeLoop;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.process.ChildSettings;
import dev.aiopipe.engine.process.PipelineStart;
import dev.aiopipe.engine.process.ProcessStart;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.write.Output;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The door through which the drivers, here and in the facade, reach what the public types hide. The public package
 * installs it when {@link PipeLoop} is initialized.
 */
public abstract class SharedSecrets {
    private static @Nullable SharedSecrets installed;

    /** Called by the one subclass, which is among the public types. */
    protected SharedSecrets() {}

    /** Returns the door. */
    public static SharedSecrets get() {
        // Initializes the class, and starts nothing.
        PipeLoop.shared();
        return Objects.requireNonNull(installed);
    }

    /** Called once, by the public package. */
    public static void install(SharedSecrets secrets) {
        installed = secrets;
    }

    /**
     * Opens an end: at once if it is half of a pipe or a socket, else on a thread for blocking calls.
     *
     * @param end used up by this
     * @param options of the stream
     * @return the open stream, or an IOException. After a failure, or a cancellation before it is complete, nothing is
     *     left open
     * @throws IllegalStateException if the end was used already
     */
    public abstract CompletableFuture<Input> open(ReadEnd end, PipeOptions options);

    /**
     * Opens an end: at once if it is half of a pipe or a socket, else on a thread for blocking calls.
     *
     * @param end used up by this
     * @param options of the stream
     * @return the open stream, or an IOException. After a failure, or a cancellation before it is complete, nothing is
     *     left open
     * @throws IllegalStateException if the end was used already
     */
    public abstract CompletableFuture<Output> open(WriteEnd end, PipeOptions options);

    /**
     * Prepares the start of a child: copies the arguments, which their owner may change from then on.
     *
     * @param builder stays unchanged
     * @param passing further ends by the descriptors that the child gets; used up by the start
     * @param options of the child's streams
     * @param settings how the child is ended
     * @return starts the child. If it is not called, it must be discarded, or the caller must close the ends
     */
    public abstract ProcessStart start(
            ProcessBuilder builder,
            Map<Integer, ? extends PipeEnd> passing,
            PipeOptions options,
            ChildSettings settings);

    /**
     * Prepares the start of a pipeline, whose builders it copies.
     *
     * @param stages stay unchanged
     * @param options of the streams to this process
     * @param settings how the stages are ended
     * @return starts the stages
     * @throws IllegalArgumentException if there is no stage, or a stream between two stages is redirected
     */
    public abstract PipelineStart startPipeline(
            List<ProcessBuilder> stages, PipeOptions options, ChildSettings settings);

    /**
     * Returns what the options say about the end of a child.
     *
     * @param options the user's
     * @param stopAtExitByDefault whether the exit of the JVM ends the child if the user has not chosen
     */
    public abstract ChildSettings settings(ChildOptions options, boolean stopAtExitByDefault);

    /** Returns the reads of a stream with these options. */
    public abstract ReadOps readOps(PipeOptions options);

    /** Returns the engine of a loop. */
    public abstract Loop loop(PipeLoop loop);
}
