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
    private static final ReadOp<String> LINE = ReadOp.line(StandardCharsets.UTF_8, 100);

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
        assertSame(ReadOp.MORE, input.start(ReadOp.exactly(4)));
        assertTrue(input.await(waiter));
        wake();
        assertThrows(IOException.class, () -> input.proceed(waiter, ReadOp.exactly(4)));
        assertEquals(3, ((byte[]) input.start(ReadOp.atMost(10))).length);
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    "failed",
                    assertThrows(IOException.class, () -> input.start(ReadOp.atMost(10)))
                            .getMessage());
        }
        assertEquals(2, source.reads);
    }

    @Test
    void slotIsFreeAfterAnyFailure() throws IOException {
        source.thenBytes("12345678").thenEnd();
        assertThrows(LimitExceededException.class, () -> input.start(ReadOp.line(StandardCharsets.UTF_8, 3)));
        source.thenBytes("9");
        assertThrows(
                IllegalStateException.class,
                () -> input.start(in -> {
                    throw new IllegalStateException("a take that fails");
                }));
        Waiter waiter = new Waiter();
        assertSame(ReadOp.MORE, input.start(ReadOp.exactly(20)));
        input.await(waiter);
        wake();
        assertThrows(IncompleteReadException.class, () -> input.proceed(waiter, ReadOp.exactly(20)));
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
        assertThrows(ReadPendingException.class, () -> input.hold(1));
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
        assertEquals(false, input.start(ReadOp.requestLine(100)));
        assertEquals(false, input.start(ReadOp.request(1)));
        assertNull(input.start(LINE));
        assertEquals("b", input.start(LINE));
    }

    @Test
    void peekTellsTheEndAndLeavesTheBytes() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a").thenEnd().thenBytes("b");
        assertEquals(1, ((ByteBuffer) input.start(ReadOp.peek(9))).remaining());
        assertEquals(1, ((byte[]) input.start(ReadOp.atMost(9))).length);
        assertEquals(0, ((ByteBuffer) input.start(ReadOp.peek(9))).remaining());
        assertEquals(1, ((ByteBuffer) input.start(ReadOp.peek(9))).remaining());
    }

    @Test
    void endThatIsNotFinalIsForgottenAfterAFailureToo() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("abc").thenEnd().thenBytes("d");
        assertThrows(IncompleteReadException.class, () -> input.start(ReadOp.exactly(4)));
        assertEquals(4, ((byte[]) input.start(ReadOp.exactly(4))).length);
    }

    @Test
    @DisplayName("R05 an end that came with the bytes is not told again, where it is not final")
    void endIsToldOnceTogetherWithWhatCameBeforeIt() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a").thenEnd().thenBytes("bc").thenEnd().thenBytes("d").thenEnd();
        assertEquals("a", new String((byte[]) input.start(ReadOp.all(9)), StandardCharsets.UTF_8));
        assertEquals(2L, input.start(ReadOp.skip(5, 9)));
        assertEquals("d", input.start(ReadOp.line(StandardCharsets.UTF_8, 9)));
        assertNull(input.start(ReadOp.line(StandardCharsets.UTF_8, 9)));
        assertSame(ReadOp.MORE, input.start(ReadOp.line(StandardCharsets.UTF_8, 9)));
    }

    @Test
    @DisplayName("R34 an end that was told is told again behind what is given back")
    void endComesBackToo() throws IOException {
        source.endIsFinal = false;
        source.emptyAfterShortRead = false;
        source.thenBytes("a\nb").thenEnd().thenBytes("next\n");
        ReadOp<String> line = ReadOp.line(StandardCharsets.UTF_8, 9);
        Object owner = "owner";
        for (int i = 0; i < 2; i++) {
            input.own(owner);
            input.hold(9);
            assertEquals("a", input.start(line, owner));
            assertEquals("b", input.start(line, owner));
            assertNull(input.start(line, owner));
            assertNull(input.start(line, owner), "the block is at its end");
            assertNull(input.disown(owner, 0));
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
        Object owner = "owner";
        input.own(owner);
        input.hold(9);
        assertEquals("a", new String((byte[]) input.start(ReadOp.all(9), owner), StandardCharsets.UTF_8));
        input.disown(owner);
        assertEquals("next", input.start(ReadOp.line(StandardCharsets.UTF_8, 9)));
    }

    @Test
    @DisplayName("R24 who was given up, and does not know it yet, is in nobody's way")
    void waiterThatWasGivenUpIsPassedOver() throws IOException {
        ReadOp<String> line = ReadOp.line(StandardCharsets.UTF_8, 9);
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
    void holdKeepsAndGivesBack() throws IOException {
        source.thenBytes("abcdef");
        Object owner = "owner";
        input.own(owner);
        input.hold(4);
        assertEquals(3, ((byte[]) input.start(ReadOp.exactly(3), owner)).length);
        assertEquals(3, input.kept());
        assertThrows(LimitExceededException.class, () -> input.start(ReadOp.exactly(3), owner));
        assertNull(input.disown(owner, 1));
        assertEquals(5, input.buffered());
        assertEquals("bcdef", new String((byte[]) input.start(ReadOp.exactly(5)), StandardCharsets.UTF_8));
    }

    @Test
    void onlyTheOwnerReads() throws IOException {
        source.thenBytes("a\nb\n");
        input.own("owner");
        assertThrows(ReadPendingException.class, () -> input.start(LINE));
        assertThrows(ReadPendingException.class, () -> input.own("other"));
        assertEquals("a", input.start(LINE, "owner"));
        input.disown("other"); // is not the owner
        assertThrows(ReadPendingException.class, () -> input.start(LINE));
        input.disown("owner");
        assertThrows(ReadPendingException.class, () -> input.start(LINE, "owner"));
        assertEquals("b", input.start(LINE));
    }

    private record Inner(Object outer) implements Input.Nested {}

    @Test
    @DisplayName("R34 only the innermost owner reads, opens another one, and gives back")
    void nestedOwners() throws IOException {
        source.thenBytes("a\nb\nc\n");
        input.own("outer");
        input.hold(100);
        assertEquals("a", input.start(LINE, "outer"));
        Inner inner = new Inner("outer");
        int mark = input.kept();
        input.own(inner);
        assertEquals("b", input.start(LINE, inner));
        assertThrows(ReadPendingException.class, () -> input.start(LINE, "outer"));
        assertThrows(ReadPendingException.class, () -> input.own(new Inner("outer")));
        assertNull(input.disown(inner, mark));
        assertEquals("b", input.start(LINE, "outer"));
        assertThrows(ReadPendingException.class, () -> input.start(LINE, inner));
        assertThrows(ReadPendingException.class, () -> input.own(new Inner(inner)));
    }

    @Test
    @DisplayName("R34 an outer owner that ends before the inner one ends both")
    void outerEndsFirst() throws IOException {
        source.thenBytes("a\nb\nc\n");
        input.own("outer");
        input.hold(100);
        assertEquals("a", input.start(LINE, "outer"));
        Inner inner = new Inner("outer");
        int mark = input.kept();
        input.own(inner);
        assertEquals("b", input.start(LINE, inner));
        assertNull(input.disown("outer", 0));
        assertEquals("a", input.start(LINE));
        assertNull(input.disown(inner, mark));
        assertEquals("b", input.start(LINE));
    }

    @Test
    @DisplayName("R24 an inner owner is refused while the outer one reads")
    void outerReads() throws IOException {
        input.own("outer");
        assertSame(ReadOp.MORE, input.start(LINE, "outer"));
        assertTrue(input.await(() -> {}));
        assertThrows(ReadPendingException.class, () -> input.own(new Inner("outer")));
    }

    @Test
    void aReadThatOutlivesItsOwnerIsOver() throws IOException {
        input.own("owner");
        input.hold(100);
        assertSame(ReadOp.MORE, input.start(LINE, "owner"));
        List<String> woken = new ArrayList<>();
        Readiness.Waiter waiter = () -> woken.add("woken");
        assertTrue(input.await(waiter));

        input.disown("owner");

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
