package dev.aiopipe.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.splice.Splicing;
import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares the two ways of a transfer from pipe to pipe: 1 GiB from one {@code cat} to another one, by reads and writes
 * and by splices in turn. Prints, of each way, the median speed and the median CPU time of this process: that of the
 * children is the same.
 *
 * <p>{@code java -cp benchmarks.jar dev.aiopipe.benchmarks.SplicedCats ROUNDS}
 */
public final class SplicedCats {
    private static final long BYTES = 1L << 30;
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private SplicedCats() {}

    /** What one transfer took. */
    private record Cost(double seconds, double cpuSeconds) {}

    /**
     * Runs and prints.
     *
     * @param arguments the count of rounds; the first one is dropped
     */
    public static void main(String[] arguments) throws IOException {
        int rounds = Integer.parseInt(arguments[0]);
        if (!NativeAccess.canAdopt()) {
            throw new IOException("there is no access to the C library here");
        }
        List<Cost> loops = new ArrayList<>();
        List<Cost> splices = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            Cost loop = transfer(Long.MAX_VALUE);
            Cost splice = transfer(0);
            if (round > 0) {
                loops.add(loop);
                splices.add(splice);
            }
        }
        Cost loop = print("reads and writes", loops);
        Cost splice = print("splices", splices);
        System.out.printf(
                "%-18s %6.2f times as fast, %.3f of the CPU time%n",
                "splices", loop.seconds / splice.seconds, splice.cpuSeconds / loop.cpuSeconds);
    }

    private static Cost transfer(long spliceAfter) {
        long before = Splicing.beginAfter(spliceAfter);
        AsyncProcess source = AsyncPipes.start(new ProcessBuilder("sh", "-c", "head -c " + BYTES + " /dev/zero | cat"))
                .join();
        AsyncProcess target = AsyncPipes.start(new ProcessBuilder("cat").redirectOutput(Redirect.DISCARD))
                .join();
        try (source;
                target) {
            long cpu = SYSTEM.getProcessCpuTime();
            long start = System.nanoTime();
            long moved = source.stdout().transferTo(target.stdin()).join();
            target.stdin().close();
            target.onExit().join();
            long end = System.nanoTime();
            long used = SYSTEM.getProcessCpuTime() - cpu;
            if (moved != BYTES) {
                throw new IllegalStateException("moved " + moved + " bytes");
            }
            return new Cost((end - start) / 1e9, used / 1e9);
        } finally {
            Splicing.beginAfter(before);
        }
    }

    private static Cost print(String name, List<Cost> costs) {
        double seconds = median(costs.stream().map(Cost::seconds).sorted().toList());
        double cpu = median(costs.stream().map(Cost::cpuSeconds).sorted().toList());
        System.out.printf("%-18s %6.2f GB/s %8.3f s of CPU time for 1 GiB%n", name, BYTES / seconds / 1e9, cpu);
        return new Cost(seconds, cpu);
    }

    private static double median(List<Double> sorted) {
        return (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2;
    }
}
