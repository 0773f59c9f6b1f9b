package dev.aiopipe.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

@Timeout(30)
class DrainTest {
    private static final Take<String> LINE = Take.line(StandardCharsets.UTF_8, 100);

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness);
    private final List<String> woken = new ArrayList<>();

    /** As the drivers' own: it reads only as long as nobody has lost anything by it. */
    private final Readiness.Waiter drain = new Readiness.Waiter() {
        @Override
        public void wake() {
            woken.add("drain");
        }

        @Override
        public boolean yields() {
            return !input.isDrained();
        }

        @Override
        public boolean isGivenUp() {
            return !woken.isEmpty() && yields();
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

    private Object announceAndStart() throws IOException {
        input.announceDrain();
        return input.startDrain();
    }

    @Test
    @DisplayName("a read between its announcement and its beginning is its end; who has read once may be about to come")
    void readerComesAtOnce() throws IOException {
        assertFalse(input.announceDrain());
        source.thenBytes("line\n").thenBytes("next\n");
        assertEquals("line", input.start(LINE));
        assertThrows(ReadPendingException.class, input::startDrain);
        input.endDrain();
        assertTrue(input.announceDrain());
        input.own("owner");
        assertThrows(ReadPendingException.class, input::startDrain);
        input.endDrain();
        assertEquals("next", input.start(LINE, "owner"));
        input.disown("owner");
    }

    @Test
    @DisplayName(
            "from the first byte on that was dropped all others find it closed, until the drain is over and behind that")
    void hole() throws IOException {
        source.thenBytes("dropped\n").thenNothing().thenBytes("too\n");
        assertEquals(8, announceAndStart());
        assertClosed();
        assertSame(Take.MORE, input.startDrain());
        assertTrue(input.await(drain));
        assertClosed();
        readiness.signal().wake();
        assertEquals(4, input.proceed(drain, input::drop));
        assertClosed();
        input.endDrain();
        assertClosed();
        assertEquals(1, source.closes);
        assertEquals(List.of("drain"), woken);
    }

    private void assertClosed() {
        assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertThrows(ClosedChannelException.class, () -> input.own("other"));
    }

    @Test
    @DisplayName("a read goes before a drain that has dropped nothing yet, and is its end")
    void readerComesInTime() throws IOException {
        assertSame(Take.MORE, announceAndStart());
        assertTrue(input.await(drain));
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
        assertEquals(List.of("drain"), woken);
        assertThrows(IllegalStateException.class, () -> input.proceed(drain, input::drop));
        assertFalse(input.isDrained());
    }

    @Test
    @DisplayName("so does one that has to wait itself")
    void readerWaitsInItsPlace() throws IOException {
        assertSame(Take.MORE, announceAndStart());
        assertTrue(input.await(drain));
        assertSame(Take.MORE, input.start(LINE));
        Readiness.Waiter reader = () -> woken.add("reader");
        assertTrue(input.await(reader));
        assertThrows(IllegalStateException.class, () -> input.proceed(drain, input::drop));
        input.endDrain(); // it is the reader's
        source.thenBytes("line\n");
        readiness.signal().wake();
        assertEquals("line", input.proceed(reader, LINE));
        assertEquals(List.of("drain", "reader"), woken);
    }

    @Test
    @DisplayName("nor does it wait for a drain that was woken, and does not get to run")
    void readerIsQuicker() throws IOException {
        assertSame(Take.MORE, announceAndStart());
        assertTrue(input.await(drain));
        source.thenBytes("line\n");
        readiness.signal().wake();
        assertEquals("line", input.start(LINE));
        assertThrows(IllegalStateException.class, () -> input.proceed(drain, input::drop));
    }

    @Test
    @DisplayName("of two drains the later one goes before the one that has dropped nothing, and closes in the end")
    void secondDrain() throws IOException {
        assertSame(Take.MORE, announceAndStart());
        assertTrue(input.await(drain));
        assertSame(Take.MORE, announceAndStart());
        Readiness.Waiter second = () -> woken.add("second");
        assertTrue(input.await(second));
        assertThrows(IllegalStateException.class, () -> input.proceed(drain, input::drop));
        input.abandon(second);
        input.endDrain();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("and does not disturb the one that has")
    void drainOfWhatIsDrained() throws IOException {
        source.thenBytes("dropped").thenNothing();
        assertEquals(7, announceAndStart());
        assertSame(Take.MORE, input.startDrain());
        assertTrue(input.await(drain));
        assertThrows(ClosedChannelException.class, input::announceDrain);
        input.abandon(drain);
        input.endDrain();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("an input that somebody reads, or owns, is not drained")
    void somebodyReads() throws IOException {
        assertSame(Take.MORE, input.start(LINE));
        Readiness.Waiter reader = () -> woken.add("reader");
        assertTrue(input.await(reader));
        assertThrows(ReadPendingException.class, input::announceDrain);
        input.abandon(reader);
        input.own("owner");
        assertThrows(ReadPendingException.class, input::announceDrain);
        input.endDrain();
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
        assertSame(Take.MORE, announceAndStart());
        assertTrue(input.await(drain));
        assertEquals("line", reads.get(0).join());
        assertEquals(1, announceAndStart());
        CompletionException failure = assertThrows(CompletionException.class, reads.get(1)::join);
        assertEquals(ClosedChannelException.class, failure.getCause().getClass());
    }

    private Object line() {
        try {
            return input.start(LINE);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    @DisplayName("what nobody has come to read is closed in the end, dropped or not")
    void end() throws IOException {
        assertSame(Take.MORE, announceAndStart());
        assertTrue(input.await(drain));
        input.abandon(drain);
        input.endDrain();
        assertClosed();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("what somebody has come to read is not closed, whether they are reading now or not")
    void endOfWhatIsRead() throws IOException {
        assertSame(Take.MORE, announceAndStart());
        assertTrue(input.await(drain));
        source.thenBytes("line\n").thenEnd();
        assertEquals("line", input.start(LINE));
        input.abandon(drain); // it was cancelled, and does not know yet that it is over
        input.endDrain();
        assertNull(input.start(LINE));
    }

    @Test
    @DisplayName("a failed input, or one that its user has closed, is closed and no more")
    void failure() throws IOException {
        input.announceDrain();
        source.then(target -> {
            throw new IOException("failed");
        });
        assertThrows(IOException.class, input::startDrain);
        input.endDrain();
        input.endDrain();
        assertClosed();
        assertEquals(1, source.closes);
    }
}
