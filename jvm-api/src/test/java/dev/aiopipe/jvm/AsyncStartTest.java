package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.aiopipe.AioPipe;
import dev.aiopipe.PipeEnd;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Starts through futures. */
@ExtendWith(NothingLeft.class)
class AsyncStartTest {
    @Test
    @DisplayName("builder and map are copied by the call, and may be changed before the future is done")
    void argumentsAreCopied() throws IOException {
        AioPipe pipe = AioPipe.create();
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", "echo $GREETING; echo three >&3");
        builder.environment().put("GREETING", "hello");
        Map<Integer, PipeEnd> passing = new HashMap<>(Map.of(3, pipe.tx()));

        CompletableFuture<AsyncProcess> starting = AsyncPipes.start(builder, passing);
        passing.clear();
        builder.command("false").environment().clear();

        try (AsyncProcess child = get(starting);
                AsyncPipeReader three = get(AsyncPipes.open(pipe.rx()))) {
            assertEquals("hello", get(child.stdout().readLine()));
            assertEquals("three", get(three.readText()).trim());
        }
        assertEquals(List.of("false"), builder.command());
    }

    @Test
    @DisplayName("an empty command is an IllegalArgumentException, and uses the passed ends up")
    void emptyCommand() throws IOException {
        AioPipe pipe = AioPipe.create();
        failure(IllegalArgumentException.class, AsyncPipes.start(new ProcessBuilder(List.of()), Map.of(3, pipe.tx())));
        try (AsyncPipeReader reader = get(AsyncPipes.open(pipe.rx()))) {
            assertNull(get(reader.readLine()));
        }
    }
}
