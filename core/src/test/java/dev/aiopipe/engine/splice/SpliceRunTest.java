package dev.aiopipe.engine.splice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.read.ReadTransaction;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.ScriptedSink;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The order of events of a run, made step by step: what the kernel answers is scripted. */
@Timeout(20)
class SpliceRunTest {
    /** Answers one splice. */
    private interface Splice {
        long bytes() throws IOException;
    }

    private final Queue<Splice> script = new ArrayDeque<>();
    private long afterScript = DescriptorCopy.EMPTY;
    private int splices;
    private int givenBack;

    private final SpliceRun.Copies copies = new SpliceRun.Copies() {
        @Override
        public boolean lend() {
            return true;
        }

        @Override
        public long splice(long count) {
            splices++;
            try {
                return script.isEmpty() ? afterScript : script.remove().bytes();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void giveBack() {
            givenBack++;
        }
    };

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readable = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readable);
    private final ScriptedSink sink = new ScriptedSink();
    private final Readiness writable = new Readiness(Readiness.OWN_SIGNALS);
    private final Output output = new Output(sink, writable, ReaderWatch.none(), "the sink");
    private ReadTransaction transaction;
    private Long moved;
    private Throwable failure;

    @BeforeEach
    void begin() throws IOException {
        transaction = ReadTransaction.beginWithoutRollback(input, null);
        sink.room = 1_000;
    }

    @AfterEach
    void close() {
        input.close();
        output.abort();
    }

    private SpliceRun run(long count) {
        SpliceRun run = Objects.requireNonNull(SpliceRun.of(input, transaction, output, copies, count));
        run.begin((bytes, why) -> {
            assertNull(moved);
            moved = bytes;
            failure = why;
        });
        return run;
    }

    private void then(Splice splice) {
        script.add(splice);
    }

    @Test
    @DisplayName("bytes that come between the empty try and the wait are not missed")
    void signalBeforeTheWait() {
        then(() -> {
            readable.announce();
            return DescriptorCopy.EMPTY;
        });
        then(() -> 5);
        then(() -> 0);
        run(100);
        assertEquals(5, moved);
        assertNull(failure);
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("an empty input is waited for at the input, a full output at the output, and nothing is read")
    void waitsAtTheRightSide() {
        run(100);
        writable.announce();
        assertEquals(1, splices);
        afterScript = DescriptorCopy.FULL;
        readable.announce();
        assertEquals(3, splices); // the signal of the past costs one try
        readable.announce();
        assertEquals(3, splices);
        then(() -> 100);
        writable.announce();
        assertEquals(4, splices);
        assertEquals(100, moved);
        assertEquals(0, source.reads);
    }

    @Test
    @DisplayName("after a turn others have theirs: their messages, and the other streams of the loop")
    void turns() {
        afterScript = 1;
        Message other = Message.of(ByteBuffer.wrap("other".getBytes(StandardCharsets.UTF_8)));
        then(() -> {
            assertFalse(output.offer(other));
            return 1;
        });
        run(40);
        assertEquals(16, splices);
        assertEquals("other", sink.written());
        writable.announce();
        assertEquals(32, splices);
        assertNull(moved);
        writable.announce();
        assertEquals(40, splices);
        assertEquals(40, moved);
    }

    @Test
    @DisplayName("a cancel waits for the turn that is under way, and none follows")
    void cancelledInATurn() throws Exception {
        afterScript = DescriptorCopy.FULL;
        SpliceRun run = run(100);
        Thread canceller = new Thread(run::cancel);
        then(() -> {
            canceller.start();
            Await.until("the cancel waits", () -> canceller.getState() == Thread.State.BLOCKED);
            assertEquals(0, givenBack);
            return 7;
        });
        writable.announce();
        canceller.join();
        int before = splices;
        assertEquals(1, givenBack);
        writable.announce();
        readable.announce();
        assertEquals(before, splices);
        assertNull(moved);
        assertTrue(output.isIdle());
        run.cancel();
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("a cancelled wait for input frees the read slot at once")
    void cancelledWait() throws IOException {
        run(100).cancel();
        source.thenBytes("line\n");
        ReadOp<String> line = new ReadOps(StandardCharsets.UTF_8, 100).line();
        assertEquals("line", input.start(line, transaction));
        readable.announce();
        assertEquals(1, splices);
        assertNull(moved);
    }

    @Test
    @DisplayName("the close of the input ends a wait for it")
    void closedWhileItWaits() {
        run(100);
        input.close();
        assertInstanceOf(AsynchronousCloseException.class, failure);
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("the abort of the output ends a wait for room")
    void abortedWhileItWaits() {
        then(() -> 3);
        afterScript = DescriptorCopy.FULL;
        run(100);
        writable.announce();
        output.abort();
        assertInstanceOf(AsynchronousCloseException.class, failure);
        assertEquals(3, moved);
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("a transaction that is over moves nothing more")
    void transactionOver() {
        afterScript = DescriptorCopy.FULL;
        run(100);
        assertEquals(1, splices);
        transaction.commit();
        writable.announce();
        assertEquals(1, splices);
        assertEquals(0, moved);
        assertNull(failure); // the next read of the transfer reports it
    }

    @Test
    @DisplayName("a closed output is left to the next write: there may be no more bytes")
    void outputClosedBefore() {
        then(() -> DescriptorCopy.EMPTY);
        run(100);
        output.close();
        readable.announce();
        assertEquals(1, splices);
        assertEquals(0, moved);
        assertNull(failure);
    }

    @Test
    @DisplayName("an error in a splice ends the run and is passed on")
    void error() {
        Error error = new OutOfMemoryError("no memory");
        then(() -> {
            throw error;
        });
        run(100);
        assertSame(error, failure);
        assertEquals(1, givenBack);
    }

    @Test
    @DisplayName("buffered bytes are left to a read and a write")
    void buffered() throws IOException {
        source.thenBytes("some");
        input.start(new ReadOps(StandardCharsets.UTF_8, 100).request(1), transaction);
        run(100);
        assertEquals(0, splices);
        assertEquals(0, moved);
    }
}
