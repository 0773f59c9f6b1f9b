package dev.aiopipe.examples.recipes;

import dev.aiopipe.jvm.AsyncPipeReader;
import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.Properties;

/** Recipes of docs/recipes.md. */
public final class Streams {
    private Streams() {}

    // begin
    public static boolean confirm(String question, Duration time) {
        System.out.println(question);
        try (AsyncPipeReader input = AsyncPipes.stdin().join()) {
            return input.withTimeout(time)
                    .readLine()
                    .handle((answer, timeout) -> "yes".equals(answer))
                    .join();
        }
    }

    // end

    // begin
    public static Properties properties(ProcessBuilder program) throws IOException {
        Properties properties = new Properties();
        try (AsyncProcess child = AsyncPipes.start(program).join()) {
            child.stdin().close();
            properties.load(child.stdout().asInputStream()); // parks this thread, virtual or not
        }
        return properties;
    }
    // end
}
