package dev.aiopipe.examples.recipes;

import dev.aiopipe.ChildOptions;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;

/** Recipes of docs/recipes.md. */
public final class Ending {
    private Ending() {}

    // begin
    public static CompletableFuture<Integer> stopSoon(AsyncProcess child) {
        return child.stop(Duration.ofSeconds(1), false, Duration.ZERO); // no grace after the end of stdin
    }

    // end

    // begin
    public static CompletableFuture<AsyncProcess> startForLife(ProcessBuilder program) {
        ChildOptions options = ChildOptions.defaults().withStopAtExit(true);
        return AsyncPipes.start(program, Map.of(), PipeOptions.defaults(), options, ForkJoinPool.commonPool());
    }
    // end
}
