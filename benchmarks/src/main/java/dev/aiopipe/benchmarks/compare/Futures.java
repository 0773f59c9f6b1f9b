package dev.aiopipe.benchmarks.compare;

import dev.aiopipe.AioPipe;
import dev.aiopipe.jvm.AsyncPipeReader;
import dev.aiopipe.jvm.AsyncPipeWriter;
import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** This library's facade: {@code CompletableFuture}s, most of which the main thread joins at once. */
final class Futures extends Contestant {
    private static final byte[] BYTES = MESSAGE.getBytes(StandardCharsets.UTF_8);

    Futures() {
        super("not written");
    }

    @Override
    Work lines(ProcessBuilder endlessLines) {
        AsyncPipeReader lines = AsyncPipes.start(endlessLines).join().stdout();
        return count -> {
            long chars = 0;
            for (int i = 0; i < count; i++) {
                chars += lines.readLine().join().length();
            }
            if (chars < 0) {
                throw new IllegalStateException("no lines");
            }
        };
    }

    @Override
    Work roundTrips(ProcessBuilder echo, String line, Latencies latencies) {
        AsyncProcess child = AsyncPipes.start(echo).join();
        return count -> {
            latencies.begin(count);
            for (int i = 0; i < count; i++) {
                long begin = System.nanoTime();
                child.stdin().writeLine(line).join();
                child.stdout().readLine().join();
                latencies.addSince(begin);
            }
        };
    }

    @Override
    Work messages(int pipes) throws Exception {
        Semaphore arrived = new Semaphore(0);
        List<AsyncPipeWriter> writers = open(pipes, arrived);
        return count -> {
            for (int i = 0; i < count; i++) {
                writers.forEach(writer -> writer.write(BYTES).join());
                arrived.acquire(pipes);
            }
        };
    }

    private static List<AsyncPipeWriter> open(int pipes, Semaphore arrived) throws Exception {
        List<AsyncPipeWriter> writers = new ArrayList<>();
        for (int i = 0; i < pipes; i++) {
            AioPipe pipe = AioPipe.create();
            AsyncPipes.open(pipe.rx()).join().forEachLine(line -> arrived.release());
            writers.add(AsyncPipes.open(pipe.tx()).join());
        }
        return writers;
    }

    @Override
    Work throughput(int blockSize) {
        return count -> {
            AioPipe pipe = AioPipe.create();
            AsyncPipeReader reader = AsyncPipes.open(pipe.rx()).join();
            AsyncPipeWriter writer = AsyncPipes.open(pipe.tx()).join();
            Thread writing = new Thread(() -> {
                ByteBuffer block = ByteBuffer.allocateDirect(blockSize);
                for (int i = 0; i < count; i++) {
                    writer.write(block.clear()).join();
                }
                writer.close();
            });
            writing.start();
            ByteBuffer block = ByteBuffer.allocateDirect(blockSize);
            while (reader.read(block.clear()).join() >= 0) {}
            writing.join();
            reader.close();
        };
    }

    @Override
    Work toFile(ProcessBuilder source, Path file) {
        return count -> {
            for (int i = 0; i < count; i++) {
                try (AsyncProcess child = AsyncPipes.start(source).join()) {
                    child.stdout().transferTo(file).join();
                    child.onExit().join();
                }
            }
        };
    }

    @Override
    Work fromFile(Path file, ProcessBuilder sink) {
        return count -> {
            for (int i = 0; i < count; i++) {
                try (AsyncProcess child = AsyncPipes.start(sink).join()) {
                    child.stdin().transferFrom(file).join();
                    child.stdin().close();
                    child.onExit().join();
                }
            }
        };
    }

    private static void all(int count, Supplier<CompletableFuture<?>> one) {
        CompletableFuture.allOf(Stream.generate(one).limit(count).toArray(CompletableFuture<?>[]::new))
                .join();
    }

    @Override
    Work starts(ProcessBuilder echo, int atOnce) {
        return count -> {
            for (int i = 0; i < count; i++) {
                all(atOnce, () -> AsyncPipes.start(echo).thenCompose(Futures::talk));
            }
        };
    }

    private static CompletableFuture<?> talk(AsyncProcess child) {
        return child.stdin()
                .writeLine("hello")
                .thenCompose(written -> child.stdout().readLine())
                .thenCompose(answer -> {
                    child.stdin().close();
                    return child.onExit();
                })
                .whenComplete((code, failure) -> child.close());
    }

    @Override
    Work runs(ProcessBuilder program, int atOnce) {
        return count -> {
            for (int i = 0; i < count; i++) {
                all(atOnce, () -> AsyncPipes.run(program));
            }
        };
    }

    @Override
    Work idle(int pipes) {
        List<AsyncPipeWriter> writers = new ArrayList<>();
        return count -> {
            for (int i = 0; i < count; i++) {
                writers.addAll(open(pipes, new Semaphore(0)));
            }
            Thread.sleep(500); // until all wait
            if (writers.stream().anyMatch(writer -> writer.owed() > 0)) {
                throw new IllegalStateException("owed");
            }
        };
    }
}
