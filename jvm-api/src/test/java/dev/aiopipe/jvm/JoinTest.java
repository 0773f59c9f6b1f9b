package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.aiopipe.AioPipe;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.read.ReaderView;
import dev.aiopipe.jvm.internal.read.SingleRead;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Threads that wait in join and get: they do what the executor would do, if nobody depends on the future. */
@ExtendWith(NothingLeft.class)
class JoinTest {
    private final ScriptedStream source = new ScriptedStream();
    private final ManualExecutor executor = new ManualExecutor();
    private final AsyncPipeReader reader = source.reader(executor);

    @Test
    @DisplayName("J03 a joined read goes on by the thread that joins, wait by wait, without the executor")
    void joinerReads() throws Exception {
        CompletableFuture<String> line = reader.readLine();
        Waiting<String> joiner = new Waiting<>(line::join);

        source.arrive("par").signal();
        joiner.awaitParked();
        source.arrive("tial\n").signal();

        assertEquals("partial", joiner.result());
        assertEquals(0, executor.waiting());
    }

    @Test
    @DisplayName("J03 what depends on a joined read runs on the executor")
    void dependentsOnExecutor() throws Exception {
        CompletableFuture<String> line = reader.readLine();
        List<Thread> ran = new ArrayList<>();
        CompletableFuture<Void> dependent = line.thenAccept(value -> ran.add(Thread.currentThread()));
        Waiting<String> joiner = new Waiting<>(line::join);

        source.arrive("line\n").signal();
        assertEquals(1, executor.waiting());
        executor.runAll();

        get(dependent);
        assertEquals("line", joiner.result());
        assertEquals(List.of(Thread.currentThread()), ran);
    }

    @Test
    @DisplayName("J05 an interrupted get leaves the read to the executor")
    void interrupted() throws Exception {
        CompletableFuture<String> line = reader.readLine();
        Waiting<String> joiner = new Waiting<>(line::get);

        joiner.thread.interrupt();

        assertInstanceOf(InterruptedException.class, joiner.failure());
        assertLeftToExecutor(line);
    }

    @Test
    @DisplayName("J05 a get that is interrupted clears the thread's flag, as every get does")
    void interruptedFlag() throws Exception {
        CompletableFuture<String> line = reader.readLine();
        Waiting<Boolean> joiner = new Waiting<>(
                () -> {
                    Thread.currentThread().interrupt();
                    assertThrows(InterruptedException.class, line::get);
                    Thread.currentThread().interrupt();
                    assertThrows(InterruptedException.class, () -> line.get(1, TimeUnit.HOURS));
                    return Thread.currentThread().isInterrupted();
                },
                false);
        assertEquals(false, joiner.result());
    }

    @Test
    @DisplayName("J05 a get whose time is over leaves the read to the executor")
    void late() throws Exception {
        CompletableFuture<String> line = reader.readLine();

        Waiting<String> joiner = new Waiting<>(() -> line.get(1, TimeUnit.MILLISECONDS), false);

        assertInstanceOf(TimeoutException.class, joiner.failure());
        assertLeftToExecutor(line);
    }

    private void assertLeftToExecutor(CompletableFuture<String> line) {
        assertFalse(line.isDone());
        source.arrive("line\n").signal();
        assertEquals(1, executor.waiting());
        executor.runAll();
        assertEquals("line", get(line));
    }

    @Test
    @DisplayName("J02 cancelling a joined read frees the thread that joins")
    void cancelled() throws Exception {
        CompletableFuture<String> line = reader.readLine();
        Waiting<String> joiner = new Waiting<>(line::join);

        line.cancel(true);

        assertInstanceOf(CancellationException.class, joiner.failure());
    }

    @Test
    @DisplayName("J03 any number of threads may join one read")
    void manyJoin() throws Exception {
        CompletableFuture<String> line = reader.readLine();
        Waiting<String> first = new Waiting<>(line::join);
        Waiting<String> second = new Waiting<>(line::get);

        source.arrive("line\n").signal();
        executor.runAll();

        assertEquals("line", first.result());
        assertEquals("line", second.result());
    }

    @Test
    @DisplayName("J03 a hand-over that meets an interrupt is not lost")
    void handOverMeetsInterrupt() throws Exception {
        for (int i = 0; i < 2_000; i++) {
            CompletableFuture<String> line = reader.readLine();
            Waiting<String> joiner = new Waiting<>(line::get, false);
            CountDownLatch both = new CountDownLatch(1);
            Thread interrupting = new Thread(() -> {
                await(both);
                joiner.thread.interrupt();
            });
            interrupting.start();
            both.countDown();
            source.arrive("line\n").signal();
            executor.runAll();

            Await.until("the line is read", line::isDone);
            assertEquals("line", line.join());
            interrupting.join();
            joiner.thread.join();
        }
    }

