package dev.aiopipe.engine.write;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class OutputTest {
    private final ScriptedSink sink = new ScriptedSink();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Output output = new Output(sink, readiness, ReaderWatch.none(), "the sink");

    @AfterEach
    void close() {
        output.abort();
    }

    @Test
    void messageThatFitsIsSentAtOnce() throws IOException {
        sink.room = 10;
        ByteBuffer buffer = bytes("hello");
        assertTrue(output.offer(Message.of(buffer)));
        assertEquals("hello", sink.written());
        assertFalse(buffer.hasRemaining());
    }

    @Test
    void messagesWaitInTheirOrder() throws IOException {
        sink.room = 3;
        Offered first = new Offered("first ");
        Offered second = new Offered("second ");
        Offered third = new Offered("third");
        give(5);
        assertTrue(first.isSent());
        assertFalse(second.isDone());
        give(100);
        assertTrue(second.isSent());
        assertTrue(third.isSent());
        assertEquals("first second third", sink.written());
        assertEquals(List.of(1, 1, 1), List.of(first.told, second.told, third.told));
    }

    @Test
    @DisplayName("W08 the head that was not begun is dropped")
    void unbegunHeadIsDropped() throws IOException {
        Offered first = new Offered("first");
        Offered second = new Offered("second");
        output.cancel(first.message);
        assertEquals(5, first.buffer.remaining());
        give(100);
        assertEquals("second", sink.written());
        assertTrue(second.isSent());
        assertEquals(0, first.told);
    }

    @Test
    @DisplayName("W08 one in the queue is dropped")
    void queuedMessageIsDropped() throws IOException {
        sink.room = 2;
        new Offered("first ");
        Offered second = new Offered("second ");
        new Offered("third");
        output.cancel(second.message);
        output.cancel(second.message);
        give(100);
        assertEquals("first third", sink.written());
        assertEquals(7, second.buffer.remaining());
        assertEquals(0, second.told);
    }

    @Test
    @DisplayName("W08 the head that was begun is owed, and copied")
    void begunHeadIsOwed() throws IOException {
        sink.room = 2;
        Offered first = new Offered("first ");
        output.cancel(first.message);
        assertEquals(0, first.buffer.remaining());
        assertEquals(4, output.owed());
        first.buffer.clear().put("******".getBytes(StandardCharsets.UTF_8));
        output.cancel(first.message);
        Offered second = new Offered("second");
        give(3);
        assertEquals(1, output.owed());
        give(100);
        assertEquals(0, output.owed());
        assertEquals("first second", sink.written());
        assertTrue(second.isSent());
    }

    @Test
    void messageThatIsSentCannotBeCancelled() throws IOException {
        Offered first = new Offered("first");
        give(100);
        output.cancel(first.message);
        assertTrue(first.isSent());
        assertEquals(0, output.owed());
        assertTrue(output.offer(Message.of(bytes("second"))));
        assertEquals("firstsecond", sink.written());
    }

    @Test
    void committedMessageIsOwedThoughItWasNotBegun() throws IOException {
        Offered first = new Offered("first ");
        Message committed = Message.of(bytes("committed"));
        committed.commit();
        assertFalse(output.offer(committed));
        output.cancel(committed);
        output.cancel(first.message);
        assertEquals(9, output.owed());
        give(100);
        assertEquals("committed", sink.written());
    }

    @Test
    void messageForAnIdleOutputIsNotQueuedBehindAnother() throws IOException {
        Offered first = new Offered("first");
        Message.Mover never = () -> {
            throw new AssertionError("called after another message");
        };
        assertFalse(output.offerIfIdle(Message.of(never)));
        give(100);
        assertTrue(first.isSent());
        assertTrue(output.offerIfIdle(Message.of(bytes("second"))));
        assertEquals("firstsecond", sink.written());
    }

    @Test
    void cancelledGatheredMessageIsSentWhole() throws IOException {
        sink.room = 3;
        sink.sliceSize = 2;
        ByteBuffer first = bytes("abcd");
        ByteBuffer second = bytes("efgh");
        Message message = Message.of(first, second);
        assertFalse(output.offer(message));
        output.cancel(message);
        assertFalse(first.hasRemaining() || second.hasRemaining());
        give(100);
        assertEquals("abcdefgh", sink.written());
    }

    @Test
    void whatFillsAPipeIsOneWrite() throws IOException {
        sink.room = 1_000_000;
        assertTrue(output.offer(Message.of(bytes("x".repeat(64 * 1024)))));
        assertEquals(1, sink.writes);
    }

    @Test
    void largeMessageLeavesTheThreadBetweenWhiles() throws IOException {
        sink.room = Integer.MAX_VALUE;
        Offered large = new Offered("x".repeat(200_000));
        assertFalse(large.isDone());
        assertEquals(65_536, sink.written().length());
        wake();
        assertEquals(131_072, sink.written().length());
        wake();
        wake();
        assertTrue(large.isSent());
        assertEquals(200_000, sink.written().length());
    }

    @Test
    @DisplayName("W07 close sends what was offered before, then closes")
    void closeSendsTheRest() throws Exception {
        sink.room = 2;
        Offered first = new Offered("first ");
        Offered second = new Offered("second");
        CompletableFuture<Void> closed = output.closed();
        output.close();
        output.close();
        assertThrows(ClosedChannelException.class, () -> output.offer(Message.of(bytes("third"))));
        assertEquals(0, sink.closes);
        give(100);
        assertTrue(first.isSent() && second.isSent());
        assertEquals(1, sink.closes);
        closed.get();
        assertEquals("first second", sink.written());
    }

    @Test
    @DisplayName("W09 close while something is owed sends that, too")
    void closeSendsWhatIsOwed() throws Exception {
        sink.room = 2;
        Offered first = new Offered("first");
        output.cancel(first.message);
        output.close();
        assertEquals(0, sink.closes);
        give(100);
        assertEquals("first", sink.written());
        assertEquals(1, sink.closes);
        output.closed().get();
    }

    @Test
    void cancelOfTheLastMessageEndsAGracefulClose() throws Exception {
        Offered only = new Offered("only");
        output.close();
        output.cancel(only.message);
        assertEquals(1, sink.closes);
        output.closed().get();
    }

    @Test
    @DisplayName("W07 abort fails what waits")
    void abortFailsWhatWaits() throws Exception {
        sink.room = 2;
        Offered first = new Offered("first");
        Offered second = new Offered("second");
        output.abort();
        assertTrue(first.failure instanceof AsynchronousCloseException);
        assertTrue(second.failure instanceof AsynchronousCloseException);
        assertEquals(1, sink.closes);
        output.abort();
        output.close();
        assertEquals(1, sink.closes);
        output.closed().get(); // nothing was owed
        ClosedChannelException later =
                assertThrows(ClosedChannelException.class, () -> output.offer(Message.of(bytes("third"))));
        assertFalse(later instanceof AsynchronousCloseException);
        assertNull(later.getCause());
    }

    @Test
    @DisplayName("W09 W10 an abort while bytes are owed shows in each closed()")
    void abortOfWhatIsOwedShows() throws IOException {
        sink.room = 2;
        Offered first = new Offered("first");
        output.cancel(first.message);
        List<CompletableFuture<Void>> waiters = List.of(output.closed(), output.closed(), output.closed());
        waiters.get(0).cancel(true);
        output.close();
        output.abort();
        assertEquals(0, output.owed());
        for (CompletableFuture<Void> waiter : waiters.subList(1, 3)) {
            assertTrue(
                    assertThrows(ExecutionException.class, waiter::get).getCause()
                            instanceof AsynchronousCloseException);
        }
        assertThrows(ExecutionException.class, () -> output.closed().get());
    }

    @Test
    @DisplayName("W04 each message to a broken pipe fails")
    void everyMessageToABrokenPipeFails() {
        sink.failure = new IOException("Broken pipe");
        for (int i = 0; i < 20; i++) {
            Throwable broken = assertThrows(BrokenPipeException.class, () -> output.offer(Message.of(bytes("x"))));
            assertSame(sink.failure, broken.getCause());
        }
    }

    @Test
    @DisplayName("W06 what waits when the pipe breaks fails, one by one")
    void waitingMessagesFailWhenThePipeBreaks() throws IOException {
        Offered first = new Offered("first");
        Offered second = new Offered("second");
        sink.failure = new IOException("Broken pipe");
        wake();
        assertBroken(first.failure);
        assertBroken(second.failure);
        assertEquals(0, sink.closes);
    }

    @Test
    void brokenPipeThatIsOwedToShowsInClosed() throws IOException {
        sink.room = 2;
        Offered first = new Offered("first");
        output.cancel(first.message);
        sink.failure = new IOException("Broken pipe");
        wake();
        assertEquals(0, output.owed());
        output.close();
        assertBroken(
                assertThrows(ExecutionException.class, () -> output.closed().get())
                        .getCause());
    }

    private void assertBroken(Throwable failure) {
        assertEquals(BrokenPipeException.class, failure.getClass());
        assertSame(sink.failure, failure.getCause());
    }

    @Test
    @DisplayName("E22 the end of the loop fails what waits, and what comes later")
    void endOfTheLoopFailsWhatWaits() throws IOException {
        Offered first = new Offered("first");
        IOException cause = new IOException("the loop is closed");
        readiness.close(cause).wake();
        assertTrue(first.failure instanceof AsynchronousCloseException);
        assertSame(cause, first.failure.getCause());
        assertSame(
                cause,
                assertThrows(ClosedChannelException.class, () -> output.offer(Message.of(bytes("x"))))
                        .getCause());
        assertThrows(ExecutionException.class, () -> output.closed().get());
        assertEquals(1, sink.closes);
    }

    @Test
    @DisplayName("E22 the end of the loop while nobody waits fails what comes later, and closing releases the sink")
    void endOfTheLoopOfAnIdleOutput() {
        readiness.close(new IOException("the loop is closed"));
        assertThrows(ClosedChannelException.class, () -> output.offer(Message.of(bytes("x"))));
        assertThrows(ExecutionException.class, () -> output.closed().get());
        output.close();
        assertEquals(1, sink.closes);
    }

    @Test
    @DisplayName("E22 the end of the loop during a write fails it, and closing releases the sink")
    void endOfTheLoopDuringAWrite() {
        IOException cause = new IOException("the loop is closed");
        sink.interruption = () -> readiness.close(cause);
        IOException failure = assertThrows(IOException.class, () -> output.offer(Message.of(bytes("x"))));
        assertSame(cause, failure.getCause());
        output.close();
        output.abort();
        assertEquals(1, sink.closes);
    }

    @Test
    void messageIsThroughOnlyWhenItIsFlushed() throws IOException {
        sink.room = 100;
        sink.flushed = false;
        Offered first = new Offered("first");
        Offered second = new Offered("second");
        wake();
        assertFalse(first.isDone());
        assertEquals("first", sink.written());
        sink.flushed = true;
        wake();
        assertTrue(first.isSent() && second.isSent());
        assertEquals("firstsecond", sink.written());
    }

    @Test
    void signalThatNobodyWaitedForLosesNothing() throws IOException {
        assertNull(readiness.signal());
        Offered first = new Offered("first");
        give(100);
        assertTrue(first.isSent());
    }

    @Test
    void signalDuringAWriteThatUsesUpTheBudgetLosesNothing() throws IOException {
        sink.room = 1_000_000;
        sink.interruption = readiness::signal; // a thread is done already, and no other signal comes
        Message message = Message.of(bytes("x".repeat(100_000)));
        assertTrue(output.offer(message));
        assertEquals(100_000, sink.written().length());
    }

    @Test
    void wakeWithoutAReasonDoesNoHarm() throws IOException {
        output.wake();
        Offered first = new Offered("first");
        output.wake();
        output.wake();
        assertFalse(first.isDone());
        give(100);
        assertTrue(first.isSent());
        output.wake();
        assertEquals(0, sink.closes);
    }

    @Test
    @DisplayName("W15 a wait for room is not ended by a signal that may be older than the wait")
    void signalOfThePastIsNoRoom() throws IOException {
        Offered earlier = new Offered("earlier");
        Readiness.Waiter signalled = readiness.signal(); // the loop has looked, and wakes later
        output.cancel(earlier.message);
        Message room = Message.room();
        assertFalse(output.offer(room));
        signalled.wake();
        assertFalse(output.hasSent(room));
        wake(); // the look for this one may have begun before the wait
        assertFalse(output.hasSent(room));
        wake();
        assertTrue(output.hasSent(room));
    }

    @Test
    @DisplayName("W15 where signals report no room, a wait for room ends when all bytes are through")
    void roomOfASinkThatIsFlushed() throws IOException {
        sink.signalsRoom = false;
        sink.flushed = false;
        Message room = Message.room();
        assertFalse(output.offer(room));
        wake(); // of an earlier write
        assertFalse(output.hasSent(room));
        sink.flushed = true;
        wake();
        assertTrue(output.hasSent(room));
    }

    @Test
    void listenersRunOutsideOfTheLock() throws IOException {
        List<Boolean> locked = new ArrayList<>();
        Message message = Message.of(bytes("x"));
        assertFalse(output.offer(message));
        output.await(message, failure -> {
            locked.add(Thread.holdsLock(output));
            output.close();
        });
        give(1);
        assertEquals(List.of(false), locked);
        assertEquals(1, sink.closes);
    }

    @Test
    void outcomeThatIsKnownIsToldAtOnce() throws IOException {
        Message message = Message.of(bytes("x"));
        assertFalse(output.offer(message));
        give(1);
        List<Throwable> told = new ArrayList<>();
        output.await(message, told::add);
        assertEquals(1, told.size());
        assertNull(told.get(0));
    }

    @Test
    @DisplayName("W01 an empty message is nothing, but fails when closed")
    void emptyMessageIsNothing() throws IOException {
        new Offered("waiting");
        assertTrue(output.offer(Message.of(bytes(""), bytes(""))));
        output.close();
        assertThrows(ClosedChannelException.class, () -> output.offer(Message.of()));
        output.abort();
    }

    @Test
    void refusingOutputRefusesAndCloses() throws Exception {
        Output refusing = Output.refusing("stdin is redirected");
        assertEquals(
                "stdin is redirected",
                assertThrows(IllegalStateException.class, () -> refusing.offer(Message.of(bytes("x"))))
                        .getMessage());
        refusing.close();
        refusing.abort();
        refusing.closed().get();
    }

    private void give(int room) {
        sink.room = room;
        wake();
    }

    private void wake() {
        Readiness.Waiter waiter = readiness.signal();
        assertSame(output, waiter);
        waiter.wake();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A message that has to wait, and its outcome. */
    private final class Offered {
        final ByteBuffer buffer;
        final Message message;
        Throwable failure;
        int told;

        Offered(String text) throws IOException {
            buffer = bytes(text);
            message = Message.of(buffer);
            assertFalse(output.offer(message));
            output.await(message, why -> {
                failure = why;
                told++;
            });
        }

        boolean isDone() {
            return told > 0;
        }

        boolean isSent() {
            return told == 1 && failure == null && !buffer.hasRemaining();
        }
    }
}
