package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The contract of each writer, through futures. */
@DisplayName("J01 the writer contract through futures")
@ExtendWith(NothingLeft.class)
class WriteContractTest {
    private static final int MEGABYTE = 1 << 20;

    private Link link;
    private AsyncPipeReader reader;
    private AsyncPipeWriter writer;

    @BeforeEach
    void open() throws IOException {
        link = Kind.PIPE.open();
        reader = link.reader();
        writer = link.writer();
    }

    @AfterEach
    void close() {
        link.close();
    }

    @Test
    @DisplayName("W01 an empty write does nothing; on a closed writer it fails")
    void emptyWrite() {
        get(writer.write());
        get(writer.write(""));
        get(writer.write(new byte[0]));
        writer.close();
        failure(ClosedChannelException.class, writer.write());
        assertEquals(0, get(reader.readAll()).length);
    }

    @Test
    @DisplayName("W02 writes larger than the pipe, none waited for: they complete as the reader drains, in order")
    void largeWrites() {
        List<CompletableFuture<?>> writes = new ArrayList<>();
        for (byte i = 0; i < 5; i++) {
            writes.add(writer.write(bytes(MEGABYTE, i)));
        }
        assertFalse(writes.get(0).isDone());
        for (byte i = 0; i < 5; i++) {
            assertArrayEquals(bytes(MEGABYTE, i), get(reader.readExactly(MEGABYTE)));
        }
        writes.forEach(Futures::get);
    }

