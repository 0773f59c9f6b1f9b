package dev.aiopipe.engine.loop;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.Descriptors;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

@ExtendWith(NothingLeft.class)
class RegistrationTest {
    private final Loop loop = new Loop("aiopipe-test");
    private Pipe pipe;

    @BeforeEach
    void open() throws IOException {
        pipe = Pipe.open();
    }

    @AfterEach
    void close() throws IOException {
        loop.close();
        pipe.source().close();
        pipe.sink().close();
    }

    @Test
    void keyCancelledWhileItsInterestIsSwitchedOffDoesNotHarmTheLoop() throws IOException {
        loop.attach(); // starts it
        Registration registration = new Registration(loop, pipe.source());
        registration.key(new KeyCancelledInTheAct());
        Readiness.Waiter waiter = () -> {};
        assertTrue(registration.input().await(waiter));
        registration.input().cancel(waiter);
        assertNull(registration.input().signal()); // the loop does this in its select, and would die of an exception
    }

    @Test
    @DisplayName(
            "E22 the end of the loop closes no writer whose reader could still read: that would be an end of stream")
    void readersFailBeforeTheirWriters() throws IOException {
        List<Registration> inUse = new ArrayList<>();
        AtomicInteger early = new AtomicInteger();
        for (int i = 0; i < 20; i++) { // in no particular order
            Pipe each = Pipe.open();
            Registration reader = loop.register(each.source());
            Registration writer = loop.register(each.sink());
            writer.output().onClose(cause -> early.addAndGet(reader.input().closeCause() == null ? 1 : 0));
            inUse.add(reader);
            inUse.add(writer);
        }
        loop.close();
        assertEquals(0, early.get());
        Reference.reachabilityFence(inUse);
    }

    @Test
    void channelThatComesTooLateToReplaceAnotherIsClosed() throws IOException {
        Registration registration = loop.register(pipe.source());
        Pipe next = Pipe.open();
        loop.close();
        assertThrows(ClosedChannelException.class, () -> registration.replace(next.source()));
        assertFalse(next.source().isOpen());
        next.sink().close();
    }

    @Test
    @DisplayName("a channel that comes while the loop ends: the reader gets the cause, and the loop closes the stream")
    void channelThatComesWhileTheLoopEnds() throws Exception {
        Registration registration = loop.register(pipe.source());
        CompletableFuture<Thread> closer = new CompletableFuture<>();
        registration.input().onClose(cause -> closer.complete(Thread.currentThread()));
        Pipe next = Pipe.open();
        Thread ender = new Thread(loop::close);
        onceInUserCode(() -> {
            ender.start();
            Await.until("the loop is about to end", loop::hasEnded);
            assertThrows(ClosedChannelException.class, () -> registration.replace(next.source()));
            assertTrue(registration.input().closeCause().getMessage().contains("is closed"));
            assertFalse(closer.isDone(), "this thread may have what the close needs");
        });
        ender.join();
        assertNotSame(Thread.currentThread(), closer.getNow(Thread.currentThread()));
        assertFalse(next.source().isOpen());
        next.sink().close();
    }

    @Test
    void loopThatEndsWhileTheFirstChannelComes() throws IOException {
        Registration registration = Registration.ofNothingYet(loop);
        IOException cause = new IOException("the loop's end");
        registration.fail(cause); // as soon as there is a key, but before the registration knows its channel
        assertSame(cause, registration.input().closeCause());
        registration.replace(pipe.source());
        assertFalse(pipe.source().isOpen());
    }

    @Test
    @DisplayName("the loop's end wakes both directions, also if the waiter of one throws")
    void waiterThatThrowsAtTheEnd() throws Exception {
        loop.attach(); // starts it
        Registration registration = new Registration(loop, pipe.source());
        registration.key(new KeyCancelledInTheAct()); // a real one has only one of the directions
        RuntimeException failure = new IllegalStateException("a waiter that throws");
        AtomicBoolean woken = new AtomicBoolean();
        registration.input().await(() -> {
            throw failure;
        });
        registration.output().await(() -> woken.set(true));
        List<Throwable> uncaught = new ArrayList<>();
        Thread ending = new Thread(() -> registration.fail(new IOException("the end")));
        ending.setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
        ending.start();
        ending.join();
        assertEquals(List.of(failure), uncaught);
        assertTrue(woken.get());
        assertFalse(pipe.source().isOpen());
    }

