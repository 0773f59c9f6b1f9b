package dev.aiopipe.examples.recipes;

import dev.aiopipe.jvm.AsyncPipeReader;
import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Recipes of docs/recipes.md. */
public final class Talking {
    private Talking() {}

    // begin
    public static CompletableFuture<String> through(ProcessBuilder filter, List<String> lines) {
        return AsyncPipes.start(filter).thenCompose(child -> {
            child.stdin()
                    .writeLines(lines)
                    .whenComplete((none, failure) -> child.stdin().close());
            return child.stdout().readText().whenComplete((text, failure) -> child.close());
        });
    }

    // end

    // begin
    public static CompletableFuture<AsyncProcess> startServer(ProcessBuilder program, Consumer<String> log) {
        byte[] ready = "ready\n".getBytes(StandardCharsets.UTF_8);
        return AsyncPipes.start(program)
                .thenCompose(server -> server.stdout()
                        .withTimeout(Duration.ofSeconds(10))
                        .readUntil(ready)
                        .thenApply(banner -> {
                            server.stdout().forEachLine(log);
                            return server;
                        })
                        .whenComplete((it, failure) -> {
                            if (failure != null) server.close();
                        }));
    }

    // end

    // begin
    public static CompletableFuture<byte[]> readFrame(AsyncPipeReader input, int limit) {
        return input.atomically(it -> it.readExactly(Integer.BYTES).thenCompose(head -> {
            int length = ByteBuffer.wrap(head).getInt();
            return 0 <= length && length <= limit
                    ? it.readExactly(length)
                    : CompletableFuture.failedFuture(new IOException("a frame of " + length + " bytes"));
        }));
    }
    // end
}
