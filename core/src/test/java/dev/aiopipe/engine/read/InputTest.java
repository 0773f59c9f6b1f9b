package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.IncompleteReadException;
import dev.aiopipe.LimitExceededException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class InputTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness);

    @AfterEach
    void close() {
        input.close();
    }

    @Test
    void readWaitsUntilItIsWoken() throws IOException {
        source.thenBytes("par").thenNothing().thenBytes("tial\n");
        Waiter waiter = new Waiter();
        assertSame(ReadOp.MORE, input.start(LINE));
        assertTrue(input.await(waiter));
        wake();
        assertSame(ReadOp.MORE, input.proceed(waiter, LINE));
        Waiter second = new Waiter();
        assertTrue(input.await(second));
        wake();
        assertEquals("partial", input.proceed(second, LINE));
        assertEquals(1, waiter.woken.get());
        assertEquals(1, second.woken.get());
    }

    @Test
    void shortReadIsFollowedByAWait() throws IOException {
        source.thenBytes("half");
        assertSame(ReadOp.MORE, input.start(LINE));
        assertEquals(1, source.reads);
    }

    @Test
    void shortReadIsFollowedByAnotherWhereItTellsNothing() throws IOException {
        source.emptyAfterShortRead = false;
        source.thenBytes("ha").thenBytes("lf").thenNothing();
        assertSame(ReadOp.MORE, input.start(LINE));
        assertEquals(3, source.reads);
        assertEquals(4, input.buffered());
    }

    @Test
    @DisplayName("R06 what came before a failure is read first, then the failure, again and again")
    void bytesComeBeforeTheFailure() throws IOException {
        source.thenBytes("abc").then(target -> {
            throw new IOException("failed");
        });
        Waiter waiter = new Waiter();
        assertSame(ReadOp.MORE, input.start(OPS.exactly(4)));
        assertTrue(input.await(waiter));
        wake();
        assertThrows(IOException.class, () -> input.proceed(waiter, OPS.exactly(4)));
        assertEquals(3, ((byte[]) input.start(OPS.atMost(10))).length);
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    "failed",
                    assertThrows(IOException.class, () -> input.start(OPS.atMost(10)))
                            .getMessage());
        }
        assertEquals(2, source.reads);
    }

    @Test
    void slotIsFreeAfterAnyFailure() throws IOException {
        source.thenBytes("12345678").thenEnd();
        assertThrows(LimitExceededException.class, () -> input.start(new ReadOps(StandardCharsets.UTF_8, 3).line()));
        source.thenBytes("9");
        assertThrows(
                IllegalStateException.class,
                () -> input.start(in -> {
                    throw new IllegalStateException("a take that fails");
                }));
        Waiter waiter = new Waiter();
        assertSame(ReadOp.MORE, input.start(OPS.exactly(20)));
        input.await(waiter);
        wake();
        assertThrows(IncompleteReadException.class, () -> input.proceed(waiter, OPS.exactly(20)));
        assertEquals("12345678", input.start(LINE));
    }

    @Test
    @DisplayName("R24 a second reader is refused, also while the first one runs")
    void secondReaderIsRefused() throws IOException {
        source.then(target -> {
            assertThrows(ReadPendingException.class, () -> input.start(LINE));
            return 0;
        });
        assertSame(ReadOp.MORE, input.start(LINE));
        assertThrows(ReadPendingException.class, () -> input.start(LINE));
        Waiter waiter = new Waiter();
        assertTrue(input.await(waiter));
        assertThrows(ReadPendingException.class, () -> input.start(LINE));
        assertThrows(ReadPendingException.class, () -> ReadTransaction.begin(input, null, 1));
        source.thenBytes("line\n");
        wake();
        assertEquals("line", input.proceed(waiter, LINE));
    }

    @Test
    void closeDuringAReadFailsIt() {
        source.then(target -> {
            input.close();
            throw new ClosedChannelException();
        });
        assertThrows(AsynchronousCloseException.class, () -> input.start(LINE));
        assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertEquals(1, source.closes);
    }

    @Test
    void closeBetweenReadAndWaitEndsTheWaitAtOnce() throws IOException {
        assertSame(ReadOp.MORE, input.start(LINE));
        input.close();
        Waiter waiter = new Waiter();
        assertFalse(input.await(waiter));
        assertThrows(AsynchronousCloseException.class, () -> input.proceed(waiter, LINE));
        ClosedChannelException later = assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertFalse(later instanceof AsynchronousCloseException);
    }

    @Test
    void closeWakesTheWaiterOnce() throws IOException {
        Waiter waiter = new Waiter();
        input.start(LINE);
        input.await(waiter);
        input.close();
        input.close();
        assertEquals(1, waiter.woken.get());
        assertEquals(1, source.closes);
        AsynchronousCloseException failure =
                assertThrows(AsynchronousCloseException.class, () -> input.proceed(waiter, LINE));
        assertNull(failure.getCause());
    }

    @Test
    @DisplayName("E22 the end of the loop is the cause, for the one who waits and for later ones")
    void endOfTheLoopIsTheCause() throws IOException {
        Throwable cause = new IOException("the loop is closed");
        Waiter waiter = new Waiter();
        input.start(LINE);
        input.await(waiter);
        readiness.close(cause).wake();
        assertSame(
                cause,
                assertThrows(AsynchronousCloseException.class, () -> input.proceed(waiter, LINE))
                        .getCause());
        assertSame(
                cause,
                assertThrows(ClosedChannelException.class, () -> input.start(LINE))
                        .getCause());
    }

    @Test
    void abandonFreesTheSlotAndForgetsTheWaiter() throws IOException {
        Waiter waiter = new Waiter();
        input.start(LINE);
        input.await(waiter);
        input.abandon(waiter);
        assertNull(readiness.signal());
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
        assertThrows(IllegalStateException.class, () -> input.proceed(waiter, LINE));
        assertEquals(0, waiter.woken.get());
    }

    @Test
    void abandonOfAnEarlierWaitDisturbsNobody() throws IOException {
        Waiter early = new Waiter();
        Waiter late = new Waiter();
        input.start(LINE);
        input.await(early);
        input.abandon(early);
        input.start(LINE);
        input.await(late);
        input.abandon(early);
        assertThrows(ReadPendingException.class, () -> input.start(LINE));
        wake();
        assertEquals(1, late.woken.get());
        source.thenBytes("line\n");
        assertEquals("line", input.proceed(late, LINE));
    }

    @Test
    void newsThatReachedAnAbandonedReadAreThereForTheNextOne() throws IOException {
        Waiter waiter = new Waiter();
        source.thenBytes("half ");
        input.start(LINE);
        input.await(waiter);
        source.thenBytes("line\n");
        wake(); // told once
        input.abandon(waiter);
        assertEquals("half line", input.start(LINE));
    }

    @Test
    void newsBeforeTheWaitEndItAtOnce() throws IOException {
        Waiter waiter = new Waiter();
        source.thenBytes("half ").thenBytes("line\n");
        input.start(LINE);
        assertNull(readiness.signal());
        assertFalse(input.await(waiter));
        assertEquals("half line", input.proceed(waiter, LINE));
    }

    @Test
    void finalEndReleasesTheSource() throws IOException {
        source.thenBytes("last").thenEnd();
        source.emptyAfterShortRead = false;
        assertEquals("last", input.start(LINE));
        assertEquals(1, source.closes);
        assertNull(input.start(LINE));
        assertNull(input.start(LINE));
        input.close();
        assertEquals(1, source.closes);
        assertEquals(2, source.reads);
    }

    @Test
    @DisplayName("R04 behind an end that is not final more may come")
    void moreMayComeBehindAnEndThatIsNotFinal() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a").thenEnd().thenBytes("b\n");
        assertEquals("a", input.start(LINE));
        assertNull(input.start(LINE));
        assertEquals("b", input.start(LINE));
        assertEquals(0, source.closes);
    }

    @Test
    @DisplayName("R14 behind a request that saw an end which is not final, the read tells it")
    void requestLeavesTheEndToTheRead() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a\n").thenEnd().thenBytes("b\n");
        assertEquals("a", input.start(LINE));
        assertEquals(false, input.start(new ReadOps(StandardCharsets.UTF_8, 100).requestLine()));
        assertEquals(false, input.start(OPS.request(1)));
        assertNull(input.start(LINE));
        assertEquals("b", input.start(LINE));
    }

    @Test
    void peekTellsTheEndAndLeavesTheBytes() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a").thenEnd().thenBytes("b");
        assertEquals(1, ((ByteBuffer) input.start(OPS.toTransfer(9))).remaining());
        assertEquals(1, ((byte[]) input.start(OPS.atMost(9))).length);
        assertEquals(0, ((ByteBuffer) input.start(OPS.toTransfer(9))).remaining());
        assertEquals(1, ((ByteBuffer) input.start(OPS.toTransfer(9))).remaining());
    }

    @Test
    void endThatIsNotFinalIsForgottenAfterAFailureToo() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("abc").thenEnd().thenBytes("d");
        assertThrows(IncompleteReadException.class, () -> input.start(OPS.exactly(4)));
        assertEquals(4, ((byte[]) input.start(OPS.exactly(4))).length);
    }

    @Test
    @DisplayName("R05 an end that came with the bytes is not told again, where it is not final")
    void endIsToldOnceTogetherWithWhatCameBeforeIt() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a").thenEnd().thenBytes("bc").thenEnd().thenBytes("d").thenEnd();
        assertEquals("a", new String((byte[]) input.start(OPS.all(9)), StandardCharsets.UTF_8));
        assertEquals(2L, input.start(new ReadOps(StandardCharsets.UTF_8, 9).skip(5)));
        assertEquals("d", input.start(new ReadOps(StandardCharsets.UTF_8, 9).line()));
        assertNull(input.start(new ReadOps(StandardCharsets.UTF_8, 9).line()));
        assertSame(ReadOp.MORE, input.start(new ReadOps(StandardCharsets.UTF_8, 9).line()));
    }

    @Test
    @DisplayName("R34 an end that was told is told again behind what is given back")
    void endComesBackToo() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a\nb").thenEnd().thenBytes("next\n");
        ReadOp<String> line = new ReadOps(StandardCharsets.UTF_8, 9).line();
        for (int i = 0; i < 2; i++) {
            ReadTransaction owner = ReadTransaction.begin(input, null, 9);
            assertEquals("a", input.start(line, owner));
            assertEquals("b", input.start(line, owner));
            assertNull(input.start(line, owner));
            assertNull(input.start(line, owner), "the block is at its end");
            owner.rollBack();
        }
        assertEquals("a", input.start(line));
        assertEquals("b", input.start(line));
        assertNull(input.start(line));
        assertEquals("next", input.start(line));
    }

    @Test
    @DisplayName("R34 an end that a block was told is over with the block")
    void endIsPassedWithTheBlock() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a").thenEnd().thenBytes("next\n");
        ReadTransaction owner = ReadTransaction.begin(input, null, 9);
        assertEquals("a", new String((byte[]) input.start(OPS.all(9), owner), StandardCharsets.UTF_8));
        owner.commit();
        assertEquals("next", input.start(new ReadOps(StandardCharsets.UTF_8, 9).line()));
    }

    @Test
    @DisplayName("R24 who was given up, and does not know it yet, is in nobody's way")
    void waiterThatWasGivenUpIsPassedOver() throws IOException {
        ReadOp<String> line = new ReadOps(StandardCharsets.UTF_8, 9).line();
        boolean[] givenUp = {false};
        Readiness.Waiter waiter = new Readiness.Waiter() {
            @Override
            public void wake() {
                // it does not get to run
            }

            @Override
            public boolean isGivenUp() {
                return givenUp[0];
            }
        };
        assertSame(ReadOp.MORE, input.start(line));
        input.await(waiter);
        assertThrows(ReadPendingException.class, () -> input.start(line));
        givenUp[0] = true;
        source.thenBytes("a\nb\n");
        assertEquals("a", input.start(line));
        assertThrows(IllegalStateException.class, () -> input.proceed(waiter, line));
        input.abandon(waiter);
        assertEquals("b", input.start(line));
    }

    @Test
    @DisplayName("R34 a transaction takes up to its limit, and gives all back")
    void transactionRetainsAndPutsBack() throws IOException {
        source.thenBytes("abcdef");
        ReadTransaction transaction = ReadTransaction.begin(input, null, 4);
        assertEquals(3, ((byte[]) input.start(OPS.exactly(3), transaction)).length);
        assertThrows(LimitExceededException.class, () -> input.start(OPS.exactly(3), transaction));
        assertFalse(transaction.isOver());
        transaction.rollBack();
        assertTrue(transaction.isOver());
        assertEquals(6, input.buffered());
        assertEquals("abcdef", new String((byte[]) input.start(OPS.exactly(6)), StandardCharsets.UTF_8));
    }

    @Test
    @DisplayName("R24 while a transaction is open only its own reads get the input")
    void onlyTheTransactionReads() throws IOException {
        source.thenBytes("a\nb\n");
        ReadTransaction transaction = ReadTransaction.begin(input, null, 100);
        assertThrows(ReadPendingException.class, () -> input.start(LINE));
        assertThrows(ReadPendingException.class, () -> ReadTransaction.begin(input, null, 100));
        assertEquals("a", input.start(LINE, transaction));
        transaction.commit();
        transaction.rollBack(); // too late
        assertThrows(ReadPendingException.class, () -> input.start(LINE, transaction));
        assertEquals("b", input.start(LINE));
    }

    @Test
    @DisplayName("R34 a transaction without roll-back has no limit, and undoes nothing")
    void transactionWithoutRollback() throws IOException {
        source.thenBytes("a\nb\nc\n");
        ReadTransaction transfer = ReadTransaction.beginWithoutRollback(input, null);
        assertEquals("a", input.start(LINE, transfer));
        assertThrows(ReadPendingException.class, () -> input.start(LINE));
        assertEquals(0, input.buffer.retained());
        transfer.rollBack();
        assertEquals("b", input.start(LINE));
    }

    @Test
    @DisplayName("R34 what a transfer takes in a transaction comes back with that one, and not before")
    void transactionWithoutRollbackInAnother() throws IOException {
        source.thenBytes("a\nb\nc\n");
        ReadTransaction outer = ReadTransaction.begin(input, null, 100);
        assertEquals("a", input.start(LINE, outer));
        ReadTransaction transfer = ReadTransaction.beginWithoutRollback(input, outer);
        assertEquals("b", input.start(LINE, transfer));
        transfer.rollBack();
        assertEquals("c", input.start(LINE, outer));
        outer.rollBack();
        assertEquals("a", input.start(LINE));
    }

    @Test
    @DisplayName("R34 what one takes within a transaction without roll-back can be undone all the same")
    void transactionInOneWithoutRollback() throws IOException {
        source.thenBytes("a\nb\nc\n");
        ReadTransaction outer = ReadTransaction.beginWithoutRollback(input, null);
        assertEquals("a", input.start(LINE, outer));
        ReadTransaction inner = ReadTransaction.begin(input, outer, 100);
        assertEquals("b", input.start(LINE, inner));
        inner.rollBack();
        assertEquals("b", input.start(LINE, outer));
        assertEquals(0, input.buffer.retained());
        outer.commit();
        assertEquals("c", input.start(LINE));
    }

    @Test
    @DisplayName("R34 only the innermost transaction reads, opens another one, and gives back")
    void nestedTransactions() throws IOException {
        source.thenBytes("a\nb\nc\n");
        ReadTransaction outer = ReadTransaction.begin(input, null, 100);
        assertEquals("a", input.start(LINE, outer));
        ReadTransaction inner = ReadTransaction.begin(input, outer, 100);
        assertEquals("b", input.start(LINE, inner));
        assertThrows(ReadPendingException.class, () -> input.start(LINE, outer));
        assertThrows(ReadPendingException.class, () -> ReadTransaction.begin(input, outer, 100));
        inner.rollBack();
        assertEquals("b", input.start(LINE, outer));
        assertThrows(ReadPendingException.class, () -> input.start(LINE, inner));
        assertThrows(ReadPendingException.class, () -> ReadTransaction.begin(input, inner, 100));
    }

    @Test
    @DisplayName("R34 an outer transaction that ends before the inner one ends both")
    void outerEndsFirst() throws IOException {
        source.thenBytes("a\nb\nc\n");
        ReadTransaction outer = ReadTransaction.begin(input, null, 100);
        assertEquals("a", input.start(LINE, outer));
        ReadTransaction inner = ReadTransaction.begin(input, outer, 100);
        assertEquals("b", input.start(LINE, inner));
        outer.rollBack();
        assertEquals("a", input.start(LINE));
        inner.rollBack();
        assertEquals("b", input.start(LINE));
    }

    @Test
    @DisplayName("R24 an inner transaction is refused while the outer one reads")
    void outerReads() throws IOException {
        ReadTransaction outer = ReadTransaction.begin(input, null, 100);
        assertSame(ReadOp.MORE, input.start(LINE, outer));
        assertTrue(input.await(() -> {}));
        assertThrows(ReadPendingException.class, () -> ReadTransaction.begin(input, outer, 100));
    }

    @Test
    void aReadThatOutlivesItsTransactionIsOver() throws IOException {
        ReadTransaction transaction = ReadTransaction.begin(input, null, 100);
        assertSame(ReadOp.MORE, input.start(LINE, transaction));
        List<String> woken = new ArrayList<>();
        Readiness.Waiter waiter = () -> woken.add("woken");
        assertTrue(input.await(waiter));

        transaction.commit();

        assertEquals(List.of("woken"), woken);
        assertThrows(IllegalStateException.class, () -> input.proceed(waiter, LINE));
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
    }

    @Test
    void inputAtItsEndNeedsNoSource() throws IOException {
        Input ended = Input.atEnd("stdin", "not open");
        assertNull(ended.start(LINE));
        assertNull(ended.start(LINE));
        ended.close();
        assertThrows(ClosedChannelException.class, () -> ended.start(LINE));
    }

    private void wake() {
        Readiness.Waiter waiter = readiness.signal();
        assertTrue(waiter != null, "nobody waits");
        waiter.wake();
    }

    private static final class Waiter implements Readiness.Waiter {
        final AtomicInteger woken = new AtomicInteger();

        @Override
        public void wake() {
            woken.incrementAndGet();
        }
    }
}
