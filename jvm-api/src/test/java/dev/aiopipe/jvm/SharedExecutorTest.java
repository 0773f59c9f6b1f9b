package dev.aiopipe.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.Claim;
import dev.aiopipe.jvm.internal.future.ExecutorStreams;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Several streams share an executor whose only thread waits for futures that need more than one of them. */
@ExtendWith(NothingLeft.class)
class SharedExecutorTest {
    private final ExecutorService executor = Executors.newFixedThreadPool(1);

    @AfterEach
    void shutDown() {
        executor.shutdownNow();
    }

    private Link open() throws IOException {
        return Kind.PIPE.open(PipeOptions.defaults(), executor);
    }

    private <T> T onItsThread(Callable<T> program) throws Exception {
        return executor.submit(program).get(40, TimeUnit.SECONDS);
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    @Test
    @DisplayName("J03 a future that needs a read of another stream of the same executor")
    void combined() throws Exception {
        try (Link one = open();
                Link other = open()) {
            assertEquals("first second", onItsThread(() -> {
                CompletableFuture<String> both =
                        one.reader().readLine().thenCombine(other.reader().readLine(), (a, b) -> a + " " + b);
                one.writer().write("first\n");
                other.writer().write("second\n");
                return get(both);
            }));
        }
    }

    @Test
    @DisplayName("J03 a writing of the lines of another stream of the same executor")
    void linesOfAnother() throws Exception {
        try (Link from = open();
                Link to = open()) {
            onItsThread(() -> {
                CompletableFuture<Void> writing =
                        to.writer().writeLines(from.reader().lines());
                from.writer().write("a\nb\n");
                from.writer().close();
                return get(writing);
            });
            to.writer().close();
            assertEquals("a\nb\n", get(to.reader().readText()));
        }
    }

    @Test
    @DisplayName("J03 a loop whose action waits for room in another stream of the same executor")
    void loopIntoAnother() throws Exception {
        try (Link from = open();
                Link to = open()) {
            byte[] fill = new byte[1 << 20];
            CompletableFuture<Void> filling = to.writer().write(fill);
            FutureTask<String> reading = new FutureTask<>(() -> {
                to.reader().skip(fill.length).join();
                return to.reader().readLine().join();
            });
            onItsThread(() -> {
                CompletableFuture<Void> loop = from.reader().forEachLineAsync(line -> {
                    CompletableFuture<Void> pending = to.writer().writeLine(line);
                    new Thread(reading).start();
                    return pending;
                });
                from.writer().write("line\n");
                from.writer().close();
                return get(loop);
            });
            get(filling);
            assertEquals("line", reading.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    @DisplayName("J03 a thread that waits leaves the tasks of other streams to an executor that begins some")
    void busyExecutor() {
        ManualExecutor busy = new ManualExecutor();
        ExecutorStreams streams = ExecutorStreams.of(busy);
        CallbackExecutor one = new CallbackExecutor(busy);
        CallbackExecutor other = new CallbackExecutor(busy);
        one.runAnyway(() -> {});
        Claim claim = one.oldest();
        Await.until("the claim is overdue", () -> claim.age() >= CallbackExecutor.PATIENCE_NANOS);
        assertNull(other.takeOverdue(), "nobody has looked whether the executor begins tasks");

        other.runAnyway(() -> {});
        busy.runLast();
        streams.look();
        assertNull(other.takeOverdue());

        streams.look();
        other.runAnyway(() -> {});
        busy.runLast();
        assertNull(other.takeOverdue());

        streams.look();
        streams.look();
        assertNotNull(other.takeOverdue());
        assertTrue(claim.hasBegun());
    }

    @Test
    @DisplayName("J03 neither an executor nor its streams are kept when nobody else holds them")
    void collectable() throws Exception {
        List<WeakReference<?>> ofThisExecutor = lost(executor);
        Executor lost = task -> executor.execute(task);
        List<WeakReference<?>> all = new ArrayList<>(lost(lost));
        all.add(new WeakReference<>(lost));
        all.addAll(ofThisExecutor);
        lost = null;
        Await.until("all are collected", () -> {
            System.gc();
            return all.stream().allMatch(reference -> reference.refersTo(null));
        });
    }

    /** Uses streams of an executor, whose queues hold none of them any more, and closes them. */
    private List<WeakReference<?>> lost(Executor executor) throws Exception {
        try (Link used = Kind.PIPE.open(PipeOptions.defaults(), executor)) {
            CompletableFuture<String> line = used.reader().readLine();
            used.writer().write("line\n");
            assertEquals("line", get(line));
            return List.of(new WeakReference<>(used.reader()), new WeakReference<>(used.writer()));
        }
    }
}
