package dev.aiopipe.benchmarks.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;

/** The JDK's streams, on a thread for each: platform threads or virtual ones. */
final class Jdk extends Contestant {
    private final Executor threads;

    Jdk(Executor threads) {
        super("the JDK has no such thing");
        this.threads = threads;
    }

    /** Threads that live on after their tasks, as in a program; the driver can't count what ended threads did. */
    static Executor platformThreads() {
        return Executors.newCachedThreadPool();
    }

    /** By reflection: this is compiled for JDK 17. */
    static Executor virtualThreads() {
        try {
            return (Executor)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedWork("this JDK has no virtual threads");
        }
    }

    private FutureTask<?> start(Callable<?> task) {
        FutureTask<?> future = new FutureTask<>(task);
        threads.execute(future);
        return future;
    }

    private void all(int count, Callable<?> task) throws Exception {
        List<FutureTask<?>> futures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            futures.add(start(task));
        }
        for (FutureTask<?> future : futures) {
            future.get();
        }
    }

    private static BufferedReader reader(InputStream in) {
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }

    @Override
    Work lines(ProcessBuilder endlessLines) throws IOException {
        BufferedReader reader = reader(endlessLines.start().getInputStream());
        return count -> start(() -> {
                    long chars = 0;
                    for (int i = 0; i < count; i++) {
                        chars += reader.readLine().length();
                    }
                    return chars;
                })
                .get();
    }

    @Override
    Work roundTrips(ProcessBuilder echo, String line, Latencies latencies) throws IOException {
        Process child = echo.start();
        BufferedReader reader = reader(child.getInputStream());
        OutputStream out = child.getOutputStream();
        return count -> start(() -> {
                    latencies.begin(count);
                    for (int i = 0; i < count; i++) {
                        long begin = System.nanoTime();
                        out.write((line + '\n').getBytes(StandardCharsets.UTF_8));
                        out.flush();
                        reader.readLine();
                        latencies.addSince(begin);
                    }
                    return null;
                })
                .get();
    }

    @Override
    Work messages(int pipes) throws IOException {
        Semaphore arrived = new Semaphore(0);
        List<Pipe.SinkChannel> writers = open(pipes, arrived);
        return count -> {
            ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE.length());
            message.put(MESSAGE.getBytes(StandardCharsets.UTF_8)).flip();
            for (int i = 0; i < count; i++) {
                for (Pipe.SinkChannel writer : writers) {
                    writer.write(message.rewind());
                }
                arrived.acquire(pipes);
            }
        };
    }

    private List<Pipe.SinkChannel> open(int pipes, Semaphore arrived) throws IOException {
        List<Pipe.SinkChannel> writers = new ArrayList<>();
        for (int i = 0; i < pipes; i++) {
            Pipe pipe = Pipe.open();
            writers.add(pipe.sink());
            start(() -> {
                BufferedReader reader = reader(Channels.newInputStream(pipe.source()));
                while (reader.readLine() != null) {
                    arrived.release();
                }
                return null;
            });
        }
        return writers;
    }

    @Override
    Work throughput(int blockSize) {
        return count -> {
            Pipe pipe = Pipe.open();
            FutureTask<?> writer = start(() -> {
                ByteBuffer block = ByteBuffer.allocateDirect(blockSize);
                for (int i = 0; i < count; i++) {
                    block.clear();
                    while (block.hasRemaining()) {
                        pipe.sink().write(block);
                    }
                }
                pipe.sink().close();
                return null;
            });
            start(() -> {
                        ByteBuffer block = ByteBuffer.allocateDirect(blockSize);
                        while (pipe.source().read(block) >= 0) {
                            block.clear();
                        }
                        return null;
                    })
                    .get();
            writer.get();
        };
    }

    @Override
    Work toFile(ProcessBuilder source, Path file) {
        return count -> start(() -> {
                    for (int i = 0; i < count; i++) {
                        Process child = source.start();
                        try (OutputStream out = Files.newOutputStream(file)) {
                            child.getInputStream().transferTo(out);
                        }
                        child.waitFor();
                    }
                    return null;
                })
                .get();
    }

    @Override
    Work fromFile(Path file, ProcessBuilder sink) {
        return count -> start(() -> {
                    for (int i = 0; i < count; i++) {
                        Process child = sink.start();
                        try (OutputStream out = child.getOutputStream()) {
                            Files.copy(file, out);
                        }
                        child.waitFor();
                    }
                    return null;
                })
                .get();
    }

    @Override
    Work starts(ProcessBuilder echo, int atOnce) {
        return count -> {
            for (int i = 0; i < count; i++) {
                all(atOnce, () -> {
                    Process child = echo.start();
                    try (OutputStream out = child.getOutputStream()) {
                        out.write("hello\n".getBytes(StandardCharsets.UTF_8));
                        out.flush();
                        reader(child.getInputStream()).readLine();
                    }
                    return child.waitFor();
                });
            }
        };
    }

    @Override
    Work runs(ProcessBuilder program, int atOnce) {
        return count -> {
            for (int i = 0; i < count; i++) {
                all(atOnce, () -> program.start().waitFor());
            }
        };
    }

    @Override
    Work idle(int pipes) {
        List<Pipe.SinkChannel> writers = new ArrayList<>();
        return count -> {
            for (int i = 0; i < count; i++) {
                writers.addAll(open(pipes, new Semaphore(0)));
            }
            Thread.sleep(500); // until all wait
            if (writers.stream().anyMatch(writer -> !writer.isOpen())) {
                throw new UncheckedIOException(new IOException("closed"));
            }
        };
    }
}
