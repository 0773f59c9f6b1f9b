package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** On which threads user code runs, and what happens if none is given. */
@ExtendWith(NothingLeft.class)
class ExecutorTest {
    private final ExecutorService executor = Executors.newSingleThreadExecutor(task -> new Thread(task, "mine"));

    @AfterEach
    void shutDown() {
        executor.shutdownNow();
    }

    private static String threadName(Object ignored) {
        return Thread.currentThread().getName();
    }

    @Test
    @DisplayName("J03 dependents of reads, writes, onClosed, onExit and stop run on the executor")
    void continuationsRunOnTheExecutor() throws Exception {
        try (AsyncProcess cat = get(
                AsyncPipes.start(new ProcessBuilder("cat"), java.util.Map.of(), PipeOptions.defaults(), executor))) {
            signal(cat, "STOP"); // so that nothing is through before all have asked
            CompletableFuture<String> line = cat.stdout().readLine().thenApply(ExecutorTest::threadName);
            CompletableFuture<String> write =
                    cat.stdin().write(new byte[1 << 20]).thenApply(ExecutorTest::threadName);
            CompletableFuture<String> closed = cat.stdin().onClosed().thenApply(ExecutorTest::threadName);
            CompletableFuture<String> exit = cat.onExit().thenApply(ExecutorTest::threadName);
            signal(cat, "CONT");
            get(cat.stdin().writeLine(""));
            assertEquals("mine", get(line));
            assertEquals("mine", get(write));
            signal(cat, "STOP");
            CompletableFuture<String> stop = cat.stop().thenApply(ExecutorTest::threadName);
            signal(cat, "CONT");
            assertEquals("mine", get(closed));
            assertEquals("mine", get(exit));
            assertEquals("mine", get(stop));
        }
    }

    private static void signal(AsyncProcess child, String name) throws Exception {
        String kill = "kill -" + name + " " + child.process().pid();
        assertEquals(0, new ProcessBuilder("sh", "-c", kill).start().waitFor());
    }

    @Test
    @DisplayName("J03 async continuations without an executor of their own run on this one, too")
    void asyncContinuations() throws Exception {
        try (Link link = Kind.PIPE.open(PipeOptions.defaults(), executor)) {
            CompletableFuture<Void> write = link.writer().writeLine("x");
            assertTrue(write.isDone());
            assertEquals("mine", get(write.thenApplyAsync(ExecutorTest::threadName)));
            assertEquals("mine", get(write.thenApply(x -> x).thenApplyAsync(ExecutorTest::threadName)));
            assertEquals("mine", get(link.reader().readLine().thenApplyAsync(ExecutorTest::threadName)));
        }
    }

    @Test
    @DisplayName("what is there completes on the caller's thread, before the method returns")
    void whatIsThere() throws Exception {
        try (Link link = Kind.PIPE.open(PipeOptions.defaults(), task -> {
            throw new AssertionError("nobody needs the executor");
        })) {
            link.writer().write("a\nb\n");
            assertEquals("a", link.reader().readLine().getNow(null));
            assertEquals("b", link.reader().readLine().getNow(null));
        }
    }

