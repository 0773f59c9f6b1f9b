package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.testkit.NothingLeft;
import dev.aiopipe.testkit.Programs;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The JDK reports a child's exit through the common pool, and what follows on our futures runs there by default. */
@ExtendWith(NothingLeft.class)
class BlockedPoolTest {
    @Test
    @DisplayName("stop takes its steps and drains while all threads of the common pool are blocked")
    void commonPoolIsBlocked() {
        ProcessBuilder program = Programs.jvm(WithBlockedPool.class);
        program.command().add(1, "-Djava.util.concurrent.ForkJoinPool.common.parallelism=2");
        try (AsyncProcess child = get(AsyncPipes.start(program.redirectErrorStream(true)))) {
            assertEquals(
                    "drained 7\nstopped 143\nkilled 137\n", get(child.stdout().readText()));
            assertEquals(0, get(child.onExit()));
        }
    }

    /** The program. */
    static final class WithBlockedPool {
        private WithBlockedPool() {}

        public static void main(String[] args) throws Exception {
            CountDownLatch open = new CountDownLatch(1);
            int threads = ForkJoinPool.getCommonPoolParallelism();
            CountDownLatch blocked = new CountDownLatch(threads);
            for (int i = 0; i < threads; i++) {
                CompletableFuture.runAsync(() -> {
                    blocked.countDown();
                    await(open);
                });
            }
            blocked.await();
            ExecutorService executor = Executors.newSingleThreadExecutor();
            AsyncProcess talking =
                    start(executor, "cat; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 7");
            System.out.println("drained " + talking.stop(Duration.ofHours(1)).join());
            AsyncProcess sleeping = start(executor, "exec sleep 1000");
            System.out.println("stopped "
                    + sleeping.stop(Duration.ofHours(1), false, Duration.ZERO).join());
            AsyncProcess deaf = start(executor, "trap '' TERM; echo; exec sleep 1000");
            deaf.stdout().readLine().join();
            System.out.println("killed " + deaf.stop(Duration.ofMillis(1)).join());
            for (AsyncProcess child : List.of(talking, sleeping, deaf)) {
                child.close();
            }
            open.countDown();
            executor.shutdown();
        }

        private static AsyncProcess start(ExecutorService executor, String script) {
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", script);
            return AsyncPipes.start(builder, Map.of(), PipeOptions.defaults(), executor)
                    .join();
        }

        private static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
