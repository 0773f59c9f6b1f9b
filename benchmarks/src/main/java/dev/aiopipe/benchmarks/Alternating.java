package dev.aiopipe.benchmarks;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs benchmarks in turn, again and again, as the speed of a shared machine changes from minute to minute: each round
 * has all contestants. Prints the median of the rounds, and the ratio to the first contestant of the same parameters.
 *
 * <p>{@code java -cp benchmarks.jar dev.aiopipe.benchmarks.Alternating ROUNDS [JMH's own arguments]}
 */
public final class Alternating {
    private Alternating() {}

    /**
     * Runs and prints.
     *
     * @param arguments the count of rounds, then what JMH takes: names, {@code -p}, {@code -i} …
     */
    public static void main(String[] arguments) throws RunnerException, CommandLineOptionException {
        int rounds = Integer.parseInt(arguments[0]);
        String[] rest = List.of(arguments).subList(1, arguments.length).toArray(String[]::new);
        Map<String, List<Double>> scores = new LinkedHashMap<>();
        Map<String, String> units = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            Collection<RunResult> results = new Runner(new OptionsBuilder()
                            .parent(new CommandLineOptions(rest))
                            .verbosity(VerboseMode.SILENT)
                            .build())
                    .run();
            for (RunResult result : results) {
                String name = name(result);
                scores.computeIfAbsent(name, absent -> new ArrayList<>())
                        .add(result.getPrimaryResult().getScore());
                units.put(name, result.getPrimaryResult().getScoreUnit());
            }
            System.out.println("round " + (round + 1) + " of " + rounds);
        }
        print(scores, units);
    }

    private static String name(RunResult result) {
        StringBuilder name = new StringBuilder();
        for (String key : result.getParams().getParamsKeys()) {
            name.append(key)
                    .append('=')
                    .append(result.getParams().getParam(key))
                    .append(' ');
        }
        String benchmark = result.getParams().getBenchmark();
        return name.append(benchmark.substring(benchmark.lastIndexOf('.', benchmark.lastIndexOf('.') - 1) + 1))
                .toString();
    }

    private static void print(Map<String, List<Double>> scores, Map<String, String> units) {
        Map<String, Double> firsts = new LinkedHashMap<>();
        System.out.printf("%-48s %14s %14s %14s %8s%n", "benchmark", "median", "lowest", "highest", "ratio");
        scores.keySet().stream().sorted().forEach(name -> {
            List<Double> sorted = scores.get(name).stream().sorted().toList();
            double median = (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2;
            String group = name.substring(0, name.lastIndexOf('.'));
            double first = firsts.computeIfAbsent(group, absent -> median);
            System.out.printf(
                    "%-48s %14.3f %14.3f %14.3f %8.2f %s%n",
                    name, median, sorted.get(0), sorted.get(sorted.size() - 1), median / first, units.get(name));
        });
    }
}
