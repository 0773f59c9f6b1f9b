package dev.aiopipe.jvm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The only thread of the executor waits for futures of ours, and brings what they wait for itself. */
@ExtendWith(NothingLeft.class)
class StarvedExecutorTest {
    private final ThreadPoolExecutor executor =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
    private Link link;

    @BeforeEach
    void open() throws Exception {
        link = Kind.PIPE.open(PipeOptions.defaults(), executor);
    }

    @AfterEach
    void close() {
        link.close();
        executor.shutdownNow();
    }

    private <T> T onItsThread(Callable<T> program) throws Exception {
        return executor.submit(program).get(40, TimeUnit.SECONDS);
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    private void write(String text) {
        link.writer().write(text);
    }

    /** Until the executor has what follows on an event. */
    private void awaitQueued() {
        Await.until("the executor has a task", () -> !executor.getQueue().isEmpty());
    }

    @Test
    @DisplayName("J03 a read whose line has come before anybody waits")
    void late() throws Exception {
        assertEquals("line", onItsThread(() -> {
            CompletableFuture<String> line = link.reader().readLine();
            write("line\n");
            awaitQueued();
            return get(line);
        }));
    }

    @Test
    @DisplayName("J03 a read with a timeout, and one that others depend on")
    void dependents() throws Exception {
        onItsThread(() -> {
            CompletableFuture<String> timed = link.reader().readLine().orTimeout(1, TimeUnit.HOURS);
            write("line\n");
            awaitQueued();
            assertEquals("line", get(timed));

            CompletableFuture<String> line = link.reader().readLine();
            CompletableFuture<Integer> length = line.thenApply(String::length);
            write("line\n");
            assertEquals("line", get(line));
            assertEquals(4, get(length));
            return null;
        });
    }

    @Test
    @DisplayName("J03 a dependent stage, and one that reads on")
    void dependentStages() throws Exception {
        onItsThread(() -> {
            CompletableFuture<Integer> length = link.reader().readLine().thenApply(String::length);
            write("line\n");
            assertEquals(4, get(length));

            CompletableFuture<String> second =
                    link.reader().readLine().thenCompose(first -> link.reader().readLine());
            write("first\n");
            awaitQueued();
            write("second\n");
            assertEquals("second", get(second));
            return null;
        });
    }

    @Test
    @DisplayName("J03 a block whose reads wait one after the other")
    void atomically() throws Exception {
        assertEquals("body", onItsThread(() -> {
            CompletableFuture<String> block = link.reader()
                    .atomically(r -> r.readLine()
                            .thenCompose(head -> r.readExactly(Integer.parseInt(head)))
                            .thenApply(String::new));
            write("4\n");
            awaitQueued();
            write("body");
            return get(block);
        }));
    }

    @Test
    @DisplayName("J03 a loop over lines")
    void forEachLine() throws Exception {
        List<String> lines = new CopyOnWriteArrayList<>();
        onItsThread(() -> {
            CompletableFuture<Void> loop = link.reader().forEachLine(lines::add);
            write("a\nb\n");
            link.writer().close();
            return get(loop);
        });
        assertEquals(List.of("a", "b"), lines);
    }

    @Test
    @DisplayName("J03 transfers to a channel and to a writer of the same executor")
    void transfers() throws Exception {
        byte[] data = new byte[1 << 20];
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        onItsThread(() -> {
            link.writer().write(data);
            return get(link.reader().transferTo(Channels.newChannel(target), data.length));
        });
        assertArrayEquals(data, target.toByteArray());
        try (Link to = Kind.PIPE.open(PipeOptions.defaults(), executor)) {
            Thread reading =
                    new Thread(() -> to.reader().readExactly(data.length).join());
            reading.start();
            onItsThread(() -> {
                link.writer().write(data);
                return get(link.reader().transferTo(to.writer(), data.length));
            });
            reading.join();
        }
    }

    @Test
    @DisplayName("J03 a write that waits for its reader, and lines without number")
    void writes() throws Exception {
        byte[] data = new byte[1 << 20];
        Thread reading = new Thread(() -> link.reader().skip(Long.MAX_VALUE).join());
        onItsThread(() -> {
            CompletableFuture<Void> write = link.writer().write(data);
            reading.start();
            awaitQueued();
            get(write);
            get(link.writer().writeLines(Collections.nCopies(200_000, "line")));
            link.writer().close();
            return get(link.writer().onClosed());
        });
        reading.join();
    }

    @Test
    @DisplayName("J03 the start, the exit and the stop of a child")
    void child() throws Exception {
        assertEquals(7, onItsThread(() -> {
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", "read line; exit 7");
            CompletableFuture<AsyncProcess> start =
                    AsyncPipes.start(builder, Map.of(), PipeOptions.defaults(), executor);
            awaitQueued();
            try (AsyncProcess child = get(start)) {
                CompletableFuture<Integer> exit = child.onExit();
                get(child.stdin().writeLine(""));
                awaitQueued();
                assertEquals(7, get(exit));
                return get(child.stop(Duration.ZERO));
            }
        }));
    }

    @Test
    @DisplayName("J03 a second thread that waits goes on when the first one gives up")
    void secondJoiner() throws Exception {
        CompletableFuture<String> line = link.reader().readLine();
        FutureTask<String> first = new FutureTask<>(line::get);
        Thread impatient = new Thread(first);
        impatient.start();
        Await.until(impatient, Thread.State.WAITING);
        assertEquals("line", onItsThread(() -> {
            impatient.interrupt();
            impatient.join();
            write("line\n");
            return get(line);
        }));
    }

    @Test
    @DisplayName("J03 a thread that is interrupted in join goes on, and is interrupted afterwards")
    void interruptedJoiner() throws Exception {
        CompletableFuture<String> line = link.reader().readLine();
        onItsThread(() -> {
            Thread.currentThread().interrupt();
            write("line\n");
            assertEquals("line", line.join());
            assertEquals(true, Thread.interrupted());
            return null;
        });
    }

    @Test
    @DisplayName("J03 the default executor has a thread for each task where the common pool has no parallelism")
    void withoutParallelism() throws Exception {
        CompletableFuture<Void> first = new CompletableFuture<>();
        CompletableFuture<Void> second = new CompletableFuture<>();
        CallbackExecutor.byParallelism(1).execute(() -> {
            second.join();
            first.complete(null);
        });
        CallbackExecutor.byParallelism(1).execute(() -> second.complete(null));
        get(first);
        assertEquals(java.util.concurrent.ForkJoinPool.commonPool(), CallbackExecutor.byParallelism(2));
    }
}
