package dev.aiopipe.engine.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.aiopipe.testkit.Await;
import java.io.IOException;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class CloseOnceTest {
    @Test
    @DisplayName("a close that meets that of another thread returns after it: whoever returns, the target is closed")
    void secondCloseWaits() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        Object owner = new Object();
        CloseOnce once = CloseOnce.of(owner, "test", () -> {
            begun.countDown();
            awaitUninterrupted(end);
            order.add("closed");
        });
        Thread first = new Thread(() -> close(once));
        Thread second = new Thread(() -> {
            close(once);
            order.add("returned");
        });
        first.start();
        begun.await();
        second.start();
        Await.until(second, Thread.State.BLOCKED);
        end.countDown();
        first.join();
        second.join();
        assertEquals(List.of("closed", "returned"), order);
        Reference.reachabilityFence(owner);
    }

    private static void close(CloseOnce once) {
        try {
            once.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