    @Test
    @DisplayName("W03 many writers at once: no message is torn, each writer's order is kept")
    void manyWriters() throws Exception {
        int writers = 20;
        int messages = 500;
        List<Thread> threads = IntStream.range(0, writers)
                .mapToObj(id -> new Thread(() -> {
                    Random random = new Random(id);
                    for (int i = 0; i < messages; i++) {
                        ByteBuffer message = ByteBuffer.allocate(12 + random.nextInt(20_000));
                        message.putInt(id).putInt(i).putInt(message.capacity() - 12);
                        Arrays.fill(message.array(), 12, message.capacity(), (byte) (id + i));
                        get(writer.write(message.rewind()));
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        int[] next = new int[writers];
        for (int i = 0; i < writers * messages; i++) {
            ByteBuffer head = ByteBuffer.wrap(get(reader.readExactly(12)));
            int id = head.getInt();
            int number = head.getInt();
            byte[] body = get(reader.readExactly(head.getInt()));
            assertEquals(next[id]++, number);
            for (byte value : body) {
                assertEquals((byte) (id + number), value);
            }
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @Test
    @DisplayName("W04 each write to a pipe without reader fails")
    void brokenPipe() {
        reader.close();
        get(writer.onReaderGone());
        for (int i = 0; i < 20; i++) {
            failure(BrokenPipeException.class, writer.write("x"));
        }
    }

    @Test
    @DisplayName("W05 onReaderGone: idle, full, already gone; closed writer; cancelled")
    void readerGone() {
        CompletableFuture<?> idle = writer.onReaderGone();
        CompletableFuture<?> cancelled = writer.onReaderGone();
        CompletableFuture<?> write = writer.write(new byte[MEGABYTE]);
        CompletableFuture<?> full = writer.onReaderGone();
        assertTrue(cancelled.cancel(true));
        assertFalse(idle.isDone());

        reader.close();

        assertNull(get(idle));
        assertNull(get(full));
        failure(BrokenPipeException.class, write);
        assertNull(get(writer.onReaderGone()));
        writer.close();
        failure(ClosedChannelException.class, writer.onReaderGone());
    }

    @Test
    @DisplayName("W06 a write that waits fails when the reader goes")
    void readerGoesDuringWrite() {
        CompletableFuture<Void> write = writer.write(bytes(MEGABYTE, (byte) 1));
        assertFalse(write.isDone());

        reader.close();

        failure(BrokenPipeException.class, write);
    }

    @Test
    @DisplayName("W07 close lets waiting writes finish; later ones fail")
    void closeIsGraceful() {
        CompletableFuture<?> first = writer.write(bytes(MEGABYTE, 1));
        CompletableFuture<?> second = writer.writeLine("last");
        CompletableFuture<?> closed = writer.onClosed();
        writer.close();

        failure(ClosedChannelException.class, writer.write("late"));
        assertFalse(closed.isDone());
        assertArrayEquals(bytes(MEGABYTE, 1), get(reader.readExactly(MEGABYTE)));
        assertEquals("last", get(reader.readLine()));
        assertNull(get(reader.readLine()));
        get(first);
        get(second);
        assertNull(get(closed));
    }

    @Test
    @DisplayName("W07 W10 abort fails waiting writes; close and abort again do no harm; many wait for the end")
    void abort() {
        CompletableFuture<?> write = writer.write(new byte[MEGABYTE]);
        List<CompletableFuture<?>> ends =
                List.of(writer.onClosed(), writer.onClosed(), writer.onClosed().thenApply(x -> x));
        writer.close();
        writer.abort();
        writer.abort();
        writer.close();

        failure(AsynchronousCloseException.class, write);
        ends.forEach(Futures::get);
        get(writer.onClosed());
    }

    @Test
    @DisplayName("W08 a cancelled write that has begun is owed; one that has not is dropped; then the next message")
    void cancelledWrites() {
        byte[] array = bytes(MEGABYTE, 7);
        ByteBuffer begun = ByteBuffer.wrap(array);
        ByteBuffer queued = ByteBuffer.wrap(bytes(100, 8));
        CompletableFuture<?> first = writer.write(begun);
        CompletableFuture<?> second = writer.write(queued);

        assertTrue(first.cancel(true));
        Arrays.fill(array, (byte) -1); // it is ours again
        assertTrue(second.cancel(true));

        assertEquals(0, begun.remaining());
        assertEquals(100, queued.remaining());
        assertTrue(writer.owed() > 0);
        CompletableFuture<?> next = writer.writeLine("next");
        assertArrayEquals(bytes(MEGABYTE, 7), get(reader.readExactly(MEGABYTE)));
        assertEquals("next", get(reader.readLine()));
        get(next);
        assertEquals(0, writer.owed());
    }

    @Test
    @DisplayName("W08 a write whose future somebody else completes is given up in the same way")
    void completedWrite() {
        CompletableFuture<?> first = writer.write(bytes(MEGABYTE, 7)).completeOnTimeout(null, 1, TimeUnit.NANOSECONDS);
        get(first);

        assertTrue(writer.owed() > 0);
        assertArrayEquals(bytes(MEGABYTE, 7), get(reader.readExactly(MEGABYTE)));
    }

    @Test
    @DisplayName("W08 a write that is through can't be cancelled")
    void cancelAfterTheWrite() {
        CompletableFuture<?> write = writer.write(bytes(MEGABYTE, 7));
        get(reader.readExactly(MEGABYTE));
        get(write);

        assertFalse(write.cancel(true));
    }

    @Test
    @DisplayName("W09 a cancelled write and close: all of it, then the end; with abort a prefix, and onClosed tells")
    void cancelledAndClosed() throws Exception {
        writer.write(bytes(MEGABYTE, 7)).cancel(true);
        writer.close();
        assertArrayEquals(bytes(MEGABYTE, 7), get(reader.readAll()));
        get(writer.onClosed());

        close();
        open();
        writer.write(bytes(MEGABYTE, 7)).cancel(true);
        writer.abort();
        assertTrue(get(reader.readAll()).length < MEGABYTE);
        failure(IOException.class, writer.onClosed());
    }

    @Test
    @DisplayName("W14 buffers: direct, heap, read-only, sliced, several; positions")
    void buffers() {
        ByteBuffer direct = ByteBuffer.allocateDirect(3).put("abc".getBytes()).flip();
        ByteBuffer readOnly = ByteBuffer.wrap("def".getBytes()).asReadOnlyBuffer();
        ByteBuffer sliced = ByteBuffer.wrap("xxghixx".getBytes(), 2, 3).slice();
        ByteBuffer part = ByteBuffer.wrap("xxjklxx".getBytes(), 2, 3);
        get(writer.write(direct, readOnly, sliced, part));
        get(writer.write("xmnox".getBytes(), 1, 3));

        assertEquals("abcdefghijklmno", new String(get(reader.readExactly(15))));
        assertEquals(
                List.of(3, 3, 3, 5),
                List.of(direct.position(), readOnly.position(), sliced.position(), part.position()));
    }

    @Test
    @DisplayName("an array without such bytes is refused by the call")
    void wrongArguments() {
        assertEquals(
                "offset 2 and length 4 are not within 5 bytes",
                assertThrows(IllegalArgumentException.class, () -> writer.write(new byte[5], 2, 4))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> writer.write(new byte[5], -1, 2));
        assertThrows(NullPointerException.class, () -> writer.writeLine(null));
    }

    private static byte[] bytes(int size, int seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
