package dev.aiopipe.engine.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NothingLeft.class)
class LoopSelectorTest {
    private Pipe pipe;
    private Selector real;
    private SelectionKey key;
    private Stepped stepped;
    private LoopSelector selector;

    @BeforeEach
    void open() throws IOException {
        pipe = Pipe.open();
        real = Selector.open();
        pipe.source().configureBlocking(false);
        key = pipe.source().register(real, SelectionKey.OP_READ);
        stepped = new Stepped(real);
        selector = new LoopSelector(() -> stepped, () -> true, ignored -> {});
    }

    @AfterEach
    void close() throws IOException {
        selector.close();
        pipe.source().close();
        pipe.sink().close();
    }

    @Test
    @DisplayName("a key leaves at once while no thread has the selector, as in user code on the loop's thread")
    void freeSelector() throws IOException {
        pipe.source().close();
        selector.cancel(key);
        assertNull(pipe.source().keyFor(real));
    }

    @Test
    @DisplayName("the loop waits again, and does not spin, while the thread that woke it has not gone on")
    void heldCloser() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        stepped.afterWakeup = goOn::await;
        AtomicBoolean over = new AtomicBoolean();
        FutureTask<?> loop = start(() -> {
            while (!over.get()) {
                selector.select();
            }
            return null;
        });
        stepped.waits(1);
        FutureTask<?> closer = start(() -> {
            selector.cancel(key);
            return null;
        });
        stepped.waits(2);
        assertNull(pipe.source().keyFor(real));
        assertTrue(stepped.looks.get() <= 1, () -> "looks without a wait: " + stepped.looks);
        assertFalse(closer.isDone());
        goOn.countDown();
        closer.get();
        over.set(true);
        selector.wakeup();
        loop.get();
    }

    @Test
    @DisplayName("a key that is cancelled when the select is past its last look leaves before user code runs")
    void lateDeparture() throws Exception {
        FutureTask<?> closer = closer();
        Thread thread = new Thread(closer);
        stepped.afterSelect = () -> {
            thread.start();
            Await.until(thread, Thread.State.WAITING);
        };
        selector.wakeup();
        selector.select();
        closer.get();
        assertNull(pipe.source().keyFor(real));
    }

    @Test
    @DisplayName("an interrupt does not end the wait for the descriptor, and is kept")
    void interruptedCloser() throws Exception {
        FutureTask<Boolean> closer = new FutureTask<>(() -> {
            Thread.currentThread().interrupt();
            selector.cancel(key);
            return Thread.interrupted() && pipe.source().keyFor(real) == null;
        });
        Thread thread = new Thread(closer);
        CountDownLatch woken = new CountDownLatch(1);
        stepped.afterWakeup = woken::countDown;
        stepped.afterSelect = () -> {
            thread.start();
            woken.await();
        };
        selector.wakeup();
        selector.select();
        assertTrue(closer.get());
    }

    @Test
    @DisplayName("a failure of the selector is thrown to the thread that closes, and the next close works")
    void failure() throws IOException {
        stepped.failure = new IOException("the selector's");
        assertSame(
                stepped.failure,
                assertThrows(IOException.class, () -> selector.cancel(key)).getCause());
        stepped.failure = null;
        selector.cancel(key);
        assertNull(pipe.source().keyFor(real));
    }

    @Test
    @DisplayName("a failure of the loop's wait lets a thread go on that waits for its descriptor")
    void failureOfTheWait() throws Exception {
        FutureTask<?> closer = closer();
        Thread thread = new Thread(closer);
        stepped.afterSelect = () -> {
            thread.start();
            Await.until(thread, Thread.State.WAITING);
            throw new IOException("the selector's");
        };
        FutureTask<Integer> loop = new FutureTask<>(selector::select);
        Thread loopThread = new Thread(loop);
        AtomicReference<Throwable> reported = new AtomicReference<>();
        loopThread.setUncaughtExceptionHandler((ignored, failure) -> reported.set(failure));
        selector.wakeup();
        loopThread.start();
        closer.get();
        assertNull(pipe.source().keyFor(real));
        assertEquals(0, loop.get());
        assertEquals("the selector's", reported.get().getCause().getMessage());
    }

    @Test
    @DisplayName("the end of the loop lets a thread go on that waits for it")
    void endOfTheLoop() throws Exception {
        FutureTask<?> closer = closer();
        Thread thread = new Thread(closer);
        stepped.beforeClose = () -> {
            thread.start();
            Await.until(thread, Thread.State.WAITING);
        };
        selector.close();
        closer.get();
        stepped.beforeClose = () -> {};
    }

    /** Cancels the key, as a thread that closes the channel does. */
    private FutureTask<?> closer() {
        return new FutureTask<>(() -> {
            selector.cancel(key);
            return null;
        });
    }

    private static FutureTask<?> start(Callable<?> task) {
        FutureTask<?> future = new FutureTask<>(task);
        new Thread(future).start();
        return future;
    }

    private interface Step {
        void run() throws Exception;
    }

    /** A selector with steps of the test. Has the keys of the real one. */
    private static final class Stepped extends Selector {
        private final Selector real;
        private final AtomicInteger waits = new AtomicInteger();
        private final AtomicInteger looks = new AtomicInteger();
        private volatile Step afterWakeup = () -> {};
        private volatile Step afterSelect = () -> {};
        private volatile Step beforeClose = () -> {};
        private volatile IOException failure;

        Stepped(Selector real) {
            this.real = real;
        }

        /** Returns when the loop's thread has begun to wait so many times. */
        void waits(int count) {
            Await.until("wait number " + count, () -> waits.get() >= count);
        }

        private static void run(Step step) {
            try {
                step.run();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public int select(Consumer<SelectionKey> action) throws IOException {
            waits.incrementAndGet();
            int count = real.select(action);
            run(afterSelect);
            return count;
        }

        @Override
        public int selectNow(Consumer<SelectionKey> action) throws IOException {
            looks.incrementAndGet();
            if (failure != null) {
                throw failure;
            }
            return real.selectNow(action);
        }

        @Override
        public Selector wakeup() {
            real.wakeup();
            run(afterWakeup);
            return this;
        }

        @Override
        public void close() throws IOException {
            run(beforeClose);
            real.close();
        }

        @Override
        public boolean isOpen() {
            return real.isOpen();
        }

        @Override
        public SelectorProvider provider() {
            return real.provider();
        }

        @Override
        public Set<SelectionKey> keys() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Set<SelectionKey> selectedKeys() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int selectNow() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int select(long timeout) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int select() {
            throw new UnsupportedOperationException();
        }
    }
}