    @Test
    @DisplayName("J03 a callback that blocks stalls no other stream")
    void blockingCallback() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (Link blocked = Kind.PIPE.open(PipeOptions.defaults(), executor);
                Link other = Kind.PIPE.open()) {
            CompletableFuture<?> stuck = blocked.reader().readLine().thenAccept(line -> awaitQuietly(release));
            blocked.writer().writeLine("x");
            for (int i = 0; i < 100; i++) {
                CompletableFuture<String> line = other.reader().readLine();
                other.writer().writeLine("line " + i);
                assertEquals("line " + i, get(line));
            }
            release.countDown();
            get(stuck);
        }
    }

    @Test
    @DisplayName("a read whose executor refuses fails with that, off the loop's thread, and takes nothing")
    void refusedRead() throws Exception {
        ManualExecutor refusing = new ManualExecutor();
        try (Link link = Kind.PIPE.open(PipeOptions.defaults(), refusing)) {
            CompletableFuture<String> line = link.reader().readLine();
            CompletableFuture<String> thread = line.handle((x, failure) -> threadName(x));
            refusing.refuse();
            link.writer().writeLine("line");

            failure(RejectedExecutionException.class, line);
            assertNotEquals("aiopipe-loop", get(thread));
            assertEquals("line", get(link.reader().readLine()));
        }
    }

    @Test
    @DisplayName("a write whose executor refuses has its outcome all the same")
    void refusedWrite() throws Exception {
        ManualExecutor refusing = new ManualExecutor();
        try (Link link = Kind.PIPE.open(PipeOptions.defaults(), refusing)) {
            refusing.refuse();
            CompletableFuture<Void> write = link.writer().write(new byte[1 << 20]);
            get(link.reader().withTimeout(java.time.Duration.ZERO).readAtMost(1));
            link.reader().asInputStream().skipNBytes((1 << 20) - 1);
            get(write);
        }
    }

    @Test
    @DisplayName("a subscriber, forEachLine and a transfer whose executor refuses are told")
    void refusedLoops() throws Exception {
        ManualExecutor refusing = new ManualExecutor();
        refusing.refuse();
        try (Link link = Kind.PIPE.open(PipeOptions.defaults(), refusing);
                Link other = Kind.PIPE.open()) {
            failure(RejectedExecutionException.class, link.reader().forEachLine(line -> {}));
            failure(RejectedExecutionException.class, link.reader().transferTo(other.writer()));
            Collecting<String> subscriber = new Collecting<>(1);
            link.reader().lines().subscribe(subscriber);
            failure(RejectedExecutionException.class, subscriber.done);
            link.writer().writeLine("line");
            assertEquals("line", get(link.reader().readLine()));
        }
    }

    @Test
    @DisplayName(
            "J03 an executor that runs tasks in place runs none on the thread of the loop, nor on that of the timeouts")
    void inPlace() throws Exception {
        try (Link link = Kind.PIPE.open(PipeOptions.defaults(), Runnable::run)) {
            CompletableFuture<String> line = link.reader().readLine().thenApply(ExecutorTest::threadName);
            get(link.writer().writeLine("line"));
            assertFalse(get(line).startsWith("aiopipe-loop"), line::join);

            CompletableFuture<String> late = link.reader()
                    .withTimeout(java.time.Duration.ofMillis(1))
                    .readLine()
                    .handle((x, failure) -> threadName(x));
            assertNotEquals("aiopipe-timer", get(late));

            CompletableFuture<String> loop = link.reader()
                    .forEachLine(text -> assertFalse(threadName(text).startsWith("aiopipe-loop")))
                    .thenApply(ExecutorTest::threadName);
            get(link.writer().writeLine("line"));
            link.writer().close();
            assertFalse(get(loop).startsWith("aiopipe-loop"), loop::join);
        }
    }

    @Test
    @DisplayName("J05 join wraps in CompletionException, get in ExecutionException, both with the original cause")
    void wrapping() throws Exception {
        IOException original = new IOException("mine");
        AsyncPipeReader reader = new ScriptedStream().fail(original).reader(Runnable::run);

        CompletableFuture<String> failed = reader.readLine();
        assertSame(
                original,
                org.junit.jupiter.api.Assertions.assertThrows(CompletionException.class, failed::join)
                        .getCause());
        assertSame(original, failure(IOException.class, failed));
        ScriptedStream later = new ScriptedStream();
        CompletableFuture<String> waiting = later.reader(Runnable::run).readLine();
        later.fail(original).signal();
        assertSame(original, failure(IOException.class, waiting));
        List<String> lines = List.of();
        assertSame(original, failure(IOException.class, reader.forEachLine(lines::add)));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new CompletionException(e);
        }
    }
}
