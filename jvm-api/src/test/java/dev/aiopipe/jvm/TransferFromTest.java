package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** From a blocking channel to a writer, and waits for room. */
@ExtendWith(NothingLeft.class)
class TransferFromTest {
    private final byte[] data = new byte[1_000_000];
    private Link link;

    @BeforeEach
    void open() throws IOException {
        new Random(1).nextBytes(data);
        link = Kind.PIPE.open();
    }

    @AfterEach
    void close() {
        link.close();
    }

    private ReadableByteChannel channel() {
        return Channels.newChannel(new ByteArrayInputStream(data));
    }

    @Test
    @DisplayName("transferFrom writes all that the channel has, and closes nothing")
    void writesAll() {
        ReadableByteChannel source = channel();
        CompletableFuture<Long> moved = link.writer().transferFrom(source);
        assertArrayEquals(data, get(link.reader().readExactly(data.length)));
        assertEquals(data.length, get(moved));
        assertTrue(source.isOpen());
        get(link.writer().writeLine("next"));
        assertEquals("next", get(link.reader().readLine()));
    }

    @Test
    @DisplayName("one thread reads and sends chunk after chunk, as long as there is room")
    void sendsOnOneThread() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        InputStream bytes = new ByteArrayInputStream(data, 0, 40_000);
        ReadableByteChannel source = new ReadableByteChannel() {
            @Override
            public int read(ByteBuffer target) throws IOException {
                threads.add(Thread.currentThread());
                byte[] piece = bytes.readNBytes(1000);
                target.put(piece);
                return piece.length == 0 ? -1 : piece.length;
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
        assertEquals(40_000, get(link.writer().transferFrom(source)));
        assertEquals(1, threads.size());
        assertArrayEquals(Arrays.copyOf(data, 40_000), get(link.reader().readExactly(40_000)));
    }

    @Test
    @DisplayName("W08 a transfer that is cancelled again and again loses nothing, and owes one chunk at most")
    void cancelled() {
        ReadableByteChannel source = channel();
        for (int i = 0; i < 50; i++) {
            CompletableFuture<Long> moved = link.writer().transferFrom(source);
            moved.cancel(true);
            assertThrows(CancellationException.class, moved::join); // at once, or when a read has returned
        }
        assertTrue(
                link.writer().owed() <= 64 * 1024, () -> "owed " + link.writer().owed());
        CompletableFuture<Long> rest = link.writer().transferFrom(source);
        assertArrayEquals(data, get(link.reader().readExactly(data.length)));
        get(rest);
    }

    @Test
    @DisplayName("W08 what a read gives that was under way at the cancel is sent")
    void cancelledWhileReading() throws IOException {
        Pipe pipe = Pipe.open();
        try (Pipe.SourceChannel source = pipe.source();
                Pipe.SinkChannel sink = pipe.sink()) {
            CompletableFuture<Long> moved = link.writer().transferFrom(source);
            Await.until(
                    "the channel is read",
                    () -> Thread.getAllStackTraces().values().stream()
                            .anyMatch(stack -> Arrays.stream(stack)
                                    .anyMatch(frame -> frame.getClassName().endsWith("ChannelTransfer"))));
            assertFalse(moved.cancel(true)); // its bytes have no place yet
            assertFalse(moved.isDone());
            sink.write(ByteBuffer.wrap("late".getBytes()));
            assertEquals("late", new String(get(link.reader().readExactly(4))));
            assertThrows(CancellationException.class, moved::join);
            assertTrue(moved.isCancelled());
        }
    }

    @Test
    @DisplayName("W08 transfers that were reading at the same time owe one chunk between them")
    void cancelledTogether() {
        CountDownLatch reading = new CountDownLatch(3);
        CountDownLatch go = new CountDownLatch(1);
        byte[] chunk = Arrays.copyOf(data, 60_000);
        List<CompletableFuture<Long>> transfers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            transfers.add(link.writer().transferFrom(Channels.newChannel(new ByteArrayInputStream(chunk) {
                @Override
                public int read(byte[] target, int offset, int length) {
                    reading.countDown();
                    awaitLatch(go);
                    return super.read(target, offset, length);
                }
            })));
        }
        awaitLatch(reading);
        get(link.writer().write(new byte[64 * 1024])); // now the pipe is full
        transfers.forEach(transfer -> assertFalse(transfer.cancel(true)));
        go.countDown();
        Await.until("a chunk is owed", () -> link.writer().owed() > 0);
        assertTrue(
                link.writer().owed() <= 64 * 1024, () -> "owed " + link.writer().owed());
        get(link.reader().readExactly(64 * 1024));
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(chunk, get(link.reader().readExactly(chunk.length)));
        }
        transfers.forEach(transfer -> assertThrows(CancellationException.class, transfer::join));
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName("a transfer to nobody fails, one to a closed writer too, and a non-blocking channel is refused")
    void failures() throws IOException {
        Pipe pipe = Pipe.open();
        try (Pipe.SourceChannel source = pipe.source();
                Pipe.SinkChannel sink = pipe.sink()) {
            source.configureBlocking(false);
            assertThrows(IllegalArgumentException.class, () -> link.writer().transferFrom(source));
            assertTrue(sink.isOpen());
        }
        CompletableFuture<Long> moved = link.writer().transferFrom(channel());
        get(link.reader().readExactly(1));
        link.reader().close();
        failure(BrokenPipeException.class, moved);
        link.writer().abort();
        failure(ClosedChannelException.class, link.writer().transferFrom(channel()));
    }

    @Test
    @DisplayName("W15 onWritable is done when there is room, and fails when the writer is closed")
    void room() {
        get(link.writer().onWritable());
        get(link.writer().write(new byte[64 * 1024]));
        CompletableFuture<?> room = link.writer().onWritable();
        CompletableFuture<?> cancelled = link.writer().onWritable();
        assertFalse(room.isDone());
        assertTrue(cancelled.cancel(true));
        get(link.reader().readExactly(64 * 1024));
        get(room);
        get(link.writer().write(new byte[64 * 1024]));
        CompletableFuture<?> closed = link.writer().onWritable();
        link.writer().close();
        failure(AsynchronousCloseException.class, closed);
    }
}
