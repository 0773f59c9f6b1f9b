package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** J06: the views that block. */
@ExtendWith(NothingLeft.class)
class BlockingViewTest {
    private static final int MEGABYTE = 1 << 20;

    private Link link;
    private InputStream in;
    private OutputStream out;

    @BeforeEach
    void open() throws IOException {
        link = Kind.PIPE.open();
        in = link.reader().asInputStream();
        out = link.writer().asOutputStream();
    }

    @AfterEach
    void close() {
        link.close();
    }

    @Test
    @DisplayName("J06 reads are partial, skip and available tell the truth, the end is -1")
    void reads() throws IOException {
        assertEquals(0, in.available());
        out.write("0123456789".getBytes());
        Await.until("ten bytes are available", () -> available(in) == 10);

        assertEquals('0', in.read());
        byte[] some = new byte[20];
        assertEquals(9, in.read(some, 3, 15));
        assertEquals("123456789", new String(some, 3, 9));
        assertEquals(0, in.read(some, 0, 0));
        out.write(200);
        assertEquals(200, in.read());
        out.write(new byte[100]);
        assertEquals(60, in.skip(60));
        out.close();
        assertEquals(0, in.skip(-1));
        assertEquals(40, in.skip(100));
        assertEquals(-1, in.read());
        assertEquals(-1, in.read(some));
        assertEquals(0, in.available());
        assertThrows(IndexOutOfBoundsException.class, () -> in.read(some, 10, 11));
    }

    private static int available(InputStream in) {
        try {
            return in.available();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName("J06 readAllBytes, readNBytes and transferTo, with a writer on another thread")
    void wholes() throws Exception {
        byte[] data = new byte[3 * MEGABYTE];
        new Random(1).nextBytes(data);
        CompletableFuture<Void> written = elsewhere(() -> {
            out.write(data);
            out.close();
            return null;
        });

        byte[] first = in.readNBytes(MEGABYTE);
        byte[] second = new byte[MEGABYTE];
        assertEquals(MEGABYTE, in.readNBytes(second, 0, MEGABYTE));
        ByteArrayOutputStream third = new ByteArrayOutputStream();
        assertEquals(MEGABYTE, in.transferTo(third));

        assertArrayEquals(Arrays.copyOfRange(data, 0, MEGABYTE), first);
        assertArrayEquals(Arrays.copyOfRange(data, MEGABYTE, 2 * MEGABYTE), second);
        assertArrayEquals(Arrays.copyOfRange(data, 2 * MEGABYTE, 3 * MEGABYTE), third.toByteArray());
        assertEquals(0, in.readAllBytes().length);
        assertEquals(0, in.readNBytes(5).length);
        assertEquals(0, in.readNBytes(second, 0, 5));
        get(written);
    }

    @Test
    @DisplayName("J06 old code reads lines from it")
    void bufferedReader() throws Exception {
        CompletableFuture<String> line = elsewhere(() -> new BufferedReader(new InputStreamReader(in)).readLine());
        out.write("hel".getBytes());
        out.write("lo\n".getBytes());

        assertEquals("hello", get(line));
    }

    @Test
    @DisplayName("J06 close by another thread frees a blocked read; later ones fail")
    void closeFreesAReader() throws Exception {
        CompletableFuture<Integer> read = elsewhere(in::read);
        awaitBlocked(read);
        in.close();

        Futures.failure(AsynchronousCloseException.class, read);
        assertThrows(ClosedChannelException.class, in::read);
        assertThrows(ClosedChannelException.class, in::available);
    }

    @Test
    @DisplayName("J06 abort by another thread frees a blocked write; close lets it finish")
    void abortFreesAWriter() throws Exception {
        CompletableFuture<Void> write = elsewhere(() -> writeAll(new byte[MEGABYTE]));
        awaitBlocked(write);
        out.close();
        assertThrows(ClosedChannelException.class, () -> out.write(1));
        link.writer().abort();

        Futures.failure(AsynchronousCloseException.class, write);
    }

    @Test
    @DisplayName("J06 a blocked write ends when the reader goes")
    void brokenPipe() throws Exception {
        CompletableFuture<Void> write = elsewhere(() -> writeAll(new byte[MEGABYTE]));
        awaitBlocked(write);
        link.reader().close();

        Futures.failure(BrokenPipeException.class, write);
    }

    @Test
    @DisplayName("J06 an interrupted read has taken nothing")
    void interruptedRead() throws Exception {
        out.write("par".getBytes());
        CompletableFuture<byte[]> read = elsewhere(() -> in.readNBytes(6));
        awaitBlocked(read).interrupt();

        Futures.failure(InterruptedIOException.class, read);
        out.write("tial".getBytes());
        assertEquals("partia", new String(in.readNBytes(6)));
    }

    @Test
    @DisplayName("J06 an interrupt does not stop a read that need not wait")
    void interruptedBefore() throws Exception {
        out.write("ab".getBytes());
        Thread.currentThread().interrupt();
        assertEquals('a', in.read());
        assertTrue(Thread.interrupted());
    }

    @Test
    @DisplayName("J06 an interrupted write is sent wholly or not at all, and says which")
    void interruptedWrite() throws Exception {
        byte[] data = new byte[MEGABYTE];
        new Random(2).nextBytes(data);
        CompletableFuture<Void> begun = elsewhere(() -> writeAll(data));
        Thread first = awaitBlocked(begun);
        CompletableFuture<Void> queued = elsewhere(() -> writeAll(new byte[10]));
        awaitBlocked(queued).interrupt();
        assertEquals(0, Futures.failure(InterruptedIOException.class, queued).bytesTransferred);
        first.interrupt();
        assertEquals(MEGABYTE, Futures.failure(InterruptedIOException.class, begun).bytesTransferred);

        assertArrayEquals(data, in.readNBytes(MEGABYTE));
        assertEquals(0, link.writer().owed());
        assertEquals(0, in.available());
    }

    @Test
    @DisplayName("J06 on a withTimeout view a read that takes too long is an InterruptedIOException, nothing is lost")
    void timeout() throws Exception {
        out.write("a\nb".getBytes());
        AsyncPipeReader view = link.reader().withTimeout(Duration.ofMillis(1));
        InterruptedIOException late = assertThrows(
                InterruptedIOException.class, () -> view.asInputStream().readNBytes(4));

        assertInstanceOf(TimeoutException.class, late.getCause());
        assertFalse(Thread.interrupted());
        assertEquals("a", get(link.reader().readLine()));
        link.writer().close();
        assertEquals("b", get(link.reader().readLine()));
        assertNull(get(link.reader().readLine()));
    }

    private Void writeAll(byte[] bytes) throws IOException {
        out.write(bytes);
        return null;
    }

    /** Runs on a thread of its own, whose name the future's has. */
    private <T> Elsewhere<T> elsewhere(Callable<T> call) {
        Elsewhere<T> result = new Elsewhere<>(call);
        result.thread.start();
        return result;
    }

    private static Thread awaitBlocked(CompletableFuture<?> elsewhere) {
        Thread thread = ((Elsewhere<?>) elsewhere).thread;
        Await.until(thread, Thread.State.WAITING);
        return thread;
    }

    private static final class Elsewhere<T> extends CompletableFuture<T> {
        private final Thread thread;

        Elsewhere(Callable<T> call) {
            thread = new Thread(() -> {
                try {
                    complete(call.call());
                } catch (Throwable e) {
                    completeExceptionally(e);
                }
            });
        }
    }
}
