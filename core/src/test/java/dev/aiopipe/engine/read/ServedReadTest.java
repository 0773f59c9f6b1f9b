package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.ScriptedSource;
import dev.aiopipe.testkit.ScriptedSource.Read;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The thread of the loop reads for a waiter, before it wakes it. */
class ServedReadTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness);
    private final CountingWaiter waiter = new CountingWaiter(input, OPS.line());

    @AfterEach
    void close() {
        input.close();
    }

    @Test
    void theWaiterFindsTheBytes() throws IOException {
        await(waiter);
        source.thenBytes("one\ntwo\n");
        signal();
        assertEquals(1, waiter.woken);
        int reads = source.reads;
        assertEquals("one", input.proceed(waiter, waiter.op));
        assertEquals("two", input.start(waiter.op));
        assertSame(ReadOp.MORE, input.start(waiter.op));
        assertEquals(reads, source.reads, "the source was emptied by a short read");
    }

    @Test
    void halfALineWakesNobody() throws IOException {
        await(waiter);
        source.thenBytes("o");
        signal();
        source.thenBytes("ne");
        signal();
        assertEquals(0, waiter.woken);
        source.thenBytes("\n");
        signal();
        assertEquals(1, waiter.woken);
        assertEquals("one", input.proceed(waiter, waiter.op));
    }

    @Test
    void aPartOfACountWakesNobody() throws IOException {
        CountingWaiter exact = new CountingWaiter(input, OPS.exactly(4));
        await(exact);
        source.thenBytes("abc");
        signal();
        assertEquals(0, exact.woken);
        source.thenBytes("d");
        signal();
        assertEquals(1, exact.woken);
        assertEquals("abcd", new String((byte[]) input.proceed(exact, exact.op), StandardCharsets.UTF_8));
    }

    @Test
    void aSignalWithoutBytesWakesNobody() throws IOException {
        await(waiter);
        signal();
        assertEquals(0, waiter.woken);
        source.thenBytes("one\n");
        signal();
        assertEquals("one", input.proceed(waiter, waiter.op));
    }

    @Test
    @DisplayName("a thread that feeds the source wakes a waiter for which the loop's thread has found nothing before")
    void wokenByAnotherThreadAfterAServe() throws IOException {
        await(waiter);
        signal();
        assertEquals(0, waiter.woken);
        source.thenBytes("one\n");
        readiness.announce();
        assertEquals(1, waiter.woken);
        assertEquals("one", input.proceed(waiter, waiter.op));
    }

    @Test
    void aLineThatIsTooLongWakes() throws IOException {
        await(waiter);
        source.thenBytes("x".repeat(102));
        signal();
        assertEquals(1, waiter.woken);
        assertThrows(dev.aiopipe.LimitExceededException.class, () -> input.proceed(waiter, waiter.op));
    }

    @Test
    void whereMoreIsLikelyTheWaiterReadsOn() throws IOException {
        source.emptyAfterShortRead = false;
        await(waiter);
        source.thenBytes("o").thenBytes("ne\n");
        signal();
        assertEquals(1, waiter.woken);
        assertEquals("one", input.proceed(waiter, waiter.op));
    }

    @Test
    void theEndWakes() throws IOException {
        await(waiter);
        source.thenEnd();
        signal();
        assertEquals(1, waiter.woken);
        assertNull(input.proceed(waiter, waiter.op));
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("R06 a failure that the loop's thread has met is the waiter's, and stays")
    void aFailureWakes() throws IOException {
        IOException failure = new IOException("reset");
        await(waiter);
        source.then(target -> {
            throw failure;
        });
        signal();
        assertEquals(1, waiter.woken);
        assertSame(failure, assertThrows(IOException.class, () -> input.proceed(waiter, waiter.op)));
        assertSame(failure, assertThrows(IOException.class, () -> input.start(waiter.op)));
    }

    @Test
    @DisplayName(
            "R06 a failure of the second try wakes: the first one found nothing, and a signal came before the wait")
    void aFailureOfTheSecondTryWakes() throws IOException {
        IOException failure = new IOException("reset");
        await(waiter);
        source.then(target -> {
                    readiness.announce();
                    return 0;
                })
                .then(target -> {
                    throw failure;
                });
        signal();
        assertEquals(1, waiter.woken);
        assertSame(failure, assertThrows(IOException.class, () -> input.proceed(waiter, waiter.op)));
    }

    @Test
    @DisplayName("R32 a close wakes that comes when the loop's thread has read in vain, and before the waiter waits on")
    void closedBeforeTheNextWait() throws IOException {
        CountingWaiter closed = new CountingWaiter(input, new ForwardingReadOp<>(OPS.line()) {
            @Override
            public boolean mayBeDone(InputBuffer in) {
                input.close();
                return false;
            }
        });
        await(closed);
        source.thenBytes("o").then(target -> {
            throw new ClosedChannelException();
        });
        signal();
        assertEquals(1, closed.woken);
        assertThrows(AsynchronousCloseException.class, () -> input.proceed(closed, closed.op));
    }

    @Test
    void aFailureOfAnEndThatIsNotFinalIsReportedOnce() throws IOException {
        source.endIsFinal = false;
        IOException failure = new IOException("can't be opened anew");
        await(waiter);
        source.then(target -> {
            throw failure;
        });
        signal();
        assertSame(failure, assertThrows(IOException.class, () -> input.proceed(waiter, waiter.op)));
        source.thenBytes("one\n");
        assertEquals("one", input.start(waiter.op));
    }

    @Test
    @DisplayName("R06 a failure that was the news of a read that is cancelled is no later read's")
    void aFailureOfACancelledRead() throws IOException {
        source.endIsFinal = false;
        Read fails = target -> {
            throw new IOException("can't be opened anew");
        };
        source.thenNothing().then(fails);
        await(waiter);
        signal();
        input.abandon(waiter);

        CountingWaiter next = new CountingWaiter(input, OPS.line());
        await(next);
        source.thenBytes("one\n");
        signal();
        assertEquals("one", input.proceed(next, next.op));

        source.then(fails);
        await(waiter);
        signal();
        input.abandon(waiter);
        assertSame(ReadOp.MORE, input.start(waiter.op));
        source.thenBytes("two\n");
        assertEquals("two", input.retry(waiter.op));
    }

    @Test
    void anErrorIsTheWaiters() throws IOException {
        OutOfMemoryError error = new OutOfMemoryError("scripted");
        await(waiter);
        source.then(target -> {
            throw error;
        });
        signal();
        assertSame(error, assertThrows(OutOfMemoryError.class, () -> input.proceed(waiter, waiter.op)));
        source.thenBytes("one\n");
        assertEquals("one", input.start(waiter.op));
    }

    @Test
    @DisplayName("R11 a read that is cancelled while the loop's thread reads for it loses nothing")
    void abandonedMeanwhile() throws Exception {
        await(waiter);
        Thread canceller = new Thread(() -> input.abandon(waiter));
        source.then(target -> {
            canceller.start();
            Await.until("the canceller waits for the slot", () -> canceller.getState() == Thread.State.TIMED_WAITING);
            target.put(new byte[] {'o'});
            return 1;
        });
        signal();
        canceller.join();
        assertNull(readiness.signal(), "nobody waits any more");
        source.thenBytes("ne\n");
        assertEquals("one", input.start(waiter.op));
    }

    @Test
    @DisplayName("R11 a cancellation that meets the loop's thread at any step frees the slot, and ends the wait")
    void abandonedAtAnyStep() throws Exception {
        for (int i = 0; i < 5_000; i++) {
            await(waiter);
            Readiness.Waiter signalled = readiness.signal();
            AtomicBoolean go = new AtomicBoolean();
            int steps = i % 200;
            CompletableFuture<Void> loop = CompletableFuture.runAsync(() -> {
                go.set(true);
                signalled.signalled();
            });
            while (!go.get()) {
                Thread.yield(); // the other thread may need this core
            }
            for (int step = 0; step < steps; step++) {
                Thread.onSpinWait();
            }
            input.abandon(waiter);
            loop.join();
            assertSame(ReadOp.MORE, input.start(waiter.op), "the slot is free");
            assertTrue(input.await(waiter), "nobody waits any more");
            input.abandon(waiter);
        }
    }

    @Test
    void closedMeanwhile() throws IOException {
        await(waiter);
        source.then(target -> {
            input.close();
            return 0;
        });
        signal();
        assertEquals(1, waiter.woken);
        assertThrows(AsynchronousCloseException.class, () -> input.proceed(waiter, waiter.op));
    }

    @Test
    @DisplayName("a read that is cancelled after a close that met the loop's read leaves no memory")
    void closedMeanwhileAndAbandoned() throws IOException {
        await(waiter);
        source.then(target -> {
            input.close();
            target.put(new byte[] {'o'});
            return 1;
        });
        signal();
        input.abandon(waiter);
        assertEquals(0, input.buffer.bytes.length);
    }

    @Test
    void aTransactionThatEndsMeanwhileEndsTheWait() throws Exception {
        ReadTransaction transaction = ReadTransaction.begin(input, null, 100);
        assertSame(ReadOp.MORE, input.start(waiter.op, transaction));
        assertTrue(input.await(waiter));
        Thread ender = new Thread(transaction::rollBack);
        source.then(target -> {
            ender.start();
            Await.until("the end waits for the slot", () -> ender.getState() == Thread.State.TIMED_WAITING);
            target.put(new byte[] {'o'});
            return 1;
        });
        signal();
        ender.join();
        assertEquals(1, waiter.woken);
        assertThrows(IllegalStateException.class, () -> input.proceed(waiter, waiter.op));
        source.thenBytes("ne\n");
        assertEquals("one", input.start(waiter.op));
    }

    @Test
    @DisplayName("a signal of an earlier wait, which comes when the same waiter waits again, leaves one wait at most")
    void staleSignal() throws IOException {
        await(waiter);
        Readiness.Waiter collected = readiness.signal();
        input.abandon(waiter);
        await(waiter);
        source.thenNothing();
        collected.signalled();
        assertEquals(0, waiter.woken);
        source.thenBytes("one\n");
        signal();
        assertEquals("one", input.proceed(waiter, waiter.op));
        await(waiter);
        assertFalse(waiter.woken > 1);
    }

    @Test
    @DisplayName("a wake-up of an earlier wait, which comes when the same waiter waits again, leaves no wait")
    void staleWakeUp() throws IOException {
        await(waiter);
        Readiness.Waiter collected = readiness.signal();
        input.abandon(waiter);
        await(waiter);
        collected.wake();
        source.thenBytes("one\n");
        assertEquals("one", input.proceed(waiter, waiter.op));
        await(waiter);
    }

    @Test
    void aWaiterWithoutTheSlotIsWoken() throws IOException {
        await(waiter);
        Readiness.Waiter collected = readiness.signal();
        input.abandon(waiter);
        int reads = source.reads;
        collected.signalled();
        assertEquals(1, waiter.woken);
        assertEquals(reads, source.reads);
    }

    private void await(CountingWaiter next) throws IOException {
        assertSame(ReadOp.MORE, input.start(next.op));
        assertTrue(input.await(next));
    }

    private void signal() {
        Readiness.Waiter signalled = readiness.signal();
        assertTrue(signalled != null, "nobody waits");
        signalled.signalled();
    }
}
