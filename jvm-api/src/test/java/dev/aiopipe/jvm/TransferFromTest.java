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
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
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
    @DisplayName("W08 a transfer that is cancelled again and again loses nothing, and owes one chunk at most")
    void cancelled() {
        ReadableByteChannel source = channel();
        for (int i = 0; i < 50; i++) {
            assertTrue(link.writer().transferFrom(source).cancel(true));
        }
        assertTrue(link.writer().owed() <= 128 * 1024);
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
                            .anyMatch(stack -> java.util.Arrays.stream(stack)
                                    .anyMatch(frame -> frame.getClassName().endsWith("ChannelTransfer"))));
            assertTrue(moved.cancel(true));
            sink.write(ByteBuffer.wrap("late".getBytes()));
            assertEquals("late", new String(get(link.reader().readExactly(4))));
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
