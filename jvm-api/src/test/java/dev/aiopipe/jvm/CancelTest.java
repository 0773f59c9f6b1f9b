package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.read.ReaderView;
import dev.aiopipe.jvm.internal.read.SingleRead;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
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

/** Each interleaving of a read and of its cancellation, step by step. */
@ExtendWith(NothingLeft.class)
class CancelTest {
    private final ScriptedStream source = new ScriptedStream();
    private final ManualExecutor executor = new ManualExecutor();
    private final AsyncPipeReader reader = source.reader(executor);

    @Test
    @DisplayName("R23 J02 cancelling a waiting read frees the slot at once and takes nothing")
    void cancelFreesTheSlot() {
        source.arrive("par");
        CompletableFuture<?> first = reader.readLine();

        assertTrue(first.cancel(true));

        assertTrue(first.isCancelled());
        source.arrive("tial\n");
        assertEquals("partial", nextLine());
    }

    @Test
    @DisplayName("J02 a read that was woken, but did not run yet, can be cancelled")
    void cancelBetweenWakeAndTake() {
        CompletableFuture<?> first = reader.readLine();
        source.arrive("line\n").signal();
        assertEquals(1, executor.waiting());

        assertTrue(first.cancel(true));
        assertEquals("line", nextLine());

        executor.runAll();
        assertTrue(first.isCancelled());
    }

    @Test
    @DisplayName("J02 a read whose signal is on its way can be cancelled, and the next one waits anew")
    void cancelBetweenSignalAndWake() {
        CompletableFuture<?> first = reader.readLine();
        var signalled = source.signalOnly();

        assertTrue(first.cancel(true));
        CompletableFuture<String> second = reader.readLine();
        ScriptedStream.wakeUp(signalled);

        assertEquals(0, executor.waiting());
        assertFalse(second.isDone());
        source.arrive("line\n").signal();
        executor.runAll();
        assertEquals("line", get(second));
    }

    @Test
    @DisplayName("J02 cancel returns false once the line is taken, and the future has it")
    void cancelAfterTake() {
        CompletableFuture<String> first = reader.readLine();
        source.arrive("line\n").signal();
        executor.runAll();

        assertFalse(first.cancel(true));
        assertEquals("line", get(first));
    }

    @Test
    @DisplayName("J02 cancel waits for a take that is under way: it takes, cancel returns false")
    void cancelLosesAgainstTake() throws Exception {
        Gate gate = new Gate("value");
        SingleRead<Object> read = gate.startedOn(new ReaderView(reader.core(), null, null));
        CompletableFuture<Object> future = gate.begin(read, this::wakeAndRun);

        CompletableFuture<Boolean> cancelled = gate.whileTaking(() -> future.cancel(true));

        assertFalse(get(cancelled));
        assertEquals("value", get(future));
    }

    @Test
    @DisplayName("J02 cancel waits for a take that is under way: it takes nothing, cancel returns true")
    void cancelWinsAgainstTakeOfNothing() throws Exception {
        Gate gate = new Gate(ReadOp.MORE);
        SingleRead<Object> read = gate.startedOn(new ReaderView(reader.core(), null, null));
        CompletableFuture<Object> future = gate.begin(read, this::wakeAndRun);

        CompletableFuture<Boolean> cancelled = gate.whileTaking(() -> future.cancel(true));

        assertTrue(get(cancelled));
        source.arrive("line\n");
        assertEquals("line", nextLine());
    }

    static Stream<Named<Consumer<CompletableFuture<String>>>> waysToEnd() {
        return Stream.of(
                Named.of("cancel", future -> assertTrue(future.cancel(false))),
                Named.of("complete", future -> assertTrue(future.complete("mine"))),
                Named.of("completeExceptionally", future -> assertTrue(future.completeExceptionally(new Exception()))),
                Named.of("completeAsync", future -> future.completeAsync(() -> "mine", Runnable::run)),
                Named.of(
                        "completeAsync that throws",
                        future -> future.completeAsync(
                                () -> {
                                    throw new IllegalStateException();
                                },
                                Runnable::run)),
                Named.of("obtrudeValue", future -> future.obtrudeValue("mine")),
                Named.of("obtrudeException", future -> future.obtrudeException(new Exception())),
                Named.of("orTimeout", future -> {
                    future.orTimeout(1, TimeUnit.NANOSECONDS);
                    failure(TimeoutException.class, future);
                }),
                Named.of(
                        "completeOnTimeout", future -> get(future.completeOnTimeout("mine", 1, TimeUnit.NANOSECONDS))));
    }

    @ParameterizedTest
    @MethodSource("waysToEnd")
    @DisplayName("J02 whatever completes the future before the line comes: the line stays readable")
    void completedByOthers(Consumer<CompletableFuture<String>> end) {
        CompletableFuture<String> first = reader.readLine();

        end.accept(first);

        assertTrue(first.isDone());
        source.arrive("line\n").signal();
        executor.runAll();
        assertEquals("line", nextLine());
    }

    @ParameterizedTest
    @MethodSource("waysToEnd")
    @DisplayName("J02 whatever completes the future when it was woken: the line stays readable")
    void completedByOthersWhenWoken(Consumer<CompletableFuture<String>> end) {
        CompletableFuture<String> first = reader.readLine();
        source.arrive("line\n").signal();

        end.accept(first);

        assertEquals("line", nextLine());
        executor.runAll();
    }

