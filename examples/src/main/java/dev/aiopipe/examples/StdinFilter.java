package dev.aiopipe.examples;

import dev.aiopipe.jvm.AsyncPipeReader;
import dev.aiopipe.jvm.AsyncPipeWriter;
import dev.aiopipe.jvm.AsyncPipes;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/**
 * Writes the lines of stdin in capitals. Reads a line when the last one is written: a slow reader holds the input back.
 */
public final class StdinFilter {
    private StdinFilter() {}

    // begin
    public static void main(String[] args) {
        AsyncPipeReader input = AsyncPipes.stdin().join();
        AsyncPipeWriter output = AsyncPipes.stdout().join();
        CompletableFuture<Void> all = input.forEachLineAsync(line -> output.writeLine(line.toUpperCase(Locale.ROOT)));
        all.join();
        output.close();
        output.onClosed().join(); // all that was written is out
    }
    // end
}
