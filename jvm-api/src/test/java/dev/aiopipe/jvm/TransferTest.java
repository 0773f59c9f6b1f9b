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
import dev.aiopipe.jvm.internal.read.ReaderView;
import dev.aiopipe.jvm.internal.read.Transfer;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.channels.ReadPendingException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** From a reader to a writer or a channel: each byte is in one place, whatever happens. */
@ExtendWith(NothingLeft.class)
class TransferTest {
    private static final int SIZE = 3_000_000;

    private final byte[] data = new byte[SIZE];
    private Link from;
    private Link to;

    @BeforeEach
    void open() throws IOException {
        new Random(1).nextBytes(data);
        from = Kind.PIPE.open();
        to = Kind.PIPE.open();
    }

    @AfterEach
    void close() {
        from.close();
        to.close();
    }

    @Test
    @DisplayName("transferTo a writer moves everything, and closes neither")
    void toWriter() {
        from.writer().write(data).thenRun(from.writer()::close);
        CompletableFuture<Long> moved = from.reader().transferTo(to.writer());
        failure(ReadPendingException.class, from.reader().readLine());
        failure(ReadPendingException.class, from.reader().transferTo(to.writer()));

        assertArrayEquals(data, get(to.reader().readExactly(SIZE)));
        assertEquals(SIZE, get(moved));
        get(to.writer().writeLine("more"));
        assertEquals("more", get(to.reader().readLine()));
    }

    @Test
    @DisplayName("transferTo with a count leaves the rest")
    void counted() {
        from.writer().write("0123456789");
        assertEquals(0, get(from.reader().transferTo(to.writer(), 0)));
        assertEquals(4, get(from.reader().transferTo(to.writer(), 4)));

        assertEquals("0123", new String(get(to.reader().readExactly(4))));
        assertEquals("456789", new String(get(from.reader().readExactly(6))));
    }

    @Test
    @DisplayName("a cancelled transfer leaves each byte here, sent or owed, and the reader free")
    void cancelled() {
        for (int attempt = 0; attempt < 200; attempt++) {
            byte[] part = Arrays.copyOf(data, 200_000 + attempt);
            CompletableFuture<?> write = from.writer().write(part);
            CompletableFuture<Long> moved = from.reader().transferTo(to.writer());
            byte[] head = get(to.reader().readAtMost(50_000));

            assertTrue(moved.cancel(true));

            CompletableFuture<Long> rest = from.reader().transferTo(to.writer(), Long.MAX_VALUE);
            byte[] tail = get(to.reader().readExactly(part.length - head.length));
            assertTrue(rest.cancel(true));
            get(write);
            byte[] all = Arrays.copyOf(head, part.length);
            System.arraycopy(tail, 0, all, head.length, tail.length);
            assertArrayEquals(part, all);
            assertEquals(0, from.reader().buffered());
        }
    }

    @Test
    @DisplayName("a transfer to a writer without reader fails, and what was not sent can be read")
    void brokenTarget() {
        to.reader().close();
        get(to.writer().onReaderGone());
        from.writer().write("data");

        failure(BrokenPipeException.class, from.reader().transferTo(to.writer()));
        assertEquals("data", new String(get(from.reader().readExactly(4))));
    }

    @Test
    @DisplayName("transferTo a blocking channel")
    void toChannel() {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        from.writer().write(data).thenRun(from.writer()::close);

        assertEquals(SIZE, get(from.reader().transferTo(Channels.newChannel(target))));
        assertArrayEquals(data, target.toByteArray());
    }

    @Test
    @DisplayName("a cancelled transfer to a blocking channel frees the reader when the write under way is through")
    void cancelledInChannel() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        WritableByteChannel slow = Channels.newChannel(new java.io.OutputStream() {
            @Override
            public void write(int value) {
                target.write(value);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                writing.countDown();
                try {
                    leave.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                target.write(bytes, offset, length);
            }
        });
        from.writer().write("head");
        CompletableFuture<Long> moved = from.reader().transferTo(slow);
        writing.await();

        assertTrue(moved.cancel(true));
        from.writer().write("tail");
        failure(ReadPendingException.class, from.reader().readExactly(4));
        leave.countDown();

        Await.until("the reader is free", () -> !isBusy(from.reader()));
        assertEquals("tail", new String(get(from.reader().readExactly(4))));
        assertEquals("head", target.toString());
    }

    private static boolean isBusy(AsyncPipeReader reader) {
        return reader.request(0).isCompletedExceptionally();
    }

