package dev.aiopipe;

import dev.aiopipe.engine.SharedSecrets;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.ChildSettings;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.write.Output;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * The daemon thread that waits for all streams which are opened with it. It runs no user code, unless that asks for it (the
 * {@code dispatcher} extension, {@code Dispatchers.Unconfined}). Safe for use by many threads.
 *
 * <p>The thread is started by the first use and never keeps the JVM alive. Should it die, all its streams fail with the cause. It inherits
 * neither thread-locals nor the context class loader of who uses it first.
 */
public final class PipeLoop implements AutoCloseable {
    static {
        SharedSecrets.install(new SharedSecrets() {
            @Override
            public CompletableFuture<Input> open(ReadEnd end, PipeOptions options) {
                return end.openInput(options);
            }

            @Override
            public CompletableFuture<Output> open(WriteEnd end, PipeOptions options) {
                return end.openOutput(options);
            }

            @Override
            public Callable<Child> start(
                    ProcessBuilder builder,
                    Map<Integer, ? extends PipeEnd> passing,
                    PipeOptions options,
                    ChildSettings settings) {
                return new ProcessStart(builder, passing, options, settings);
            }

            @Override
            public Callable<List<Child>> startPipeline(
                    List<ProcessBuilder> stages, PipeOptions options, ChildSettings settings) {
                return new PipelineStart(stages, options, settings);
            }

            @Override
            public ChildSettings settings(ChildOptions options, boolean stopAtExitByDefault) {
                return options.settings(stopAtExitByDefault);
            }

            @Override
            public Loop loop(PipeLoop loop) {
                return loop.engine();
            }
        });
    }

    private final String name;
    private final boolean shared;
    volatile Loop engine;

    private PipeLoop(String name, boolean shared) {
        this.name = Objects.requireNonNull(name, "name");
        this.shared = shared;
        this.engine = new Loop(name);
    }

    /** What runs this. The shared one that has died is replaced: its streams have failed, and later ones are to work. */
    Loop engine() {
        Loop current = engine;
        return shared && current.hasEnded() ? revived() : current;
    }

    private synchronized Loop revived() {
        if (engine.hasEnded()) {
            engine = new Loop(name);
        }
        return engine;
    }

    /**
     * The loop that is used where none is named. It lives as long as the JVM; should its thread die, what is opened later gets a new one.
     *
     * @return always the same one
     */
    public static PipeLoop shared() {
        return Shared.LOOP;
    }

    /**
     * A loop of one's own, to be closed.
     *
     * @param name the name of its thread
     * @return a new loop
     */
    public static PipeLoop create(String name) {
        return new PipeLoop(name, false);
    }

    /**
     * Fails every read and write that waits, and each later one, with an {@link java.io.IOException} whose cause says that the loop
     * was closed; closes the descriptors of its streams and ends its thread. Waits for the thread, unless called on it. A second
     * close does nothing.
     *
     * @throws IllegalStateException for the {@linkplain #shared shared} loop
     */
    @Override
    public void close() {
        if (shared) {
            throw new IllegalStateException("the shared loop can't be closed");
        }
        engine.close();
    }

    @Override
    public String toString() {
        return engine.toString();
    }

    private static final class Shared {
        static final PipeLoop LOOP = new PipeLoop("aiopipe-loop", true);
    }
}
