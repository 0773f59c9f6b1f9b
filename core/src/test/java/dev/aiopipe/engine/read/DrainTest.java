package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DrainTest {
    private static final ReadOp<String> LINE = ReadOp.line(StandardCharsets.UTF_8, 100);

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness);
    private final List<String> woken = new ArrayList<>();
    private DrainOp drainOp;

    /** As the drivers' own: it reads only as long as nobody has lost anything by it. */
    private final Readiness.Waiter drain = new Readiness.Waiter() {
        @Override
        public void wake() {
            woken.add("drain");
        }

        @Override
        public boolean yields() {
            return drainOp.yields();
        }
    };

    @BeforeEach
    void readsToTheEndOfWhatIsThere() {
        source.emptyAfterShortRead = false;
    }

    @AfterEach
    void close() {
        input.close();
    }

    private Object begin() throws IOException {
        drainOp = input.drain();
        return goOn();
    }

    private Object goOn() throws IOException {
        return input.start(drainOp, drainOp);
    }

    private void beginAndWait() throws IOException {
        assertSame(ReadOp.MORE, begin());
        assertTrue(input.await(drain));
    }

    private void assertOver() {
        assertThrows(IllegalStateException.class, () -> input.proceed(drain, drainOp));
    }

    private void assertClosed() {
        assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertThrows(ClosedChannelException.class, () -> input.own("other"));
    }

    @Test
    @DisplayName("from the first dropped byte on all others find it closed, until the drain is over and behind that")
    void hole() throws IOException {
        source.thenBytes("dropped\n").thenNothing().thenBytes("too\n");
        assertEquals(8, begin());
        assertClosed();
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain));
        assertClosed();
        readiness.signal().wake();
        assertClosed();
        assertEquals(4, input.proceed(drain, drainOp));
        assertClosed();
        input.endDrain(drainOp, drain);
        assertClosed();
        assertEquals(1, source.closes);
        assertEquals(List.of("drain"), woken);
    }

    @Test
    @DisplayName("a read before its beginning is its end; who has read once may be about to come")
    void readerComesAtOnce() throws IOException {
        drainOp = input.drain();
        assertFalse(drainOp.wasRead());
        source.thenBytes("line\n").thenBytes("next\n");
        assertEquals("line", input.start(LINE));
        assertThrows(ReadPendingException.class, this::goOn);
        input.endDrain(drainOp, drain);
        drainOp = input.drain();
        assertTrue(drainOp.wasRead());
        input.own("owner");
        assertThrows(ReadPendingException.class, this::goOn);
        input.endDrain(drainOp, drain);
        assertEquals("next", input.start(LINE, "owner"));
        input.disown("owner");
    }

    @Test
    @DisplayName("a read goes before a drain that has dropped nothing yet, and is its end")
    void readerComesInTime() throws IOException {
        beginAndWait();
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
        assertEquals(List.of("drain"), woken);
        assertOver();
        assertFalse(drainOp.hasDropped());
    }

    @Test
    @DisplayName("so does one that has to wait itself")
    void readerWaitsInItsPlace() throws IOException {
        beginAndWait();
        assertSame(ReadOp.MORE, input.start(LINE));
        Readiness.Waiter reader = () -> woken.add("reader");
        assertTrue(input.await(reader));
        assertOver();
        input.endDrain(drainOp, drain); // it is the reader's
        source.thenBytes("line\n");
        readiness.signal().wake();
        assertEquals("line", input.proceed(reader, LINE));
        assertEquals(List.of("drain", "reader"), woken);
    }

    @Test
    @DisplayName("and one that comes when the drain was signalled, woken or not, but does not get to run")
    void readerIsQuicker() throws IOException {
        for (boolean told : new boolean[] {false, true}) {
            beginAndWait();
            source.thenBytes("line\n");
            Readiness.Waiter signalled = readiness.signal();
            if (told) {
                signalled.wake();
            }
            assertEquals("line", input.start(LINE));
            input.abandon(drain); // it is cancelled before it finds out
            input.endDrain(drainOp, drain);
            assertOver();
        }
        assertEquals(0, source.closes);
    }

    @Test
    @DisplayName("an input that somebody reads, or owns, is not drained")
    void somebodyReads() throws IOException {
        assertSame(ReadOp.MORE, input.start(LINE));
        Readiness.Waiter reader = () -> woken.add("reader");
        assertTrue(input.await(reader));
        assertThrows(ReadPendingException.class, input::drain);
        input.abandon(reader);
        input.own("owner");
        assertThrows(ReadPendingException.class, input::drain);
        input.disown("owner");
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
    }

    @Test
    @DisplayName("a read at the moment of a try to drain waits for it: then there is a hole, or the read goes on")
    void atTheSameMoment() throws IOException {
        List<CompletableFuture<Object>> reads = new ArrayList<>();
        source.then(target -> {
                    reads.add(CompletableFuture.supplyAsync(this::line));
                    return 0;
                })
                .thenBytes("line\n")
                .then(target -> {
                    reads.add(CompletableFuture.supplyAsync(this::line));
                    target.put((byte) 'x');
                    return 1;
                });
        beginAndWait();
        assertEquals("line", reads.get(0).join());
        assertEquals(1, begin());
        CompletionException failure = assertThrows(CompletionException.class, reads.get(1)::join);
        assertInstanceOf(ClosedChannelException.class, failure.getCause());
    }

    private Object line() {
        try {
            return input.start(LINE);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    @DisplayName(
            "of two drains the later one goes before the one that has dropped nothing, and alone closes in the end")
    void secondDrain() throws IOException {
        beginAndWait();
        DrainOp first = drainOp;
        Readiness.Waiter second = () -> woken.add("second");
        assertSame(ReadOp.MORE, begin());
        assertTrue(input.await(second));
        assertThrows(IllegalStateException.class, () -> input.proceed(drain, first));
        assertThrows(ReadPendingException.class, () -> input.start(first, first));
        input.endDrain(first, drain);
        assertEquals(0, source.closes);
        input.abandon(second);
        input.endDrain(drainOp, drain);
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("also if the earlier one begins behind it")
    void laterDrainIsQuicker() throws IOException {
        DrainOp first = input.drain();
        drainOp = input.drain();
        assertThrows(ReadPendingException.class, () -> input.start(first, first));
        input.endDrain(first, drain);
        source.thenBytes("dropped");
        assertEquals(7, goOn());
        input.endDrain(drainOp, drain);
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("and does not disturb the one that has")
    void drainOfWhatIsDrained() throws IOException {
        source.thenBytes("dropped").thenNothing();
        assertEquals(7, begin());
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain));
        assertThrows(ClosedChannelException.class, input::drain);
        input.abandon(drain);
        input.endDrain(drainOp, drain);
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("what nobody has come to read is closed in the end, dropped or not")
    void end() throws IOException {
        beginAndWait();
        input.abandon(drain);
        input.endDrain(drainOp, drain);
        assertClosed();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("an end that comes while the drain is reading, and finds nothing, is not waited for for ever")
    void endWhileItReads() throws Exception {
        CompletableFuture<Drain> begun = new CompletableFuture<>();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Thread ending = new Thread(() -> {
            begun.join().end();
            ended.complete(null);
        });
        source.then(target -> {
            ending.start();
            while (ending.getState() != Thread.State.TIMED_WAITING) { // for the slot
                Thread.onSpinWait();
            }
            return 0;
        });
        begun.complete(Drain.of(input, "stopper", false).orElseThrow());
        ended.join();
        assertClosed();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("what somebody has come to read is not, whether they are reading now or not")
    void endOfWhatIsRead() throws IOException {
        beginAndWait();
        source.thenBytes("line\n").thenEnd();
        assertEquals("line", input.start(LINE));
        input.abandon(drain);
        input.endDrain(drainOp, drain);
        assertNull(input.start(LINE));
    }

    @Test
    @DisplayName("a failed input, or one that its user has closed, is closed and no more")
    void failure() throws IOException {
        source.then(target -> {
            throw new IOException("failed");
        });
        assertThrows(IOException.class, this::begin);
        input.endDrain(drainOp, drain);
        input.endDrain(drainOp, drain);
        assertClosed();
        assertEquals(1, source.closes);
        assertThrows(ClosedChannelException.class, input::drain);
    }

    @Test
    @DisplayName("given up, an input of which nothing was dropped is left open, whatever its drain does at the moment")
    void giveUp() throws IOException {
        drainOp = input.drain();
        assertTrue(input.giveUpDrain(drainOp));
        assertThrows(ReadPendingException.class, this::goOn);
        beginAndWait();
        assertTrue(input.giveUpDrain(drainOp));
        assertEquals(List.of("drain"), woken);
        assertOver();
        assertTrue(input.giveUpDrain(drainOp));
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
        assertEquals(0, source.closes);
    }

    @Test
    @DisplayName("given up, a drain that has dropped something goes on, and can still be ended")
    void giveUpWithAHole() throws IOException {
        source.thenBytes("dropped").thenNothing();
        assertEquals(7, begin());
        assertFalse(input.giveUpDrain(drainOp));
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain));
        assertFalse(input.giveUpDrain(drainOp));
        source.thenBytes("too").thenNothing();
        readiness.signal().wake();
        assertEquals(3, input.proceed(drain, drainOp));
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain));
        input.endDrain(drainOp, drain);
        assertClosed();
        assertThrows(
                ClosedChannelException.class, () -> input.proceed(drain, drainOp)); // woken before, it does not spin
    }
}
