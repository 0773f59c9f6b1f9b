package dev.aiopipe.benchmarks;

import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** All lines of a child that writes 400 MB in lines of 100 bytes, in the ways that read to the end: lines a second. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, batchSize = 1)
@Measurement(iterations = 3, batchSize = 1)
@Fork(1)
public class LineLoops {
    private static final int LINE_BYTES = 100;
    private static final int LINES = 4_000_000;

    private static ProcessBuilder builder() {
        return Producer.java(Producer.class, Integer.toString(LINE_BYTES), Long.toString((long) LINE_BYTES * LINES));
    }

    /** {@code PipeReader.readLine()} in a loop. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long coreReadLine() {
        try (ChildLines child = new ChildLines(builder())) {
            return child.readAll();
        }
    }

    /** {@code AsyncPipeReader.forEachLine}. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long forEachLine() {
        long[] chars = new long[1];
        try (AsyncProcess child = AsyncPipes.start(builder()).join()) {
            child.stdout().forEachLine(line -> chars[0] += line.length()).join();
        }
        return chars[0];
    }

    /** {@code AsyncPipeReader.lines()} with unbounded demand. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long publisher() {
        Summing summing = new Summing();
        try (AsyncProcess child = AsyncPipes.start(builder()).join()) {
            child.stdout().lines().subscribe(summing);
            return summing.sum.join();
        }
    }

    /** {@code BufferedReader} on {@code Process.getInputStream()}. */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public long bufferedReader() throws IOException {
        Process process = builder().start();
        long chars = 0;
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                chars += line.length();
            }
        }
        return chars;
    }

    private static final class Summing implements Flow.Subscriber<String> {
        private final CompletableFuture<Long> sum = new CompletableFuture<>();
        private long chars;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(String line) {
            chars += line.length();
        }

        @Override
        public void onError(Throwable failure) {
            sum.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            sum.complete(chars);
        }
    }
}
