package dev.aiopipe.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Stdin, which a forked JMH does not have to itself: lines a second. The contestants take turns.
 *
 * <p>{@code java -cp benchmarks.jar dev.aiopipe.benchmarks.Stdin lines ROUNDS}
 */
public final class Stdin {
    private static final int BYTES_PER_TURN = 100_000_000;
    private static final int WARM_UP_TURNS = 4;

    private Stdin() {}

    /**
     * Measures and prints; or, started by the former, is what is measured.
     *
     * @param arguments what, and the count of rounds
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int number = Integer.parseInt(arguments[1]);
        switch (arguments[0]) {
            case "lines" -> {
                for (int lineBytes : new int[] {20, 100, 1000}) {
                    lines(lineBytes, number);
                }
            }
            case "contest" -> contest(Integer.parseInt(arguments[2]), number);
            default -> throw new IllegalArgumentException("not lines: " + arguments[0]);
        }
    }

    private static BufferedReader theirs() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }

    /** A producer, and a program whose stdin is a pipe from it. */
    private static void lines(int lineBytes, int rounds) throws IOException, InterruptedException {
        ProcessBuilder program =
                Producer.java(Stdin.class, "contest", Integer.toString(rounds), Integer.toString(lineBytes));
        List<Process> both = ProcessBuilder.startPipeline(
                List.of(Producer.builder(lineBytes), program.redirectOutput(Redirect.INHERIT)));
        both.get(1).waitFor();
        both.get(0).destroy();
    }

    /** In that program: both read the one stdin, turn by turn. Where they change over a line may come in two. */
    private static void contest(int lineBytes, int rounds) throws IOException {
        int count = BYTES_PER_TURN / lineBytes;
        StdinLines ours = new StdinLines();
        BufferedReader theirs = theirs();
        List<Double> our = new ArrayList<>();
        List<Double> their = new ArrayList<>();
        for (int turn = -WARM_UP_TURNS; turn < rounds; turn++) {
            long start = System.nanoTime();
            ours.read(count);
            long middle = System.nanoTime();
            for (int i = 0; i < count; i++) {
                if (theirs.readLine() == null) {
                    throw new IOException("stdin has ended");
                }
            }
            long end = System.nanoTime();
            if (turn >= 0) {
                our.add(count * 1e3 / (middle - start));
                their.add(count * 1e3 / (end - middle));
            }
        }
        System.out.printf(
                "lines of %4d bytes, M/s: readLine() %6.2f, BufferedReader(System.in) %6.2f, ratio %.2f%n",
                lineBytes, median(our), median(their), median(our) / median(their));
    }

    private static double median(List<Double> values) {
        Collections.sort(values);
        int size = values.size();
        return (values.get((size - 1) / 2) + values.get(size / 2)) / 2;
    }
}