    @Test
    @DisplayName("a taken line is not replaced by complete, cancel or a timeout")
    void completeAfterTake() {
        CompletableFuture<String> first = reader.readLine();
        source.arrive("line\n").signal();
        executor.runAll();

        assertFalse(first.complete("mine"));
        assertFalse(first.completeExceptionally(new Exception()));
        first.completeAsync(() -> "mine", Runnable::run).orTimeout(1, TimeUnit.NANOSECONDS);
        assertEquals("line", get(first));
    }

    @Test
    @DisplayName("to cancel a future that depends on a read does not reach the read")
    void cancelOfDependent() {
        CompletableFuture<String> first = reader.readLine();
        CompletableFuture<Integer> length = first.thenApply(String::length);
        CompletableFuture<String> copy = first.copy();

        assertTrue(length.cancel(true));
        assertTrue(copy.cancel(true));

        assertFalse(first.isDone());
        failure(ReadPendingException.class, reader.readLine());
        source.arrive("line\n").signal();
        executor.runAll();
        assertEquals("line", get(first));
    }

    @Test
    @DisplayName("a cancelled read leaves its buffer unchanged, and a later one fills it")
    void cancelledReadIntoBuffer() {
        ByteBuffer target = ByteBuffer.allocate(8);
        CompletableFuture<?> first = reader.readExactly(target);
        source.arrive("1234").signal();
        executor.runAll();

        assertTrue(first.cancel(true));

        assertEquals(0, target.position());
        source.arrive("5678");
        CompletableFuture<?> second = reader.readExactly(target);
        source.signal();
        executor.runAll();
        get(second);
        assertArrayEquals("12345678".getBytes(), target.array());
    }

    @Test
    @DisplayName("a skip in pieces that is cancelled behind the first one succeeds with what it has dropped")
    void cancelledSkip() {
        AsyncPipeReader small = new ScriptedStream()
                .arrive("0123456789")
                .reader(executor, PipeOptions.defaults().withMaxLineBytes(4));
        CompletableFuture<Long> skip = small.skip(20);

        assertFalse(skip.cancel(true));
        assertEquals(10L, get(skip));
    }

    @Test
    @DisplayName("a skip that is cancelled before the first piece has dropped nothing")
    void cancelledSkipOfNothing() {
        CompletableFuture<Long> skip = reader.skip(20);
        source.arrive("0123456789").signal();
        executor.runAll();

        assertTrue(skip.cancel(true));
        assertEquals(10, reader.buffered());
    }

    @Test
    @DisplayName("forEachLine: to cancel takes no further line, also from within the action")
    void cancelForEachLine() {
        StringBuilder seen = new StringBuilder();
        source.arrive("a\nb\nc\nd\n");
        CompletableFuture<?>[] loop = new CompletableFuture<?>[1];
        loop[0] = reader.forEachLine(line -> {
            seen.append(line);
            if (line.equals("b")) {
                assertTrue(loop[0].cancel(true));
            }
        });
        executor.runAll();

        assertEquals("ab", seen.toString());
        assertThrows(CancellationException.class, loop[0]::join);
        assertEquals("c", nextLine());
    }

    @Test
    @DisplayName("R06 what came before the stream failed is read first, then the failure")
    void bytesBeforeFailure() {
        IOException broken = new IOException("broken");
        source.arrive("line\nrest").fail(broken);

        assertEquals("line", get(reader.readLine()));
        assertArrayEquals("rest".getBytes(StandardCharsets.UTF_8), get(reader.readAtMost(10)));
        assertEquals(broken, failure(IOException.class, reader.readLine()));
    }

    private void wakeAndRun() {
        source.signal();
        executor.runAll();
    }

    private String nextLine() {
        CompletableFuture<String> next = reader.readLine();
        if (!next.isDone()) {
            wakeAndRun();
        }
        return get(next);
    }

    /** A take that lets others act while it is under way. */
    private static final class Gate {
        private final Object outcome;
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch leave = new CountDownLatch(1);
        private boolean first = true;

        Gate(Object outcome) {
            this.outcome = outcome;
        }

        SingleRead<Object> startedOn(ReaderView view) throws Exception {
            ReadOp<Object> take = in -> {
                if (first) {
                    first = false;
                    return ReadOp.MORE;
                }
                entered.countDown();
                awaitUninterruptibly(leave);
                return outcome;
            };
            assertEquals(ReadOp.MORE, view.start(take));
            return new SingleRead<>(view, take, true);
        }

        CompletableFuture<Object> begin(SingleRead<Object> read, Runnable wakeAndRun) {
            CompletableFuture<Object> future = read.begin();
            new Thread(wakeAndRun).start();
            awaitUninterruptibly(entered);
            return future;
        }

        CompletableFuture<Boolean> whileTaking(java.util.function.BooleanSupplier action) {
            CompletableFuture<Boolean> result = new CompletableFuture<>();
            Thread other = new Thread(() -> result.complete(action.getAsBoolean()));
            other.start();
            Await.until(other, Thread.State.BLOCKED);
            leave.countDown();
            return result;
        }

        private static void awaitUninterruptibly(CountDownLatch latch) {
            try {
                assertTrue(latch.await(20, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
