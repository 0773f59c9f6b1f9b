package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.AioPipe;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import dev.aiopipe.jvm.internal.future.RelayedFuture;
import dev.aiopipe.testkit.NothingLeft;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A future that is done has no operation any more: whatever completes it then changes nothing in the stream. */
@ExtendWith(NothingLeft.class)
class CompletedFutureTest {
    private static <T> Consumer<CompletableFuture<T>> obtruding() {
        return future -> {
            T value = future.join();
            future.obtrudeValue(value);
            future.obtrudeException(new Exception("mine"));
        };
    }

    static Stream<Named<Consumer<CompletableFuture<Object>>>> completers() {
        return Stream.of(
                Named.of("cancel", future -> assertFalse(future.cancel(true))),
                Named.of("complete", future -> assertFalse(future.complete(null))),
                Named.of("completeExceptionally", future -> assertFalse(future.completeExceptionally(new Exception()))),
                Named.of("completeAsync", future -> future.completeAsync(() -> null, Runnable::run)),
                Named.of("orTimeout", future -> future.orTimeout(0, TimeUnit.NANOSECONDS)),
                Named.of("completeOnTimeout", future -> future.completeOnTimeout(null, 0, TimeUnit.NANOSECONDS)),
                Named.of("obtrude", obtruding()));
    }

    @SuppressWarnings("unchecked") // only completed by null
    private static <T> T done(CompletableFuture<T> future, Consumer<CompletableFuture<Object>> completer) {
        T value = get(future);
        completer.accept((CompletableFuture<Object>) future);
        return value;
    }

    @ParameterizedTest
    @MethodSource("completers")
    @DisplayName(
            "a future of an open, a read, a write, a loop, a transfer or a block that is done leaves the streams alone")
    void streams(Consumer<CompletableFuture<Object>> completer) throws Exception {
        try (AioPipe pipe = AioPipe.create();
                AsyncPipeReader rx = done(AsyncPipes.open(pipe.rx()), completer);
                AsyncPipeWriter tx = done(AsyncPipes.open(pipe.tx()), completer);
                Link target = Kind.PIPE.open()) {
            done(tx.writeLine("a"), completer);
            done(tx.writeLines(List.of("b", "c")), completer);
            assertEquals("a", done(rx.readLine(), completer));
            assertEquals("b", done(rx.atomically(AsyncPipeReader::readLine), completer));
            assertEquals(2, done(rx.transferTo(target.writer(), 2), completer));
            assertEquals("c", done(target.reader().readLine(), completer));

            CompletableFuture<String> late = rx.readLine();
            done(tx.writeLine("late"), completer);
            assertEquals("late", done(late, completer));
            CompletableFuture<Void> loop = rx.forEachLine(line -> {});
            CompletableFuture<Void> closed = tx.onClosed();
            close(tx);
            done(closed, completer);
            done(loop, completer);
            assertEquals(0, done(rx.readAtMost(1), completer).length);
            target.reader().close();
            done(target.writer().onReaderGone(), completer);
            assertEquals(0, target.writer().owed());
        }
    }

    private static void close(AsyncPipeWriter writer) {
        writer.close();
    }

    @ParameterizedTest
    @MethodSource("completers")
    @DisplayName("a future of a start, an exit or a stop that is done leaves the child alone")
    void children(Consumer<CompletableFuture<Object>> completer) {
        try (AsyncProcess cat = done(AsyncPipes.start(new ProcessBuilder("cat")), completer)) {
            get(cat.stdin().writeLine("line"));
            assertEquals("line", get(cat.stdout().readLine()));
            assertEquals(0, done(cat.stop(Duration.ofSeconds(20)), completer));
            assertEquals(0, done(cat.onExit(), completer));
        }
    }

    @Test
    @DisplayName("a future of an open that has just come to its executor leaves the reader alone")
    void relayed() throws Exception {
        ManualExecutor executor = new ManualExecutor();
        CompletableFuture<String> endpoint = new CompletableFuture<>();
        int[] givenUp = new int[1];
        CompletableFuture<String> relayed =
                RelayedFuture.of(endpoint, () -> givenUp[0]++, new CallbackExecutor(executor));
        endpoint.complete("value");
        assertFalse(relayed.cancel(true), "its outcome is known");
        executor.runAll();

        assertEquals("value", get(relayed));
        assertFalse(relayed.cancel(true));
        assertEquals(0, givenUp[0]);
    }

    @Test
    @DisplayName("two cancels at once: both return true, whichever of them has ended the operation")
    void twoCancels() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        boolean[] withdrawn = new boolean[1];
        Executor executor = Runnable::run;
        PipeFuture<Object> future = new PipeFuture<>(new CallbackExecutor(executor), () -> {
            boolean first = !withdrawn[0];
            withdrawn[0] = true;
            entered.countDown();
            await(leave);
            return first;
        });
        CompletableFuture<Boolean> first = CompletableFuture.supplyAsync(() -> future.cancel(true), this::onThread);
        await(entered);
        CountDownLatch second = new CountDownLatch(1);
        CompletableFuture<Boolean> other = CompletableFuture.supplyAsync(
                () -> {
                    second.countDown();
                    return future.cancel(true);
                },
                this::onThread);
        await(second);
        leave.countDown();

        assertTrue(get(first));
        assertTrue(get(other));
    }

    private void onThread(Runnable task) {
        new Thread(task).start();
    }

    @Test
    @DisplayName("get with a time that is over long ago does not wait")
    void longAgo() {
        CompletableFuture<String> line =
                new ScriptedStream().reader(Runnable::run).readLine();
        for (long timeout : new long[] {Long.MIN_VALUE, -1, 0}) {
            for (TimeUnit unit : TimeUnit.values()) {
                org.junit.jupiter.api.Assertions.assertThrows(TimeoutException.class, () -> line.get(timeout, unit));
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
