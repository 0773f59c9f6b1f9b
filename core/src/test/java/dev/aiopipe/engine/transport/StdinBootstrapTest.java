package dev.aiopipe.engine.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NothingLeft.class)
@Timeout(30)
class StdinBootstrapTest {
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();

    private final Loop loop = new Loop("aiopipe-test");
    private final Stdin stdin = new Stdin();
    private final CompletableFuture<StdinBootstrap.Adopted> adoption = new CompletableFuture<>();
    private final AtomicInteger released = new AtomicInteger();
    private Pipe pipe; // what stdin is, once it is adopted
    private final AtomicInteger adoptions = new AtomicInteger();
    private volatile Thread adopter;
    private Registration registration;
    private StdinBootstrap source;
    private Input input;

    @BeforeEach
    void open() throws IOException {
        pipe = Pipe.open();
        registration = Registration.ofNothingYet(loop);
        source = new StdinBootstrap(stdin, registration, this::adopt, new Leftover());
        input = new Input(
                source, registration.input(), "descriptor 0", CloseOnce.both(registration, released::incrementAndGet));
    }

    private StdinBootstrap.Adopted adopt() throws IOException {
        adoptions.incrementAndGet();
        adopter = Thread.currentThread();
        try {
            return adoption.join();
        } catch (CompletionException e) {
            throw (IOException) e.getCause();
        }
    }

    @AfterEach
    void close() throws IOException {
        adopted(null);
        stdin.arrive("");
        input.close();
        assertEquals(1, released.get());
        loop.close();
        pipe.source().close();
        pipe.sink().close();
    }

    /** The stream that a thread reads while the descriptor is not adopted: gives one piece of text a read. */
    private static final class Stdin extends InputStream {
        private final LinkedBlockingQueue<byte[]> pieces = new LinkedBlockingQueue<>();
        private final CountDownLatch reading = new CountDownLatch(1);
        private volatile int falseNews; // how often it says that something is there, though somebody else has it
        private volatile boolean closed;

