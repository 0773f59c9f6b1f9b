package dev.aiopipe.engine;

import dev.aiopipe.ChildOptions;
import dev.aiopipe.PipeEnd;
import dev.aiopipe.PipeLoop;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.ChildSettings;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.write.Output;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * What the drivers of this engine, here and in the facade, may do with the public types and nobody else may. The public package
 * installs it when {@link PipeLoop} is initialized.
 */
public abstract class SharedSecrets {
    private static SharedSecrets installed;

    /** For the one subclass, which is among the public types. */
    protected SharedSecrets() {}

    /**
     * The way in.
     *
     * @return always the same one
     */
    public static SharedSecrets get() {
        PipeLoop.shared(); // initializes the class, starts nothing
        return installed;
    }

    /**
     * Called once, by the public package.
     *
     * @param access the way in
     */
    public static void install(SharedSecrets access) {
        installed = access;
    }

    /**
     * Opens an end: at once if it is half of a pipe or a socket, else on a thread for blocking calls.
     *
     * @param end used up by this
     * @param options how
     * @return the open stream, or an IOException; nothing is left open then, nor if this is cancelled before it is complete
     * @throws IllegalStateException if the end was used already
     */
    public abstract CompletableFuture<Input> open(ReadEnd end, PipeOptions options);

    /**
     * Opens an end: at once if it is half of a pipe or a socket, else on a thread for blocking calls.
     *
     * @param end used up by this
     * @param options how
     * @return the open stream, or an IOException; nothing is left open then, nor if this is cancelled before it is complete
     * @throws IllegalStateException if the end was used already
     */
    public abstract CompletableFuture<Output> open(WriteEnd end, PipeOptions options);

    /**
     * Prepares the start of a child: copies the arguments, which their owner may change from then on.
     *
     * @param builder stays as it is
     * @param passing further ends, by the number that the child is to see them at; used up by the start
     * @param options how its pipes are opened
     * @param settings how it is ended
     * @return starts the child, once, and blocks for as long as that takes; throws an IOException that names the program if it can't be
     *     started, and nothing is left open then. If it is not called, the ends in {@code passing} are the caller's to close
     */
    public abstract Callable<Child> start(
            ProcessBuilder builder,
            Map<Integer, ? extends PipeEnd> passing,
            PipeOptions options,
            ChildSettings settings);

    /**
     * Prepares the start of a pipeline, whose builders it copies.
     *
     * @param stages stay as they are
     * @param options how its pipes are opened
     * @param settings how the stages are ended
     * @return starts the stages, once, and blocks for as long as that takes; if one can't be started, nothing is left
     * @throws IllegalArgumentException if there is no stage, or what is between two stages is redirected
     */
    public abstract Callable<List<Child>> startPipeline(
            List<ProcessBuilder> stages, PipeOptions options, ChildSettings settings);

    /**
     * Returns what the options say about the end of a child.
     *
     * @param options the user's
     * @param stopAtExitByDefault whether the exit of the JVM ends the child if the user has not chosen
     * @return the settings
     */
    public abstract ChildSettings settings(ChildOptions options, boolean stopAtExitByDefault);

    /**
     * The engine of a loop.
     *
     * @param loop the public one
     * @return its engine
     */
    public abstract Loop loop(PipeLoop loop);
}
