package dev.aiopipe.engine.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NothingLeft.class)
class SelectorFailureTest {
    private final AtomicInteger failuresLeft = new AtomicInteger();
    /** The loop forgets earlier failures with each of these. */
    private final AtomicInteger successes = new AtomicInteger();

    private final Error failure = new NoClassDefFoundError("for want of a descriptor");
    private final Loop loop = new Loop("aiopipe-test", () -> new Failing(Selector.open()));

    @AfterEach
    void close() {
        loop.close();
    }

    @Test
    @DisplayName("an Error of the selector that passes is reported, and is not the end of the loop")
    void passingFailure() throws Exception {
        AtomicInteger reported = new AtomicInteger();
        onLoop(() -> Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> {
            assertSame(failure, thrown);
            reported.incrementAndGet();
        }));
        for (int i = 0; i < 3; i++) { // each time the count begins anew
            failuresLeft.set(9);
            onLoop(() -> {});
            int before = successes.get();
            Await.until("the selector works again", () -> {
                loop.wakeup();
                return failuresLeft.get() == 0 && successes.get() > before;
            });
        }
        assertFalse(loop.hasEnded());
        assertTrue(reported.get() >= 3 * 9, () -> "" + reported);
    }

    @Test
    @DisplayName("an Error of the selector that stays is the end of the loop, and the cause that all are given")
    void lastingFailure() throws Exception {
        CompletableFuture<Throwable> last = new CompletableFuture<>();
        Thread[] thread = new Thread[1];
        onLoop(() -> {
            thread[0] = Thread.currentThread();
            thread[0].setUncaughtExceptionHandler((ignored, thrown) -> {
                if (loop.hasEnded()) {
                    last.complete(thrown);
                }
            });
        });
        Readiness readiness = loop.attach();
        CompletableFuture<Void> woken = new CompletableFuture<>();
        assertTrue(readiness.await(() -> woken.complete(null)));
        failuresLeft.set(Integer.MAX_VALUE);
        loop.wakeup();
        woken.get();
        thread[0].join();
        assertSame(failure, last.get());
        assertSame(failure, readiness.closeCause().getCause());
        RejectedExecutionException refusal =
                assertThrows(RejectedExecutionException.class, () -> loop.execute(() -> {}));
        assertEquals("pipe loop aiopipe-test died: " + failure + ": use another one", refusal.getMessage());
    }

    private void onLoop(Runnable task) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            task.run();
            done.complete(null);
        });
        done.get();
    }

    /** A selector without channels. */
    private final class Failing extends Selector {
        private final Selector real;

        Failing(Selector real) {
            this.real = real;
        }

        private void fail() {
            if (failuresLeft.get() > 0) {
                failuresLeft.decrementAndGet();
                throw failure;
            }
        }

        @Override
        public int select(Consumer<SelectionKey> action) throws IOException {
            fail();
            int count = real.select(action);
            successes.incrementAndGet();
            return count;
        }

        @Override
        public int selectNow(Consumer<SelectionKey> action) throws IOException {
            fail();
            return real.selectNow(action);
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
            return real.keys();
        }

        @Override
        public Set<SelectionKey> selectedKeys() {
            return real.selectedKeys();
        }

        @Override
        public int selectNow() throws IOException {
            return real.selectNow();
        }

        @Override
        public int select(long timeout) throws IOException {
            return real.select(timeout);
        }

        @Override
        public int select() throws IOException {
            return real.select();
        }

        @Override
        public Selector wakeup() {
            return real.wakeup();
        }

        @Override
        public void close() throws IOException {
            real.close();
        }
    }
}
