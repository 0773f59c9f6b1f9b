package dev.aiopipe.benchmarks.compare;

import dev.aiopipe.benchmarks.compare.Contestant.UnsupportedWork;
import dev.aiopipe.benchmarks.compare.Contestant.Work;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * Runs one work of one contestant on the JVM, for {@code benchmarks/compare/run}.
 *
 * <p>{@code CONTESTANT WORK ARGUMENT WARM-UP COUNT CHILD}
 */
public final class Main {
    private static final int UNSUPPORTED = 3;

    private final String work;
    private final String argument;
    private final String child;
    private final Latencies latencies = new Latencies();

    private Main(String work, String argument, String child) {
        this.work = work;
        this.argument = argument;
        this.child = child;
    }

    /**
     * Runs.
     *
     * @param arguments see above
     */
    public static void main(String[] arguments) throws Exception {
        Main main = new Main(arguments[1], arguments[2], arguments[5]);
        try {
            main.run(contestant(arguments[0]), Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
        } catch (UnsupportedWork e) {
            System.err.println("unsupported: " + e.getMessage());
            System.exit(UNSUPPORTED);
        }
        System.exit(0); // children that still write end by their broken pipe
    }

    private static Contestant contestant(String name) throws Exception {
        return switch (name) {
            case "aiopipe" -> Coroutines.onDefault();
            case "aiopipe-loop" -> Coroutines.onLoop();
            case "aiopipe-futures" -> new Futures();
            case "jdk-thread" -> new Jdk(Jdk.platformThreads());
            case "jdk-virtual" -> new Jdk(Jdk.virtualThreads());
            case "jdk-bare" -> new Bare();
            case "okio" -> new OkioStreams();
            case "ktor" -> new KtorChannels();
            case "nuprocess" -> new NuProcesses();
            default -> throw new UnsupportedWork("no such contestant");
        };
    }

    private void run(Contestant contestant, int warmUp, int count) throws Exception {
        Work prepared = prepare(contestant);
        warmUp(prepared, warmUp);
        boolean idle = work.equals("idle");
        long heap = idle ? usedHeap() : 0;
        System.out.println("ready");
        awaitDriver();
        long compiled = compilationMillis();
        long allocated = Allocation.total();
        long begin = System.nanoTime();
        prepared.run(count);
        long elapsed = System.nanoTime() - begin;
        long nowAllocated = Allocation.total();
        System.out.printf(
                "done {\"ns\": %d, \"p50\": %d, \"p99\": %d, \"allocated\": %d, \"compiled\": %d, \"heap\": %d}%n",
                elapsed,
                latencies.percentile(50),
                latencies.percentile(99),
                nowAllocated - allocated,
                compilationMillis() - compiled,
                idle ? usedHeap() - heap : 0);
        awaitDriver();
    }

    /**
     * Does the work so many times, and again until the driver's time is over: a JIT needs time, however fast the work.
     */
    private static void warmUp(Work prepared, int count) throws Exception {
        String seconds = System.getenv("WARM_SECONDS");
        long end = System.nanoTime() + (seconds == null ? 0 : (long) (1e9 * Double.parseDouble(seconds)));
        do {
            prepared.run(count);
        } while (System.nanoTime() - end < 0);
    }

    private static long compilationMillis() {
        return ManagementFactory.getCompilationMXBean().getTotalCompilationTime();
    }

    private Work prepare(Contestant contestant) throws Exception {
        return switch (work) {
            case "lines" -> contestant.lines(builder("lines", argument));
            case "roundtrip" -> contestant.roundTrips(builder("echo"), "x".repeat(number() - 1), latencies);
            case "messages" -> contestant.messages(number());
            case "throughput" -> contestant.throughput(number());
            case "tofile" -> contestant.toFile(builder("source", argument.split(":")[1]), file());
            case "fromfile" -> contestant.fromFile(file(), builder("sink"));
            case "starts" -> contestant.starts(builder("echo"), number());
            case "runs" -> contestant.runs(new ProcessBuilder("/bin/true"), number());
            case "idle" -> contestant.idle(number());
            default -> throw new UnsupportedWork("no such work");
        };
    }

    private ProcessBuilder builder(String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(arguments);
        builder.command().add(0, child);
        return new ProcessBuilder(builder.command());
    }

    private int number() {
        return Integer.parseInt(argument);
    }

    private Path file() {
        return Path.of(argument.split(":")[0]);
    }

    private static void awaitDriver() throws IOException {
        if (System.in.read() < 0) {
            throw new EOFException("the driver is gone");
        }
    }

    private static long usedHeap() throws InterruptedException {
        for (int i = 0; i < 4; i++) {
            System.gc();
            Thread.sleep(50);
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