    @Test
    @DisplayName("a channel that nobody has waited for is not in the selector, and is closed without it")
    void neverWaited() throws Exception {
        Registration registration = loop.register(pipe.source());
        assertFalse(pipe.source().isRegistered());
        onceInUserCode(() -> {
            registration.input().close(CloseOnce.BY_OWNER);
            registration.close();
            assertThrows(IOException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
        });
    }

    @Test
    @DisplayName(
            "a close waits for no user code on the loop's thread: the descriptor of a channel with a key is closed")
    void closeDuringUserCode() throws Exception {
        Registration registration = loop.register(pipe.source());
        assertTrue(registration.input().await(() -> {}));
        assertTrue(pipe.source().isRegistered());
        onceInUserCode(() -> {
            registration.input().close(CloseOnce.BY_OWNER);
            registration.close();
            assertThrows(IOException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
        });
    }

    @Test
    @DisplayName("a channel whose end was read has no descriptor after its close, while user code keeps the loop")
    void closeAtTheEnd() throws Exception {
        Registration registration = loop.register(pipe.source());
        assertTrue(registration.input().await(() -> {}));
        onceInUserCode(() -> {
            pipe.sink().close();
            int before = Descriptors.pipes();
            registration.close(); // and not by its user, who would have closed the input before
            assertEquals(before - 1, Descriptors.pipes());
        });
    }

    @Test
    @DisplayName("the end of the loop fails a stream that has never waited, and closes its channel")
    void endWithoutAKey() throws IOException {
        Registration registration = loop.register(pipe.source());
        loop.close();
        assertTrue(registration.input().closeCause().getMessage().contains("is closed"));
        assertFalse(pipe.source().isOpen());
        assertFalse(registration.input().await(() -> {}));
    }

    @Test
    @DisplayName("a stream whose channel is still to come needs no thread, waits, and fails with the loop all the same")
    void endOfALoopWithoutAThread() throws IOException {
        Registration registration = Registration.ofNothingYet(loop);
        AtomicInteger woken = new AtomicInteger();
        assertTrue(registration.input().await(woken::incrementAndGet));
        assertTrue(Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("aiopipe-test")));
        loop.close();
        assertEquals(1, woken.get());
        assertTrue(registration.input().closeCause().getMessage().contains("is closed"));
        assertThrows(ClosedChannelException.class, () -> Registration.ofNothingYet(loop));
        loop.close();
        assertEquals(1, woken.get());
    }

    @Test
    @DisplayName("a wait for a channel that was closed does not wait, and nothing is registered")
    void waitAfterTheClose() throws IOException {
        Registration registration = loop.register(pipe.source());
        pipe.source().close();
        assertFalse(registration.input().await(() -> {}));
    }

    /** Runs a step while the loop's thread is in user code, and not in its selector. */
    private void onceInUserCode(Executable step) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        loop.execute(() -> {
            begun.countDown();
            try {
                over.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        begun.await();
        try {
            assertDoesNotThrow(step);
        } finally {
            over.countDown();
        }
    }

    /** Valid when it is asked, cancelled when it is used. */
    private static final class KeyCancelledInTheAct extends SelectionKey {
        @Override
        public boolean isValid() {
            return true;
        }

        @Override
        public int interestOpsOr(int ops) {
            return 0;
        }

        @Override
        public int interestOpsAnd(int ops) {
            throw new CancelledKeyException();
        }

        @Override
        public SelectableChannel channel() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Selector selector() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void cancel() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int interestOps() {
            throw new UnsupportedOperationException();
        }

        @Override
        public SelectionKey interestOps(int ops) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int readyOps() {
            throw new UnsupportedOperationException();
        }
    }
}
