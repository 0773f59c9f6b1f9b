package dev.aiopipe.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One message of 20 bytes over each of 1,000 pipes, read by coroutines on one loop: time a message, write to line. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
@Fork(1)
public class ManyPipes {
    private static final int PIPES = 1_000;

    private PipeGroup pipes;

    /** Opens the pipes; each has a coroutine that waits for its line. */
    @Setup(Level.Trial)
    public void open() {
        pipes = new PipeGroup(PIPES);
    }

    /** Closes all. */
    @TearDown(Level.Trial)
    public void close() {
        pipes.close();
    }

    /** One message over each. */
    @Benchmark
    @OperationsPerInvocation(PIPES)
    public void oneMessageEach() {
        pipes.oneMessageEach();
    }
}
