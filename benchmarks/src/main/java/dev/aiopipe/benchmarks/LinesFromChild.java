package dev.aiopipe.benchmarks;

import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Lines of a child that writes 64 KiB blocks, as Strings: lines a second. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LinesFromChild {
    private static final int LINES = 10_000;

    /** What is common to the contestants. */
    @State(Scope.Benchmark)
    public static class Lines {
        /** The length of a line, with its newline. */
        @Param({"20", "100", "1000"})
        public int lineBytes;
    }

    /** {@code PipeReader.readLine()} in one coroutine. */
    @State(Scope.Benchmark)
    public static class Ours {
        private ChildLines child;

        /** Starts the child. */
        @Setup
        public void start(Lines lines) {
            child = new ChildLines(Producer.builder(lines.lineBytes));
        }

        /** Ends it. */
        @TearDown
        public void stop() {
            child.close();
        }
    }

    /** {@code BufferedReader} on {@code Process.getInputStream()}. */
    @State(Scope.Benchmark)
    public static class Theirs {
        private Process process;
        private BufferedReader reader;

        /** Starts the child. */
        @Setup
        public void start(Lines lines) throws IOException {
            process = Producer.builder(lines.lineBytes).start();
            reader = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        }

        /** Ends it. */
        @TearDown
        public void stop() {
            process.destroyForcibly();
        }
    }

    /** Ours. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long readLine(Ours state) {
        return state.child.read(LINES);
    }

    /** The JDK's. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long bufferedReader(Theirs state) throws IOException {
        long chars = 0;
        for (int i = 0; i < LINES; i++) {
            chars += state.reader.readLine().length();
        }
        return chars;
    }

    /** A child of the facade's. */
    @State(Scope.Benchmark)
    public static class Facade {
        private AsyncProcess child;

        /** Starts the child. */
        @Setup
        public void start(Lines parameters) {
            child = AsyncPipes.start(Producer.builder(parameters.lineBytes)).join();
        }

        /** Ends it. */
        @TearDown
        public void stop() {
            child.close();
        }
    }

    /** The facade's futures, one after the other. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long futureReadLine(Facade state) {
        long chars = 0;
        for (int i = 0; i < LINES; i++) {
            chars += state.child.stdout().readLine().join().length();
        }
        return chars;
    }
}
