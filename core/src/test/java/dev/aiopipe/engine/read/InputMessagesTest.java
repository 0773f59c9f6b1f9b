package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.aiopipe.LimitExceededException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What exceptions and toString say of an input. */
class InputMessagesTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 5).line();

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness, "stdout of cat");
    private final Readiness.Waiter waiter = () -> {};

    private static void assertSays(Class<? extends Exception> type, String message, Executable call) {
        Exception thrown = assertThrows(type, call);
        assertEquals(message, thrown.getMessage());
        assertEquals(type.getName() + ": " + message, thrown.toString());
    }

    @Test
    void secondReader() throws IOException {
        assertSame(ReadOp.MORE, input.start(LINE));
        input.await(waiter);
        assertEquals("stdout of cat, a read waits", input.toString());
        assertSays(
                ReadPendingException.class, "stdout of cat is being read: one read at a time", () -> input.start(LINE));
        input.abandon(waiter);
        ReadTransaction.begin(input, null, 8);
        assertSays(
                ReadPendingException.class,
                "stdout of cat is read by an atomically block or a transfer: one read at a time",
                () -> input.start(LINE));
        input.close();
    }

    @Test
    void closed() throws IOException {
        assertSame(ReadOp.MORE, input.start(LINE));
        input.await(waiter);
        input.close();
        assertEquals("stdout of cat, closed", input.toString());
        assertSays(
                AsynchronousCloseException.class,
                "stdout of cat was closed here while a read waited",
                () -> input.proceed(waiter, LINE));
        assertSays(ClosedChannelException.class, "stdout of cat was closed here", () -> input.start(LINE));
    }

    @Test
    @DisplayName("closed with its loop, whose end is the cause")
    void loopEnds() {
        IOException cause = new IOException("the loop is closed");
        readiness.close(cause);
        ClosedChannelException thrown = assertThrows(ClosedChannelException.class, () -> input.start(LINE));
        assertEquals("stdout of cat was closed with its loop", thrown.getMessage());
        assertSame(cause, thrown.getCause());
        input.close();
    }

    @Test
    void limits() throws IOException {
        assertEquals("stdout of cat, never read", input.toString());
        source.thenBytes("123456789");
        assertSays(
                LimitExceededException.class,
                "line of stdout of cat is longer than maxLineBytes = 5 bytes",
                () -> input.start(LINE));
        assertEquals("stdout of cat, open", input.toString());
        assertSays(
                LimitExceededException.class,
                "the rest of stdout of cat is longer than limit = 6 bytes",
                () -> input.start(OPS.all(6)));
        assertSays(
                LimitExceededException.class,
                "a message of stdout of cat is longer than limit = 7 bytes",
                () -> input.start(OPS.until(';', 7)));
        ReadTransaction transaction = ReadTransaction.begin(input, null, 8);
        assertSays(
                LimitExceededException.class,
                "an atomically block's part of stdout of cat is longer than maxLineBytes = 8 bytes",
                () -> input.start(OPS.exactly(9), transaction));
        input.close();
    }

    @Test
    void atItsEnd() throws IOException {
        source.emptyAfterShortRead = false;
        source.thenEnd();
        assertNull(input.start(LINE));
        assertEquals("stdout of cat, at its end", input.toString());
        input.close();
        Input redirected = Input.atEnd("stderr of cat", "redirected");
        assertEquals("stderr of cat, redirected", redirected.toString());
        redirected.close();
    }
}