        void arrive(String piece) {
            pieces.add(piece.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public int available() {
            return falseNews-- > 0 || !pieces.isEmpty() ? 1 : 0;
        }

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            reading.countDown();
            try {
                byte[] piece = pieces.take();
                System.arraycopy(piece, 0, target, offset, piece.length);
                return piece.length == 0 ? -1 : piece.length;
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException("one by one");
        }
    }

    private void adopted(ByteSource by) {
        adoption.complete(by == null ? null : new StdinBootstrap.Adopted(pipe.source(), by));
    }

    /** Begins the adoption, and waits until it is through. */
    private void adoptBy(ByteSource by) throws InterruptedException {
        CountDownLatch through = new CountDownLatch(1);
        assertTrue(registration.input().await(through::countDown));
        source.begin();
        adopted(by);
        through.await();
    }

    /** The blocking thread reports the adoption a moment after it is decided here. */
    private void awaitMode(ReadMode mode) {
        Await.until("the mode is " + mode, () -> input.mode() == mode);
    }

    private ByteSource channel() {
        return pipe.source()::read;
    }

    private void send(String text) throws IOException {
        pipe.sink().write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** A whole read, as a driver does it; it may wait. */
    private CompletableFuture<String> line() throws IOException {
        CompletableFuture<String> line = new CompletableFuture<>();
        Object value = input.start(LINE);
        if (value == ReadOp.MORE) {
            await(line);
        } else {
            line.complete((String) value);
        }
        return line;
    }

    private void await(CompletableFuture<String> line) {
        Readiness.Waiter waiter = new Readiness.Waiter() {
            @Override
            public void wake() {
                try {
                    Object value = input.proceed(this, LINE);
                    if (value == ReadOp.MORE) {
                        await(line);
                    } else {
                        line.complete((String) value);
                    }
                } catch (Throwable e) {
                    line.completeExceptionally(e);
                }
            }
        };
        if (!input.await(waiter)) {
            waiter.wake();
        }
    }

    @Test
    @DisplayName("what is there is read while the descriptor is not adopted yet, what comes then by the channel")
    void earlyBytes() throws Exception {
        stdin.arrive("one\nt");
        assertEquals("one", line().get());
        CompletableFuture<String> second = line();
        adopted(channel());
        send("wo\nthree\n");
        assertEquals("two", second.get());
        assertEquals("three", line().get());
        assertEquals(ReadMode.SELECTOR, input.mode());
        pipe.sink().close();
        assertNull(line().get());
    }

    @Test
    @DisplayName("a read that finds nothing waits for the channel, and no thread reads ahead")
    void nothingThere() throws Exception {
        CompletableFuture<String> first = line();
        adopted(channel());
        send("one\n");
        assertEquals("one", first.get());
        assertEquals(1, stdin.reading.getCount());
    }

    @Test
    @DisplayName("a wait at the channel is woken each time")
    void waitsAtTheChannel() throws Exception {
        adopted(channel());
        for (int i = 0; i < 100; i++) {
            CompletableFuture<String> line = line();
            send(i + "\n");
            assertEquals(Integer.toString(i), line.get());
        }
    }

    @Test
    @DisplayName("a program that reads no more than what is there adopts nothing")
    void adoptsForASecondRead() throws Exception {
        stdin.arrive("one\ntwo\n");
        assertEquals("one", line().get());
        assertEquals("two", line().get());
        assertEquals(0, adoptions.get());
        stdin.arrive("three\n");
        assertEquals("three", line().get());
        adopted(channel());
        awaitMode(ReadMode.SELECTOR);
        assertEquals(1, adoptions.get());
    }

    @Test
    @DisplayName("bytes that somebody else took before the thread looked: it does not wait for others")
    void bytesThatAreGone() throws Exception {
        stdin.falseNews = 1;
        CompletableFuture<String> first = line();
        adopted(channel());
        send("one\n");
        assertEquals("one", first.get());
        assertEquals(1, stdin.reading.getCount());
    }

    @Test
    @DisplayName(
            "bytes that somebody else took when the thread had looked: its read is waited for, and keeps its place")
    void stolenBytes() throws Exception {
        stdin.falseNews = 2;
        CompletableFuture<String> first = line();
        stdin.reading.await();
        send("two\n");
        source.begin();
        adopted(channel());
        awaitMode(ReadMode.SELECTOR);
        assertFalse(first.isDone());
        stdin.arrive("one\n");
        assertEquals("one", first.get());
        assertEquals("two", line().get());
        assertTrue(stdin.closed);
    }

    @Test
    @DisplayName("the mode is THREAD until the adoption is through: to ask neither waits nor begins it")
    void modeNeverWaits() throws Exception {
        assertEquals(ReadMode.THREAD, input.mode());
        assertEquals(0, adoptions.get());
        CompletableFuture<String> first = line();
        assertEquals(ReadMode.THREAD, input.mode());
        adopted(channel());
        send("one\n");
        assertEquals("one", first.get());
        assertEquals(ReadMode.SELECTOR, input.mode());
    }

    @Test
    @DisplayName("if stdin can't be adopted, the thread goes on")
    void threadsForEver() throws Exception {
        stdin.arrive("one\n");
        assertEquals("one", line().get());
        adopted(null);
        assertGoesOnByTheThread();
    }

    @Test
    @DisplayName("if the adoption fails, the thread goes on")
    void failure() throws Exception {
        CompletableFuture<String> first = line();
        adoption.completeExceptionally(new IOException("too many open files"));
        stdin.arrive("one\n");
        assertEquals("one", first.get());
        assertGoesOnByTheThread();
    }

    private void assertGoesOnByTheThread() throws Exception {
        assertEquals(ReadMode.THREAD, input.mode());
        CompletableFuture<String> second = line();
        stdin.arrive("two\n");
        assertEquals("two", second.get());
    }

    @Test
    @DisplayName("closed before the adoption: the waiting read fails, and what is adopted later is closed")
    void closedEarly() throws Exception {
        CompletableFuture<String> waiting = line();
        awaitAdopter();
        input.close();
        assertClosed(waiting);
        CompletableFuture<Void> closed = new CompletableFuture<>();
        adopted(whenClosed(closed));
        closed.get();
        assertThrows(ClosedChannelException.class, this::line);
    }

    @Test
    @DisplayName("closed when it was adopted, but no read has found out yet")
    void closedBetween() throws Exception {
        adoptBy(channel());
        assertEquals(ReadMode.SELECTOR, input.mode());
        input.close();
        assertFalse(pipe.source().isOpen());
    }

    @Test
    @DisplayName("the loop's end fails a read that waits for the adoption")
    void loopEnds() throws Exception {
        CompletableFuture<String> waiting = line();
        awaitAdopter();
        loop.close();
        assertClosed(waiting);
        assertTrue(stdin.closed);
        CompletableFuture<Void> closed = new CompletableFuture<>();
        adopted(whenClosed(closed));
        closed.get();
    }

    @Test
    @DisplayName("an adoption that fails is reported, but not if the loop's end is why")
    void failureAfterTheEnd() throws Exception {
        Logger logger = Logger.getLogger("dev.aiopipe");
        List<String> logged = new CopyOnWriteArrayList<>();
        Handler handler = new StreamHandler() {
            @Override
            public void publish(LogRecord entry) {
                logged.add(entry.getMessage());
            }
        };
        logger.addHandler(handler);
        try {
            CompletableFuture<String> waiting = line();
            Thread adopting = awaitAdopter();
            loop.close();
            assertClosed(waiting);
            adoption.completeExceptionally(new ClosedChannelException());
            Await.until(
                    "the adoption is over",
                    () -> Arrays.stream(adopting.getStackTrace())
                            .noneMatch(frame -> frame.getMethodName().equals("adopt")));
            assertEquals(List.of(), logged);
        } finally {
            logger.removeHandler(handler);
        }
    }

    /** Returns the thread that adopts, when it has begun. */
    private Thread awaitAdopter() {
        return Await.until("the adoption has begun", () -> adopter, thread -> thread != null);
    }

    @Test
    @DisplayName("the loop's end closes what was adopted, also if no read has found out yet")
    void loopEndsBetween() throws Exception {
        adoptBy(channel());
        assertEquals(ReadMode.SELECTOR, input.mode());
        loop.close();
        assertFalse(pipe.source().isOpen());
        assertThrows(ClosedChannelException.class, this::line);
    }

    @Test
    @DisplayName("the loop's end fails a read that is just about to take the channel")
    void loopEndsUnderARead() throws Exception {
        adoptBy(channel());
        assertEquals(ReadMode.SELECTOR, input.mode());
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        loop.execute(() -> {
            loop.close(); // its streams fail when this task is done
            failure.complete(assertThrows(IOException.class, this::line));
        });
        assertInstanceOf(AsynchronousCloseException.class, failure.get());
        assertEquals(
                "pipe loop aiopipe-test is closed", failure.get().getCause().getMessage());
        assertFalse(pipe.source().isOpen());
    }

    private static ByteSource whenClosed(CompletableFuture<Void> closed) {
        return new ScriptedSource() {
            @Override
            public void close() {
                closed.complete(null);
            }
        };
    }

    private static void assertClosed(CompletableFuture<String> read) {
        Throwable cause = assertThrows(ExecutionException.class, () -> read.get(20, TimeUnit.SECONDS))
                .getCause();
        assertInstanceOf(AsynchronousCloseException.class, cause);
    }
}
