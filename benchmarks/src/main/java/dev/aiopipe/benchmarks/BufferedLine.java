package dev.aiopipe.benchmarks;

import dev.aiopipe.AioPipe;
import dev.aiopipe.jvm.AsyncPipeReader;
import dev.aiopipe.jvm.AsyncPipeWriter;
import dev.aiopipe.jvm.AsyncPipes;
import java.io.IOException;
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

/** The facade's {@code readLine()} with the line buffered already: time a line. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BufferedLine {
    private static final int LINES = 2_000;

    private AsyncPipeReader reader;
    private AsyncPipeWriter writer;

    /** Opens the pipe. */
    @Setup(Level.Trial)
    public void open() throws IOException {
        AioPipe pipe = AioPipe.create();
        reader = AsyncPipes.open(pipe.rx()).join();
        writer = AsyncPipes.open(pipe.tx()).join();
    }

    /** Closes it. */
    @TearDown(Level.Trial)
    public void close() {
        writer.close();
        reader.close();
    }

    /** Fills the buffer: not part of what is measured. */
    @Setup(Level.Invocation)
    public void fill() {
        writer.write("nineteen characters\n".repeat(LINES)).join();
        reader.request(20 * LINES).join();
    }

    /** Reads it. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long readLine() {
        long chars = 0;
        for (int i = 0; i < LINES; i++) {
            chars += reader.readLine().join().length();
        }
        return chars;
    }
}
