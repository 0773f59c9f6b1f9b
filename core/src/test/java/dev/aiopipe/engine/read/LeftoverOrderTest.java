package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.transport.ThreadedSource;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bytes that one reader of a descriptor leaves, and the order in which the next one gets them. */
@Timeout(30)
class LeftoverOrderTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private static final ReadOp<String> LINE = OPS.line();

    private final Leftover leftover = new Leftover();

    private Input input(ByteSource source) {
        return input(source, new Readiness(Readiness.OWN_SIGNALS));
    }

    private Input input(ByteSource source, Readiness readiness) {
        return new Input(source, readiness, "descriptor 0", leftover, () -> {});
    }

    @Test
    @DisplayName("what is buffered comes before what the source has still to give")
    void buffered() throws IOException {
        Input first = input(new ScriptedSource().thenBytes("one\ntwo\nthr"));
        assertEquals("one", first.start(LINE));
        first.close();
        Input second = input(new ScriptedSource().thenBytes("ee\n"));
        assertEquals("two", second.start(LINE));
        assertEquals("three", second.start(LINE));
        second.close();
    }

    @Test
    @DisplayName("what the next reader did not take is left once more, and comes before the rest")
    void leftTwice() throws IOException {
        Input first = input(new ScriptedSource().thenBytes("1\n2\n3\n4\n"));
        assertEquals("1", first.start(LINE));
        first.close();
        for (String line : new String[] {"2", "3", "4"}) {
            Input next = input(new ScriptedSource());
            assertEquals(line, next.start(LINE));
            next.close();
        }
        assertSame(ReadOp.MORE, input(new ScriptedSource()).start(LINE));
    }

    @Test
    @DisplayName("the end of a terminal is left if no read has reported it")
    void end() throws IOException {
        ScriptedSource terminal = new ScriptedSource().thenBytes("last").thenEnd();
        terminal.endIsFinal = false;
        terminal.emptyAfterShortRead = false;
        Input first = input(terminal);
        assertEquals("last", first.start(LINE));
        first.close();
        ScriptedSource more = new ScriptedSource().thenBytes("more\n");
        more.endIsFinal = false;
        Input second = input(more);
        assertNull(second.start(LINE));
        assertEquals("more", second.start(LINE));
        second.close();
        assertSame(ReadOp.MORE, input(new ScriptedSource()).start(LINE));
    }

    @Test
    @DisplayName("what atomically gives back after the close is left, too")
    void givenBackAfterTheClose() throws IOException {
        Input first = input(new ScriptedSource().thenBytes("one\ntwo\n"));
        ReadTransaction block = ReadTransaction.begin(first, null, 100);
        assertEquals("one", first.start(LINE, block));
        first.close();
        block.rollBack();
        Input second = input(new ScriptedSource());
        assertEquals("one", second.start(LINE));
        assertEquals("two", second.start(LINE));
        second.close();
    }

    @Test
    @DisplayName("what atomically gives back while a close begins is left, too")
    void givenBackDuringTheClose() throws IOException {
        Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
        Input first = input(new ScriptedSource().thenBytes("one\ntwo\n"), readiness);
        ReadTransaction block = ReadTransaction.begin(first, null, 100);
        assertEquals("one", first.start(LINE, block));
        readiness.close(CloseOnce.BY_OWNER); // the close's first step; its second one leaves what is buffered
        block.rollBack();
        first.close();
        Input second = input(new ScriptedSource());
        assertEquals("one", second.start(LINE));
        assertEquals("two", second.start(LINE));
        second.close();
    }

    @Test
    @DisplayName("what is buffered when the loop ends is the next reader's, whenever the first one is closed")
    void loopEnd() throws IOException {
        Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
        ScriptedSource source = new ScriptedSource().thenBytes("one\ntwo\nthree\n");
        Input first = input(source, readiness);
        assertEquals("one", first.start(LINE));
        readiness.close(new IOException("the loop is closed"));
        assertEquals(1, source.closes);
        Input second = input(new ScriptedSource().thenBytes("four\n"));
        assertEquals("two", second.start(LINE));
        first.close();
        assertEquals("three", second.start(LINE));
        assertEquals("four", second.start(LINE));
        second.close();
    }

    @Test
    @DisplayName("an Error while what is buffered is left keeps nothing open")
    void errorWhileLeaving() throws IOException {
        boolean[] fails = {false};
        ScriptedSource source = new ScriptedSource() {
            @Override
            public boolean endIsFinal() {
                if (fails[0]) {
                    throw new OutOfMemoryError("on purpose");
                }
                return false;
            }
        };
        source.thenBytes("one\nlast").thenEnd().emptyAfterShortRead = false;
        Input input = input(source);
        assertEquals("one", input.start(LINE));
        assertEquals(true, input.start(OPS.request(4)));
        assertEquals(false, input.start(OPS.request(5)));
        fails[0] = true;
        assertThrows(OutOfMemoryError.class, input::close);
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("a closed reader reads nothing that would be lost")
    void readAfterTheClose() throws IOException {
        ScriptedSource source = new ScriptedSource();
        Input input = input(source);
        input.close();
        source.thenBytes("late\n");
        assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertEquals(0, source.reads);
    }

    @Test
    @DisplayName("a read that an Error has struck does not hold the close up")
    void closedUnderAReadThatNeverEnds() throws IOException {
        ScriptedSource source = new ScriptedSource();
        Input input = input(source);
        assertSame(ReadOp.MORE, input.start(LINE)); // and never waits
        input.close();
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("nothing is left of a descriptor that is closed")
    void discarded() throws IOException {
        Input first = input(new ScriptedSource().thenBytes("one\ntwo\n"));
        assertEquals("one", first.start(LINE));
        leftover.discard();
        first.close();
        assertSame(ReadOp.MORE, input(new ScriptedSource()).start(LINE));
    }

    /** A stream that can't be interrupted. */
    private static final class Slow extends InputStream {
        private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        private final CountDownLatch reading = new CountDownLatch(1);

        @Override
        public int read() {
            throw new UnsupportedOperationException("one by one");
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            reading.countDown();
            try {
                byte[] line = lines.take().getBytes(StandardCharsets.UTF_8);
                System.arraycopy(line, 0, target, offset, line.length);
                return line.length;
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }

    private ThreadedSource threads(Slow stream, Readiness readiness) {
        return new ThreadedSource(() -> stream, ReadMode.THREAD, DescriptorKind.TERMINAL, readiness, leftover);
    }

    @Test
    @DisplayName("a read that outlives its reader gives its bytes to the next one, which waits for it")
    void lateRead() throws Exception {
        Slow slow = new Slow();
        Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
        Input first = input(threads(slow, readiness), readiness);
        assertSame(ReadOp.MORE, first.start(LINE));
        assertTrue(first.await(() -> {}));
        slow.reading.await();
        first.close();

        Readiness next = new Readiness(Readiness.OWN_SIGNALS);
        ScriptedSource source = new ScriptedSource().thenBytes("two\n");
        Input second = input(source, next);
        assertSame(ReadOp.MORE, second.start(LINE));
        CompletableFuture<Void> woken = new CompletableFuture<>();
        Readiness.Waiter waiter = () -> woken.complete(null);
        boolean waits = second.await(waiter);
        assertEquals(0, source.reads, "what is in the descriptor comes later");
        slow.lines.add("one\n");
        if (waits) {
            woken.get(20, TimeUnit.SECONDS);
        }
        assertEquals("one", second.proceed(waiter, LINE));
        assertEquals("two", second.start(LINE));
        second.close();
    }

    @Test
    @DisplayName("what a thread had read for a reader that was closed is left")
    void readByAThread() throws Exception {
        Slow slow = new Slow();
        slow.lines.add("one\ntwo\n");
        CompletableFuture<Void> filled = new CompletableFuture<>();
        Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
        Input first = input(threads(slow, readiness), readiness);
        assertSame(ReadOp.MORE, first.start(LINE));
        Readiness.Waiter waiter = () -> filled.complete(null);
        if (first.await(waiter)) {
            filled.get(20, TimeUnit.SECONDS);
        }
        first.abandon(waiter);
        first.close();
        Input second = input(new ScriptedSource());
        assertEquals("one", second.start(LINE));
        assertEquals("two", second.start(LINE));
        assertFalse(second.buffered() > 0);
        second.close();
    }
}
