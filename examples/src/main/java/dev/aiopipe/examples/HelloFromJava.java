package dev.aiopipe.examples;

import dev.aiopipe.AioPipe;
import dev.aiopipe.ChildEnd;
import dev.aiopipe.jvm.AsyncPipeReader;
import dev.aiopipe.jvm.AsyncPipes;
import java.io.IOException;

/** A pipe, one end sent to a child, the other read here: with futures, and no Kotlin in sight. */
public final class HelloFromJava {
    private HelloFromJava() {}

    // begin
    public static void main(String[] args) throws IOException {
        try (AioPipe pipe = AioPipe.create()) {
            try (ChildEnd end = pipe.tx().forChild()) {
                new ProcessBuilder("echo", "hi from child")
                        .redirectOutput(end.redirect())
                        .start();
            } // closes our copy, or the reader never sees the end of stream
            try (AsyncPipeReader reader = AsyncPipes.open(pipe.rx()).join()) {
                reader.readLine().thenAccept(System.out::println).join();
            }
        }
    }
    // end
}
