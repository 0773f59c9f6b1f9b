package dev.aiopipe.benchmarks;

import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A line to {@code cat} and back. To be run on one core: {@code taskset -c 0 java …}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RoundTrip {
    /** A child for coroutines. */
    @State(Scope.Benchmark)
    public static class Core {
        private ChildLines child;

        /** Starts it. */
        @Setup(Level.Trial)
        public void start() {
            child = new ChildLines(new ProcessBuilder("cat"));
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void stop() {
            child.close();
        }
    }

    /** A child for futures. */
    @State(Scope.Benchmark)
    public static class Facade {
        private AsyncProcess child;

        /** Starts it. */
        @Setup(Level.Trial)
        public void start() {
            child = AsyncPipes.start(new ProcessBuilder("cat")).join();
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void stop() {
            child.close();
        }
    }

    /** By suspend functions. */
    @Benchmark
    public String coroutines(Core state) {
        return state.child.roundTrip("nineteen characters");
    }

    /** By futures. */
    @Benchmark
    public String futures(Facade state) {
        state.child.stdin().writeLine("nineteen characters").join();
        return state.child.stdout().readLine().join();
    }
}
