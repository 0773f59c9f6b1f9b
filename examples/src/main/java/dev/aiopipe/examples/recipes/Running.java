package dev.aiopipe.examples.recipes;

import dev.aiopipe.ProcessOutput;
import dev.aiopipe.ProcessTimeoutException;
import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import dev.aiopipe.jvm.RunOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Recipes of docs/recipes.md. */
public final class Running {
    private Running() {}

    // begin
    public static String capture(ProcessBuilder program, Duration time) throws IOException {
        RunOptions options = RunOptions.defaults().withLimit(1 << 20).withTimeout(time);
        try {
            return AsyncPipes.run(program, options).join().orThrow().stdoutText();
        } catch (CompletionException e) {
            if (e.getCause() instanceof ProcessTimeoutException timeout) {
                return timeout.output().stdoutText() + "[stopped after " + time + "]";
            }
            throw e;
        }
    }

    // end

    // begin
    public static String build(ProcessBuilder program, Duration time, Consumer<String> show) {
        try (AsyncProcess child = AsyncPipes.start(program).join()) { // kills a child that still runs
            child.stdin().close();
            CompletableFuture<Void> shown = child.stderr().forEachLine(line -> show.accept("build: " + line));
            CompletableFuture<String> kept = child.stdout().readText().thenCombine(shown, (text, none) -> text);
            return kept.orTimeout(time.toMillis(), TimeUnit.MILLISECONDS).join();
        }
    }

    // end

    // begin
    public static CompletableFuture<Void> runAll(
            List<ProcessBuilder> programs, int atOnce, Consumer<ProcessOutput> result) {
        Queue<ProcessBuilder> left = new ConcurrentLinkedQueue<>(programs);
        return CompletableFuture.allOf(
                Stream.generate(() -> runLeft(left, result)).limit(atOnce).toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<Void> runLeft(Queue<ProcessBuilder> left, Consumer<ProcessOutput> result) {
        ProcessBuilder next = left.poll();
        return next == null
                ? CompletableFuture.completedFuture(null)
                : AsyncPipes.run(next).thenAccept(result).thenCompose(done -> runLeft(left, result));
    }
    // end
}
