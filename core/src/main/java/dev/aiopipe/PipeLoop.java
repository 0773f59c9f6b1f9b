package dev.aiopipe;

import dev.aiopipe.engine.SharedSecrets;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.process.ChildSettings;
import dev.aiopipe.engine.process.PassedEnd;
import dev.aiopipe.engine.process.PipelineStart;
import dev.aiopipe.engine.process.ProcessStart;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.write.Output;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * A daemon thread that waits for all streams which are opened with it. It runs no user code, unless the user asks for
 * that (by the {@code dispatcher} extension, or by {@code Dispatchers.Unconfined}). A loop may be used by many threads.
 *
 * <p>The first stream that needs it, or task, starts the thread. It never keeps the JVM alive. If it dies, all its
 * streams fail with the cause. It inherits neither thread-locals nor the context class loader of its first user.
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
            public ProcessStart start(
                    ProcessBuilder builder,
                    Map<Integer, ? extends PipeEnd> passing,
                    PipeOptions options,
                    ChildSettings settings) {
                Map<Integer, PassedEnd> ends = new TreeMap<>();
                Map<PipeEnd, PassedEnd> passed = new HashMap<>();
                passing.forEach((number, end) -> ends.put(number, passed.computeIfAbsent(end, PipeEnd::passed)));
                return new ProcessStart(builder, ends, options.loop().engine(), options.capacity(), settings);
            }

            @Override
            public PipelineStart startPipeline(
                    List<ProcessBuilder> stages, PipeOptions options, ChildSettings settings) {
                return new PipelineStart(stages, options.loop().engine(), options.capacity(), settings);
            }

            @Override
            public ChildSettings settings(ChildOptions options, boolean stopAtExitByDefault) {
                return options.settings(stopAtExitByDefault);
            }

            @Override
            public ReadOps readOps(PipeOptions options) {
                return options.readOps();
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

    /** Returns the engine. That of the shared loop is replaced after its death, so that later streams work. */
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
     * Returns the loop of all streams whose options name no other. It lives as long as the JVM. If its thread dies,
     * streams that are opened later get a new thread.
     *
     * @return always the same one
     */
    public static PipeLoop shared() {
        return Shared.LOOP;
    }

    /**
     * Makes a loop, which must be closed.
     *
     * @param name the name of its thread
     * @return a new loop
     */
    public static PipeLoop create(String name) {
        return new PipeLoop(name, false);
    }

    /**
     * Fails every read and write that waits, and each later one, with an {@link java.io.IOException} whose cause says
     * that the loop was closed. Closes the descriptors of its streams and ends its thread. Waits for the thread, unless
     * called on it. A second close does nothing.
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
