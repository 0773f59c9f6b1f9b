package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.LimitExceededException;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** R34: blocks and transfers within blocks. Only the innermost that is open reads; nothing is woken under a lock. */
@ExtendWith(NothingLeft.class)
class OverlappingBlocksTest {
    private final ScriptedStream source = new ScriptedStream();
    private final ManualExecutor executor = new ManualExecutor();
    private final AsyncPipeReader reader = source.reader(executor);

    private static String text(CompletableFuture<byte[]> bytes) {
        return new String(get(bytes), StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName("R34 a block does not read while one within it is open, and what that one gives back is its own")
    void outerReadsWhileInnerIsOpen() {
        source.arrive("0123456789");
        CompletableFuture<Void> never = new CompletableFuture<>();
        assertEquals("2345", get(reader.atomically(outer -> {
            CompletableFuture<Void> inner =
                    outer.atomically(r -> r.readExactly(2).thenCompose(taken -> never));
            failure(ReadPendingException.class, outer.readExactly(4));
            inner.cancel(true);
            assertEquals("01", text(outer.readExactly(2)));
            return outer.readExactly(4).thenApply(String::new);
        })));
        assertEquals("6789", text(reader.readExactly(4)));
    }

    @Test
    @DisplayName("R34 two blocks within one do not overlap")
    void siblings() {
        source.arrive("0123456789");
        CompletableFuture<Void> end = new CompletableFuture<>();
        assertEquals("23", get(reader.atomically(outer -> {
            CompletableFuture<Void> first =
                    outer.atomically(r -> r.readExactly(2).thenCompose(taken -> end));
            failure(ReadPendingException.class, outer.atomically(r -> r.readExactly(2)));
            failure(ReadPendingException.class, outer.transferTo(java.nio.channels.Channels.newChannel(System.out), 1));
            end.complete(null);
            get(first);
            return outer.atomically(r -> r.readExactly(2)).thenApply(String::new);
        })));
        assertEquals("45", text(reader.readExactly(2)));
    }

    @Test
    @DisplayName("R34 no block is opened within one whose own read waits")
    void innerWhileOuterReads() {
        assertEquals("line", get(reader.atomically(outer -> {
            CompletableFuture<String> line = outer.readLine();
            failure(ReadPendingException.class, outer.atomically(AsyncPipeReader::readLine));
            source.arrive("line\n").signal();
            executor.runAll();
            return line;
        })));
    }

    @Test
    @DisplayName("R34 a transfer in a block sends no more than the block may take")
    void transferOverTheLimit() throws Exception {
        try (Link target = Kind.PIPE.open()) {
            AsyncPipeReader small = source.arrive("01234567890123456789")
                    .reader(Runnable::run, PipeOptions.defaults().withMaxLineBytes(8));
            failure(LimitExceededException.class, small.atomically(r -> r.transferTo(target.writer())));
            target.writer().close();
            assertEquals("01234567", text(target.reader().readAll()));
            assertEquals("01234567890123456789", text(small.readExactly(20)));
        }
    }

    @Test
    @DisplayName("R34 a transfer in a block that fails: its bytes are sent, and readable again")
    void transferInABlockThatFails() throws Exception {
        try (Link target = Kind.PIPE.open()) {
            AsyncPipeReader direct = source.arrive("0123456789").reader(Runnable::run);
            failure(
                    IllegalStateException.class,
                    direct.atomically(r -> r.transferTo(target.writer(), 4)
                            .thenCompose(moved -> CompletableFuture.failedFuture(new IllegalStateException("mine")))));
            assertEquals("0123", text(target.reader().readExactly(4)));
            assertEquals("0123456789", text(direct.readExactly(10)));
        }
    }

    @Test
    @DisplayName("the failure of an inner block wakes nobody under the lock of the outer one")
    void wakesOutsideOfTheLock() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        AsyncPipeReader direct = source.reader(Runnable::run);
        CompletableFuture<Void> inner = new CompletableFuture<>();
        AsyncPipeReader[] views = new AsyncPipeReader[1];
        CompletableFuture<Object> outer = direct.atomically(r -> {
            views[0] = r;
            return r.atomically(within -> {
                        within.readLine().whenComplete((line, failure) -> {
                            entered.countDown();
                            await(leave);
                        });
                        return inner;
                    })
                    .handle((x, failure) -> null)
                    .thenCompose(x -> new CompletableFuture<>());
        });
        Thread failing = new Thread(() -> inner.completeExceptionally(new Exception("mine")));
        failing.start();
        await(entered);

        assertTrue(outer.cancel(true), "it is not held up by the function of a user");
        assertFalse(leave.getCount() == 0);
        leave.countDown();
        failing.join();
        source.arrive("line\n");
        assertEquals("line", get(direct.readLine()));
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
