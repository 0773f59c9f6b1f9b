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
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness);
    private final List<String> woken = new ArrayList<>();
    private Drain drain;

    @BeforeEach
    void readsToTheEndOfWhatIsThere() {
        source.emptyAfterShortRead = false;
    }

    @AfterEach
    void close() {
        input.close();
    }

    /** Begins a drain that does not go on by itself. */
    private Drain announce() throws ClosedChannelException {
        return Drain.announce(input, task -> woken.add("drain"));
    }

    private Object begin() throws IOException {
        drain = announce();
        return goOn();
    }

    private Object goOn() throws IOException {
        return input.start(drain, drain);
    }

    private void beginAndWait() throws IOException {
        assertSame(ReadOp.MORE, begin());
        assertTrue(input.await(drain.waiter));
    }

    private void assertOver() {
        assertThrows(IllegalStateException.class, () -> input.proceed(drain.waiter, drain));
    }

    private void assertClosed() {
        assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertThrows(ClosedChannelException.class, () -> ReadTransaction.begin(input, null, 1));
    }

    @Test
    @DisplayName("from the first dropped byte on all others find it closed, until the drain is over and behind that")
    void hole() throws IOException {
        source.thenBytes("dropped\n").thenNothing().thenBytes("too\n");
        assertEquals(8, begin());
        assertClosed();
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain.waiter));
        assertClosed();
        readiness.signal().wake();
        assertClosed();
        assertEquals(4, input.proceed(drain.waiter, drain));
        assertClosed();
        drain.end();
        assertClosed();
        assertEquals(1, source.closes);
        assertEquals(List.of("drain"), woken);
    }

    @Test
    @DisplayName("a read before its beginning is its end; who has read once may be about to come")
    void readerComesAtOnce() throws IOException {
        drain = announce();
        assertFalse(drain.wasRead());
        source.thenBytes("line\n").thenBytes("next\n");
        assertEquals("line", input.start(LINE));
        assertThrows(ReadPendingException.class, this::goOn);
        drain.end();
        drain = announce();
        assertTrue(drain.wasRead());
        ReadTransaction owner = ReadTransaction.begin(input, null, 100);
        assertThrows(ReadPendingException.class, this::goOn);
        drain.end();
        assertEquals("next", input.start(LINE, owner));
        owner.commit();
    }

    @Test
    @DisplayName("a read goes before a drain that has dropped nothing yet, and is its end")
    void readerComesInTime() throws IOException {
        beginAndWait();
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
        assertEquals(List.of("drain"), woken);
        assertOver();
        assertFalse(drain.hasDropped());
    }

    @Test
    @DisplayName("so does one that has to wait itself")
    void readerWaitsInItsPlace() throws IOException {
        beginAndWait();
        assertSame(ReadOp.MORE, input.start(LINE));
        Readiness.Waiter reader = () -> woken.add("reader");
        assertTrue(input.await(reader));
        assertOver();
        drain.end(); // it is the reader's
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
            input.abandon(drain.waiter); // it is cancelled before it finds out
            drain.end();
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
        assertThrows(ReadPendingException.class, this::announce);
        input.abandon(reader);
        ReadTransaction owner = ReadTransaction.begin(input, null, 100);
        assertThrows(ReadPendingException.class, this::announce);
        owner.commit();
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
        Drain first = drain;
        assertSame(ReadOp.MORE, begin());
        assertTrue(input.await(drain.waiter));
        assertEquals(List.of("drain"), woken);
        assertThrows(IllegalStateException.class, () -> input.proceed(first.waiter, first));
        assertThrows(ReadPendingException.class, () -> input.start(first, first));
        first.end();
        assertEquals(0, source.closes);
        drain.end();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("also if the earlier one begins behind it")
    void laterDrainIsQuicker() throws IOException {
        Drain first = announce();
        drain = announce();
        assertThrows(ReadPendingException.class, () -> input.start(first, first));
        first.end();
        source.thenBytes("dropped");
        assertEquals(7, goOn());
        drain.end();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("and does not disturb the one that has")
    void drainOfWhatIsDrained() throws IOException {
        source.thenBytes("dropped").thenNothing();
        assertEquals(7, begin());
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain.waiter));
        assertThrows(ClosedChannelException.class, this::announce);
        input.abandon(drain.waiter);
        drain.end();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("what nobody has come to read is closed in the end, dropped or not")
    void end() throws IOException {
        beginAndWait();
        input.abandon(drain.waiter);
        drain.end();
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
        input.abandon(drain.waiter);
        drain.end();
        assertNull(input.start(LINE));
    }

    @Test
    @DisplayName("a failed input, or one that its user has closed, is closed and no more")
    void failure() throws IOException {
        source.then(target -> {
            throw new IOException("failed");
        });
        assertThrows(IOException.class, this::begin);
        drain.end();
        drain.end();
        assertClosed();
        assertEquals(1, source.closes);
        assertThrows(ClosedChannelException.class, this::announce);
    }

    @Test
    @DisplayName("given up, an input of which nothing was dropped is left open, whatever its drain does at the moment")
    void giveUp() throws IOException {
        drain = announce();
        assertTrue(drain.giveUp());
        assertThrows(ReadPendingException.class, this::goOn);
        beginAndWait();
        assertTrue(drain.giveUp());
        assertEquals(List.of("drain"), woken);
        assertOver();
        assertTrue(drain.giveUp());
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
        assertEquals(0, source.closes);
    }

    @Test
    @DisplayName("given up, a drain that has dropped something goes on, and can still be ended")
    void giveUpWithAHole() throws IOException {
        source.thenBytes("dropped").thenNothing();
        assertEquals(7, begin());
        assertFalse(drain.giveUp());
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain.waiter));
        assertFalse(drain.giveUp());
        source.thenBytes("too").thenNothing();
        readiness.signal().wake();
        assertEquals(3, input.proceed(drain.waiter, drain));
        assertSame(ReadOp.MORE, goOn());
        assertTrue(input.await(drain.waiter));
        drain.end();
        assertClosed();
        assertThrows(
                ClosedChannelException.class,
                () -> input.proceed(drain.waiter, drain)); // woken before, it does not spin
    }
}