    @Test
    @DisplayName("J03 a pool whose only thread joins goes on with its other tasks, and brings the line itself")
    void pool() throws Exception {
        ForkJoinPool pool = new ForkJoinPool(1);
        try (AioPipe pipe = AioPipe.create();
                AsyncPipeReader rx = get(AsyncPipes.open(pipe.rx(), PipeOptions.defaults(), pool));
                AsyncPipeWriter tx = get(AsyncPipes.open(pipe.tx(), PipeOptions.defaults(), pool))) {
            CountDownLatch queued = new CountDownLatch(1);
            var joining = pool.submit(() -> {
                await(queued);
                return rx.readLine().join();
            });
            pool.submit(() -> tx.writeLine("line"));
            queued.countDown();

            assertEquals("line", joining.get(20, TimeUnit.SECONDS));
        } finally {
            pool.shutdown();
        }
    }

    @Test
    @DisplayName("J03 a pool that can't have another thread refuses the join, and the read goes on")
    void exhaustedPool() throws Exception {
        ForkJoinPool pool = new ForkJoinPool(
                1, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, false, 1, 1, 2, null, 60, TimeUnit.SECONDS);
        try {
            CompletableFuture<String> line = reader.readLine();
            var joining = pool.submit(() -> line.join());
            assertInstanceOf(
                    RejectedExecutionException.class,
                    rootOf(assertThrows(ExecutionException.class, () -> joining.get(20, TimeUnit.SECONDS))));
            assertLeftToExecutor(line);
        } finally {
            pool.shutdown();
        }
    }

    private static Throwable rootOf(Throwable failure) {
        return failure.getCause() == null ? failure : rootOf(failure.getCause());
    }

    @Test
    @DisplayName("J03 what comes to depend on a read while a joining thread does it runs on the executor")
    void lateDependent() throws Exception {
        CompletableFuture<Thread> ran = new CompletableFuture<>();
        CompletableFuture<?>[] read = new CompletableFuture<?>[1];
        ReadOp<String> take = in -> {
            if (in.size() == 0) {
                return ReadOp.MORE;
            }
            read[0].thenRun(() -> ran.complete(Thread.currentThread())); // while the take is under way
            return "value";
        };
        ReaderView view = new ReaderView(reader.core(), null, null);
        assertSame(ReadOp.MORE, view.start(take));
        CompletableFuture<String> future = new SingleRead<>(view, take, true).begin();
        read[0] = future;
        Waiting<String> joiner = new Waiting<>(future::join);

        source.arrive("x").signal();
        Await.until("the executor has a task", () -> executor.waiting() == 1);
        executor.runAll();

        assertSame(Thread.currentThread(), get(ran));
        assertEquals("value", joiner.result());
    }

    @Test
    @DisplayName("J03 a joined write ends with the thread that joins")
    void write() throws Exception {
        try (AioPipe pipe = AioPipe.create();
                AsyncPipeReader rx = get(AsyncPipes.open(pipe.rx()));
                AsyncPipeWriter tx = get(AsyncPipes.open(pipe.tx(), PipeOptions.defaults(), executor))) {
            byte[] large = new byte[1 << 20];
            CompletableFuture<Void> sent = tx.write(large);
            Waiting<Void> joiner = new Waiting<>(sent::join);

            assertEquals(large.length, get(rx.readExactly(large.length)).length);

            assertSame(null, joiner.result());
            assertEquals(0, executor.waiting());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A thread that waits for a future. */
    private static final class Waiting<T> {
        private final FutureTask<T> task;
        private final Thread thread;

        Waiting(Callable<T> wait) {
            this(wait, true);
        }

        Waiting(Callable<T> wait, boolean untilParked) {
            task = new FutureTask<>(wait);
            thread = new Thread(task);
            thread.start();
            if (untilParked) {
                awaitParked();
            }
        }

        void awaitParked() {
            Await.until(thread, Thread.State.WAITING);
        }

        T result() throws Exception {
            return task.get(20, TimeUnit.SECONDS);
        }

        Throwable failure() throws Exception {
            try {
                throw new AssertionError("has a result: " + result());
            } catch (ExecutionException e) {
                return e.getCause();
            }
        }
    }
}
