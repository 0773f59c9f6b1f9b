package dev.aiopipe.engine.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.endpoint.SocketEndpoint;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.reflect.Field;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AcceptPendingException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Phaser;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NothingLeft.class)
class LoopTest {
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();

    private final Loop loop = new Loop("aiopipe-test");
    private final Queue<Throwable> uncaught = new ConcurrentLinkedQueue<>();

    @AfterEach
    void close() {
        loop.close();
    }

    @Test
    void tasksRunInOrderOnTheLoopsThread() throws Exception {
        List<Integer> seen = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            loop.execute(() -> {
                assertTrue(loop.isCurrentThread());
                seen.add(number);
            });
        }
        onLoop(() -> {});
        assertEquals(1_000, seen.size());
        assertEquals(999, seen.get(999));
        assertFalse(loop.isCurrentThread());
    }

    @Test
    void taskThatThrowsIsReportedAndEndsNothing() throws Exception {
        catchUncaught();
        Error failure = new AssertionError("a task that throws");
        loop.execute(() -> {
            throw failure;
        });
        onLoop(() -> {});
        assertSame(failure, uncaught.poll());
        onLoop(() -> {});
    }

    @Test
    void waiterThatThrowsIsReportedAndDisturbsNoOther() throws Exception {
        catchUncaught();
        RuntimeException failure = new IllegalStateException("a waiter that throws");
        try (Stream bad = new Stream();
                Stream good = new Stream()) {
            Semaphore woken = new Semaphore(0);
            bad.input.start(LINE);
            bad.input.await(() -> {
                throw failure;
            });
            good.input.start(LINE);
            good.input.await(woken::release);
            bad.write("x");
            good.write("x");
            woken.acquire();
            onLoop(() -> {});
            assertSame(failure, uncaught.poll());
        }
    }

    @Test
    void tasksThatBegetTasksLetTheStreamsGoOn() throws Exception {
        try (Stream stream = new Stream()) {
            Semaphore woken = new Semaphore(0);
            Runnable[] again = new Runnable[1];
            again[0] = () -> {
                if (woken.availablePermits() == 0) {
                    loop.execute(again[0]);
                }
            };
            stream.input.start(LINE);
            stream.input.await(woken::release);
            loop.execute(again[0]);
            stream.write("line\n");
            woken.acquire();
        }
    }

    @Test
    @DisplayName("E22 closing fails all that waits, and all that comes later, with the cause")
    void closeFailsAllWaiters() throws Exception {
        List<Waiting> waiting = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            waiting.add(new Waiting(new Stream()));
        }
        try (Stream idle = new Stream()) {
            loop.close();
            for (Waiting each : waiting) {
                each.assertFailed("pipe loop aiopipe-test is closed");
            }
            IOException failure = assertThrows(ClosedChannelException.class, () -> idle.input.start(LINE));
            assertEquals("pipe loop aiopipe-test is closed", failure.getCause().getMessage());
        }
        assertLoopRefuses();
    }

    @Test
    @DisplayName("E22 the loop's death fails all that waits with the cause")
    void deathFailsAllWaiters() throws Exception {
        catchUncaught();
        List<Waiting> waiting = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            waiting.add(new Waiting(new Stream()));
        }
        kill();
        for (Waiting each : waiting) {
            each.assertFailed("pipe loop aiopipe-test died: ");
        }
        loop.close();
        assertLoopRefuses();
    }

    @Test
    void closeFromItsOwnThreadDoesNotWaitForItself() throws Exception {
        Waiting waiting = new Waiting(new Stream());
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        loop.execute(() -> {
            loop.close();
            closed.complete(loop.isCurrentThread());
        });
        assertTrue(closed.get());
        waiting.assertFailed("pipe loop aiopipe-test is closed");
        loop.close();
    }

    @Test
    void tasksBeforeACloseAreRunAndLaterOnesRefused() throws Exception {
        AtomicInteger ran = new AtomicInteger();
        int accepted = 0;
        Thread closer = new Thread(loop::close);
        onLoop(closer::start);
        try {
            while (true) {
                loop.execute(ran::incrementAndGet);
                accepted++;
            }
        } catch (RejectedExecutionException e) {
            closer.join();
        }
        loop.close();
        assertEquals(accepted, ran.get());
    }

    @Test
    void closeOfALoopThatWasNeverUsed() {
        loop.close();
        loop.close();
        assertLoopRefuses();
    }

    @Test
    void closeByAnInterruptedThreadIsDoneAllTheSame() throws Exception {
        Waiting waiting = new Waiting(new Stream());
        Thread.currentThread().interrupt();
        loop.close();
        assertTrue(Thread.interrupted());
        waiting.assertFailed("pipe loop aiopipe-test is closed");
    }

    @Test
    @DisplayName("E28 a thousand interrupts of the loop's thread: nothing is lost, and it waits again")
    void interruptsDoNotHarmTheLoop() throws Exception {
        Thread thread = loopThread();
        int rounds = 1_000;
        try (Stream stream = new Stream()) {
            for (int i = 0; i < rounds; i++) {
                assertSame(ReadOp.MORE, stream.input.start(LINE));
                thread.interrupt();
                stream.write("line " + i + "\n");
                Object line = ReadOp.MORE;
                while (line == ReadOp.MORE) {
                    Semaphore woken = new Semaphore(0);
                    Readiness.Waiter waiter = woken::release;
                    if (stream.input.await(waiter)) {
                        thread.interrupt();
                        woken.acquire();
                    }
                    line = stream.input.proceed(waiter, LINE);
                }
                assertEquals("line " + i, line);
            }
        }
        onLoop(() -> {});
        assertFalse(thread.isInterrupted());
        assertIdles(thread);
    }

    @Test
    void interestIsSwitchedOffWhenNobodyWaits() throws Exception {
        try (Stream stream = new Stream()) {
            Semaphore woken = new Semaphore(0);
            stream.input.start(LINE);
            stream.input.await(woken::release);
            stream.write("what nobody reads");
            woken.acquire();
            assertIdles(loopThread());
        }
    }

    @Test
    void endThatNobodyReadsDoesNotSpin() throws Exception {
        try (Stream stream = new Stream()) {
            Semaphore woken = new Semaphore(0);
            stream.input.start(LINE);
            stream.input.await(woken::release);
            stream.sink.close();
            woken.acquire();
            assertIdles(loopThread());
        }
    }

    @Test
    void directionOfASocketThatIsClosedWhileTheOtherLivesDoesNotSpin() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketEndpoint[] ends = SocketEndpoint.of(SocketChannel.open(server.getLocalAddress()));
            Input input = ends[0].openInput(loop);
            Output output = ends[1].openOutput(loop);
            try (SocketChannel peer = server.accept()) {
                assertSame(ReadOp.MORE, input.start(LINE));
                assertTrue(input.await(() -> {}));
                input.close();
                peer.write(ByteBuffer.allocate(1)); // nobody is going to read that
                assertIdles(loopThread());
            } finally {
                input.close();
                output.abort();
            }
        }
    }

    @Test
    void writerOfASocketThatIsClosedBehindAWaitDoesNotSpin() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketEndpoint[] ends = SocketEndpoint.of(SocketChannel.open(server.getLocalAddress()));
            Input input = ends[0].openInput(loop);
            Output output = ends[1].openOutput(loop);
            try (SocketChannel peer = server.accept()) {
                assertFalse(output.offer(Message.of(ByteBuffer.allocate(32 << 20))));
                output.close();
                ByteBuffer sink = ByteBuffer.allocate(1 << 20);
                while (peer.read(sink.clear()) >= 0) {
                    continue;
                }
                output.closed().get();
                assertIdles(loopThread());
            } finally {
                input.close();
                output.abort();
            }
        }
    }

    @Test
    @DisplayName("a server whose acceptor was closed is accepted on again at once, also while user code keeps the loop")
    void acceptorOfABusyLoop() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.configureBlocking(false);
            Acceptor acceptor = new Acceptor(server, loop);
            assertThrows(AcceptPendingException.class, () -> new Acceptor(server, loop));
            CompletableFuture<Void> loopIsBusy = new CompletableFuture<>();
            CompletableFuture<Void> enough = new CompletableFuture<>();
            loop.execute(() -> {
                loopIsBusy.complete(null);
                enough.join();
            });
            loopIsBusy.get();
            acceptor.close();
            new Acceptor(server, loop).close(); // once it span until the loop was back
            enough.complete(null);
            onLoop(() -> {});
        }
    }

    @Test
    @DisplayName("a server whose acceptor was closed frees its address as soon as it is closed")
    void closedAcceptorFreesTheAddress() throws Exception {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SocketAddress address = server.getLocalAddress();
        server.configureBlocking(false);
        new Acceptor(server, loop).close();
        server.close();
        assertThrows(ConnectException.class, () -> SocketChannel.open(address));
    }

    /** The loop's thread waits in the kernel, and goes on doing so: its processor time stands still over many looks. */
    private static void assertIdles(Thread thread) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long deadline = System.nanoTime() + 10_000_000_000L;
        int quiet = 0;
        long last = -1;
        while (quiet < 200) {
            long now = threads.getThreadCpuTime(thread.getId());
            quiet = now == last ? quiet + 1 : 0;
            last = now;
            assertTrue(System.nanoTime() < deadline, "the loop spins");
            LockSupport.parkNanos(100_000);
        }
    }

    private void assertLoopRefuses() {
        assertThrows(RejectedExecutionException.class, () -> loop.execute(() -> {}));
        IOException failure = assertThrows(IOException.class, Stream::new);
        assertInstanceOf(IOException.class, failure.getCause());
    }

    @Test
    @DisplayName("a handler of uncaught exceptions that throws, too, is not the end of the loop")
    void throwingHandler() throws Exception {
        onLoop(() -> Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> {
            uncaught.add(failure);
            throw new IllegalStateException("the handler's own", failure);
        }));
        RuntimeException foreign = new RuntimeException("a task's");
        loop.execute(() -> {
            throw foreign;
        });
        loopThread(); // alive, and behind the task
        assertEquals(List.of(foreign), List.copyOf(uncaught));
    }

    private void onLoop(Runnable task) throws InterruptedException {
        Phaser done = new Phaser(1);
        loop.execute(() -> {
            task.run();
            done.arrive();
        });
        done.awaitAdvanceInterruptibly(0);
    }

    private Thread loopThread() throws InterruptedException {
        Thread[] thread = new Thread[1];
        onLoop(() -> thread[0] = Thread.currentThread());
        return thread[0];
    }

    private void catchUncaught() throws InterruptedException {
        onLoop(() -> Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> uncaught.add(failure)));
    }

    /** What can't happen: a key in the selector that is not the loop's. */
    private void kill() throws Exception {
        Selector selector = (Selector) field(LoopSelector.class, "selector")
                .get(field(Loop.class, "selector").get(loop));
        Pipe pipe = Pipe.open();
        Thread thread = loopThread();
        pipe.source().configureBlocking(false);
        pipe.sink().write(ByteBuffer.allocate(1));
        pipe.source().register(selector, SelectionKey.OP_READ, "a stranger");
        selector.wakeup();
        thread.join();
        pipe.source().close();
        pipe.sink().close();
        assertFalse(uncaught.isEmpty());
    }

    private static Field field(Class<?> owner, String name) throws NoSuchFieldException {
        Field field = owner.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /** A pipe of the loop, and its other side. */
    private final class Stream implements AutoCloseable {
        final Pipe.SinkChannel sink;
        final Input input;

        Stream() throws IOException {
            Pipe pipe = Pipe.open();
            sink = pipe.sink();
            try {
                input = new ChannelEndpoint(pipe.source(), true, "pipe").openInput(loop);
            } catch (Throwable e) {
                sink.close();
                throw e;
            }
        }

        void write(String text) throws IOException {
            sink.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        }

        @Override
        public void close() throws IOException {
            input.close();
            sink.close();
        }
    }

    /** A reader that waits, and a writer that does. */
    private final class Waiting {
        final Stream stream;
        private final CompletableFuture<Void> woken = new CompletableFuture<>();
        private final CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        private final Readiness.Waiter waiter = () -> woken.complete(null);
        private final Output output;
        private final Pipe.SourceChannel source;

        Waiting(Stream stream) throws IOException {
            this.stream = stream;
            assertSame(ReadOp.MORE, stream.input.start(LINE));
            assertTrue(stream.input.await(waiter));
            Pipe pipe = Pipe.open();
            source = pipe.source();
            output = new ChannelEndpoint(pipe.sink(), true, "pipe").openOutput(loop);
            Message message = Message.of(ByteBuffer.allocate(200_000));
            assertFalse(output.offer(message));
            output.await(message, outcome::complete);
        }

        void assertFailed(String cause) throws Exception {
            woken.get();
            IOException read = assertThrows(AsynchronousCloseException.class, () -> stream.input.proceed(waiter, LINE));
            IOException write = assertInstanceOf(AsynchronousCloseException.class, outcome.get());
            IOException later = assertThrows(ClosedChannelException.class, () -> stream.input.start(LINE));
            IOException laterWrite =
                    assertThrows(ClosedChannelException.class, () -> output.offer(Message.of(ByteBuffer.allocate(1))));
            for (IOException failure : List.of(read, write, later, laterWrite)) {
                assertTrue(failure.getCause().getMessage().startsWith(cause), () -> "" + failure.getCause());
            }
            assertThrows(ExecutionException.class, () -> output.closed().get());
            output.close();
            source.close();
            stream.close();
        }
    }
}