    @Test
    @DisplayName("a transfer whose executor refuses has taken what was sent")
    void executorRefuses() {
        ManualExecutor executor = new ManualExecutor();
        ScriptedStream source = new ScriptedStream().arrive("abc");
        AsyncPipeReader reader = source.reader(executor);
        CompletableFuture<Void> sent = new CompletableFuture<>();
        CompletableFuture<Long> transfer = Transfer.of(
                        new ReaderView(reader.core(), null, null), Long.MAX_VALUE, chunk -> {
                            chunk.position(2);
                            return sent;
                        })
                .begin();
        executor.runAll();
        executor.refuse();
        sent.complete(null);

        failure(RejectedExecutionException.class, transfer);
        source.arrive("next");
        assertEquals("cnext", new String(get(reader.readExactly(5)), StandardCharsets.UTF_8));
    }

    @Test
    @DisplayName("a transfer to a channel needs the executor for its outcome alone, and has it even if that refuses")
    void executorOfATransferToAChannel() {
        for (boolean refuses : new boolean[] {false, true}) {
            ManualExecutor executor = new ManualExecutor();
            ScriptedStream source = new ScriptedStream().arriveOneByOne(1000).end();
            ByteArrayOutputStream target = new ByteArrayOutputStream();
            if (refuses) {
                executor.refuse();
            }
            CompletableFuture<Long> transfer = source.reader(executor).transferTo(Channels.newChannel(target));
            CompletableFuture<Thread> dependent = transfer.thenApply(moved -> Thread.currentThread());
            if (!refuses) {
                Await.until("there is an outcome", () -> executor.waiting() > 0);
                assertFalse(transfer.isDone());
                executor.runLast();
                assertEquals(0, executor.waiting());
                assertEquals(Thread.currentThread(), dependent.getNow(null));
            }
            assertEquals(1000, get(transfer));
            assertEquals(1000, target.size());
        }
    }

    @Test
    @DisplayName("a channel in non-blocking mode is refused by the call")
    void nonBlockingChannel() throws Exception {
        Pipe pipe = Pipe.open();
        pipe.sink().configureBlocking(false);
        assertThrows(IllegalArgumentException.class, () -> from.reader().transferTo(pipe.sink()));
        assertFalse(isBusy(from.reader()));
        pipe.sink().close();
        pipe.source().close();
    }

    @Test
    @DisplayName("a failing channel fails the transfer; what it took is gone, the rest is here")
    void failingChannel() {
        from.writer().write("0123456789");
        IOException mine = new IOException("mine");
        WritableByteChannel failing = new WritableByteChannel() {
            @Override
            public int write(ByteBuffer source) throws IOException {
                if (source.position() > 0) {
                    throw mine;
                }
                source.position(3);
                return 3;
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
        get(from.reader().request(10));

        assertEquals(mine, failure(IOException.class, from.reader().transferTo(failing)));
        assertEquals("3456789", new String(get(from.reader().readExactly(7))));
    }

    @Test
    @DisplayName("a channel that takes nothing is asked now and then, and a cancelled transfer to it ends")
    void channelThatTakesNothing() throws Exception {
        CountDownLatch asked = new CountDownLatch(3);
        WritableByteChannel stuck = new WritableByteChannel() {
            @Override
            public int write(ByteBuffer source) {
                if (asked.getCount() == 3) {
                    source.position(3);
                }
                asked.countDown();
                return asked.getCount() == 2 ? 3 : 0;
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
        from.writer().write("0123456789");
        get(from.reader().request(10));
        CompletableFuture<Long> moved = from.reader().transferTo(stuck);
        asked.await();

        assertTrue(moved.cancel(true));
        Await.until("the reader is free", () -> !isBusy(from.reader()));
        assertEquals("3456789", new String(get(from.reader().readExactly(7))));
    }

    @Test
    @DisplayName("a transfer that is cancelled from within its target has taken what that has got")
    void cancelledByTheTarget() {
        ScriptedStream source = new ScriptedStream().arrive("0123456789");
        AsyncPipeReader reader = source.reader(Runnable::run);
        Transfer[] transfer = new Transfer[1];
        transfer[0] = Transfer.of(new ReaderView(reader.core(), null, null), Long.MAX_VALUE, chunk -> {
            assertTrue(transfer[0].withdraw());
            chunk.position(4);
            return CompletableFuture.completedFuture(null);
        });
        transfer[0].begin();
        assertEquals("456789", new String(get(reader.readExactly(6))));
    }
}
