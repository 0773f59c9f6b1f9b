package dev.aiopipe.engine;

import dev.aiopipe.PipeEnd;
import dev.aiopipe.PipeLoop;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.WriteEnd;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * What the drivers of this engine, here and in the facade, may do with the public types and nobody else may. The public package
 * installs it when {@link PipeLoop} is initialized.
 */
public abstract class Access {
    private static Access installed;

    /** For the one subclass, which is among the public types. */
    protected Access() {}

    /**
     * The way in.
     *
     * @return always the same one
     */
    public static Access get() {
        PipeLoop.shared(); // initializes the class, starts nothing
        return installed;
    }

    /**
     * Called once, by the public package.
     *
     * @param access the way in
     */
    public static void install(Access access) {
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
    public abstract CompletableFuture<Outbox> open(WriteEnd end, PipeOptions options);

    /**
     * Starts a child; blocks for as long as that takes.
     *
     * @param builder as before, afterwards
     * @param passing further ends, by the number that the child is to see them at; used up by this
     * @param options how its pipes are opened
     * @return the child
     * @throws IOException naming the program, if it can't be started; nothing is left open
     */
    public abstract Child start(ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing, PipeOptions options)
            throws IOException;

    /**
     * The engine of a loop.
     *
     * @param loop the public one
     * @return its engine
     */
    public abstract Loop loop(PipeLoop loop);
}
