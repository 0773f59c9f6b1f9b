package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Inputs that are closed, or at their end, keep no buffer. */
class InputMemoryTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();
    private static final ReadOp<byte[]> ALL = OPS.all(1 << 20);

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness);

    @AfterEach
    void close() {
        input.close();
    }

    private int memory() {
        return input.buffer.bytes.length;
    }

    @Test
    void atTheEnd() throws Exception {
        source.emptyAfterShortRead = false;
        source.thenBytes("abc").thenEnd();
        assertEquals(3, ((byte[]) input.start(ALL)).length);
        assertEquals(0, memory());
        assertNull(input.start(LINE));
        assertTrue(Drain.announce(input, Runnable::run).wasRead());
    }

    @Test
    @DisplayName("at an end that is not final, and in a block that may give back")
    void atTheEndOfAWriter() throws Exception {
        source.emptyAfterShortRead = false;
        source.endIsFinal = false;
        source.thenBytes("abc").thenEnd().thenBytes("de\n").thenEnd();
        assertEquals(3, ((byte[]) input.start(ALL)).length);
        assertEquals(0, memory());
        ReadTransaction first = ReadTransaction.begin(input, null, 100);
        assertEquals(3, ((byte[]) input.start(ALL, first)).length);
        first.rollBack();
        assertEquals(3, ((byte[]) input.start(ALL)).length);
        assertEquals(0, memory());
        source.thenBytes("f").thenEnd();
        ReadTransaction second = ReadTransaction.begin(input, null, 100);
        assertEquals(1, ((byte[]) input.start(ALL, second)).length);
        assertNotEquals(0, memory());
        second.commit();
        assertEquals(0, memory());
    }

    @Test
    void closedWhileNobodyReads() throws Exception {
        source.thenBytes("abc\nd");
        assertEquals("abc", input.start(LINE));
        input.close();
        assertEquals(0, memory());
    }

    @Test
    void closedWhileAReadWaits() throws Exception {
        source.thenBytes("abc");
        Readiness.Waiter waiter = () -> {};
        assertSame(ReadOp.MORE, input.start(LINE));
        input.await(waiter);
        input.close();
        assertEquals(0, memory());
        assertThrows(AsynchronousCloseException.class, () -> input.proceed(waiter, LINE));
    }

    @Test
    void closedWhileAReadRuns() throws Exception {
        source.then(target -> {
            input.close();
            target.put(new byte[] {'a', '\n', 'b'});
            return 3;
        });
        assertEquals("a", input.start(LINE));
        assertEquals(0, memory());
    }

    @Test
    void closedWhileAReadFails() throws Exception {
        source.thenBytes("abc").then(target -> {
            input.close();
            throw new ClosedChannelException();
        });
        source.emptyAfterShortRead = false;
        assertThrows(AsynchronousCloseException.class, () -> input.start(LINE));
        assertEquals(0, memory());
    }

    @Test
    @DisplayName("closed with its loop, the next read finds out")
    void closedWithItsLoop() throws Exception {
        source.thenBytes("abc\nd");
        assertEquals("abc", input.start(LINE));
        readiness.close(new IOException("the loop is closed"));
        assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertEquals(0, memory());
    }

    @Test
    @DisplayName("a block that fails behind a close gives nothing back")
    void closedInABlock() throws Exception {
        source.thenBytes("abc\nd");
        ReadTransaction transaction = ReadTransaction.begin(input, null, 100);
        assertEquals("abc", input.start(LINE, transaction));
        input.close();
        assertEquals(0, memory());
        transaction.rollBack();
    }

    @Test
    void drained() throws Exception {
        source.thenBytes("abc").thenEnd();
        Drain drain = Drain.announce(input, Runnable::run);
        assertEquals(3, input.start(drain, drain));
        drain.end();
        assertEquals(0, memory());
    }
}
