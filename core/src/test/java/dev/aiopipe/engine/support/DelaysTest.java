package dev.aiopipe.engine.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DelaysTest {
    @Test
    @DisplayName("what no thread can be had for is tried again, so that no chain ends with a refusal")
    void refused() {
        AtomicInteger tries = new AtomicInteger();
        Executor scarce = task -> {
            if (tries.incrementAndGet() < 3) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            task.run();
        };
        CompletableFuture<Integer> run = new CompletableFuture<>();
        Delays.block(() -> run.complete(tries.get()), 1, scarce);
        assertEquals(3, run.join());
    }

    @Test
    @DisplayName("a task of the engine gets its thread when there is one again")
    void poolRefuses() {
        ThreadPoolExecutor pool = (ThreadPoolExecutor) BlockingPool.EXECUTOR;
        ThreadFactory threads = pool.getThreadFactory();
        CompletableFuture<Void> refused = new CompletableFuture<>();
        CompletableFuture<Thread> run = new CompletableFuture<>();
        while (pool.getPoolSize() > 0) { // idle ones would be used
            pool.setKeepAliveTime(1, TimeUnit.MILLISECONDS);
            Thread.onSpinWait();
        }
        pool.setThreadFactory(task -> {
            refused.complete(null);
            pool.setThreadFactory(threads);
            return null;
        });
        BlockingPool.run(() -> run.complete(Thread.currentThread()));
        assertNotNull(run.join());
        assertTrue(refused.isDone());
        pool.setKeepAliveTime(5, TimeUnit.SECONDS);
    }

    @Test
    @DisplayName("the engine's threads keep nothing of whoever needs them first")
    void daemon() {
        Thread thread = Threads.daemon(() -> {}, "aiopipe-test");
        assertTrue(thread.isDaemon());
        assertNull(thread.getContextClassLoader());
        assertFalse(thread.isAlive());
    }
}
