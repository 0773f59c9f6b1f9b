package dev.aiopipe.benchmarks.compare;

import dev.aiopipe.jvm.AsyncPipes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * Prints the first line of stdin, and does nothing else: the comparison measures how long that takes from the start.
 */
public final class FirstLine {
    private FirstLine() {}

    /**
     * Reads and prints.
     *
     * @param arguments the contestant
     */
    public static void main(String[] arguments) throws IOException {
        System.out.println(
                switch (arguments[0]) {
                    case "aiopipe" -> FirstLines.inRunBlocking();
                    case "aiopipe-loop" -> FirstLines.onTheLoop();
                    case "aiopipe-futures" ->
                        AsyncPipes.stdin().join().readLine().join();
                    case "jdk-thread" ->
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
                    default -> throw new IllegalArgumentException("no such contestant: " + arguments[0]);
                });
    }
}
