package dev.aiopipe.engine.endpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.testkit.Await;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadPoolExecutor;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OpeningTest {
    private final Endpoint fifo =
            new FifoEndpoint(Path.of("/nowhere"), false, Set.of()); // opened on a thread, as all FIFOs
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch leave = new CountDownLatch(1);
    private final List<String> discarded = new ArrayList<>(); // guarded by itself

    private volatile int attempts;

    @Test
    @DisplayName("cancelling waits for the try that is under way, and there is none afterwards")
    void cancelDuringATry() throws Exception {
        CompletableFuture<String> opening = Opening.begin(fifo, () -> blocked(null), this::discard);
        Thread canceller = cancelDuringTheTry(opening);

        leave.countDown();
        canceller.join();

        assertTrue(opening.isCancelled());
        awaitNextTry();
        assertEquals(1, attempts);
    }

    @Test
    @DisplayName("what a try has opened is closed when cancel returns, or was handed over before")
    void cancelDuringASuccess() throws Exception {
        CompletableFuture<String> opening = Opening.begin(fifo, () -> blocked("open"), this::discard);
        Thread canceller = cancelDuringTheTry(opening);

        leave.countDown();
        canceller.join();

        if (opening.isCancelled()) {
            synchronized (discarded) {
                assertEquals(List.of("open"), discarded);
            }
        } else {
            assertEquals("open", opening.join());
        }
    }

    private Thread cancelDuringTheTry(CompletableFuture<String> opening) throws InterruptedException {
        entered.await();
        Thread canceller = new Thread(() -> opening.cancel(true));
        canceller.start();
        Await.until(canceller, Thread.State.BLOCKED);
        assertFalse(opening.isDone());
        return canceller;
    }

    /** Waits until a further try, which is due before anything that starts now, would be over. */
    private static void awaitNextTry() {
        ThreadPoolExecutor pool = (ThreadPoolExecutor) BlockingPool.EXECUTOR;
        Await.until("the first try is over", () -> pool.getActiveCount() == 0);
        CompletableFuture<Void> later = new CompletableFuture<>();
        Delays.block(() -> later.complete(null), Opening.RETRY_MILLIS);
        later.join();
        Await.until("a second one is, too", () -> pool.getActiveCount() == 0);
    }

    private String blocked(String outcome) {
        attempts++;
        entered.countDown();
        try {
            leave.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return outcome;
    }

    private void discard(String opened) {
        synchronized (discarded) {
            discarded.add(opened);
        }
    }
}
