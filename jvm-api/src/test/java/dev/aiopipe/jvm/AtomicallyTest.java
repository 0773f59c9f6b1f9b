package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.LimitExceededException;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** R34: blocks whose reads are one. */
@ExtendWith(NothingLeft.class)
class AtomicallyTest {
    private final ScriptedStream source = new ScriptedStream();
    private final ManualExecutor executor = new ManualExecutor();
    private final AsyncPipeReader reader = source.reader(executor);

    private CompletableFuture<String> message(AsyncPipeReader from) {
        return from.atomically(r -> r.readLine()
                .thenCompose(head -> r.readExactly(Integer.parseInt(head)))
                .thenApply(String::new));
    }

    private void arrive(String bytes) {
        source.arrive(bytes).signal();
        executor.runAll();
    }

    @Test
    @DisplayName("R34 header and body; what is there completes at once")
    void success() {
        source.arrive("4\nbody3\nmo");
        assertEquals("body", message(reader).getNow(null));

        CompletableFuture<String> second = message(reader);
        assertFalse(second.isDone());
        failure(ReadPendingException.class, reader.readLine());
        failure(ReadPendingException.class, message(reader));
        arrive("re1\nx");
        assertEquals("mor", get(second));
        assertEquals("e1", get(reader.readLine()));
    }

    @Test
    @DisplayName("R34 cancelled between header and body: the header is readable again, at once")
    void cancelled() {
        CompletableFuture<String> message = message(reader);
        arrive("4\nbo");

        assertTrue(message.cancel(true));

        source.arrive("dy");
        assertEquals("4", get(reader.readLine()));
        assertEquals("body", new String(get(reader.readExactly(4))));
        executor.runAll();
        assertTrue(message.isCancelled());
    }

    @Test
    @DisplayName("R34 a block whose time is over, or whose read's is, gives everything back")
    void timeouts() {
        source.arrive("4\nbo");
        CompletableFuture<String> message = message(reader).orTimeout(1, TimeUnit.NANOSECONDS);
        failure(TimeoutException.class, message);
        failure(TimeoutException.class, message(reader.withTimeout(Duration.ZERO)));

        source.arrive("dy");
        assertEquals("body", get(message(reader)));
    }

    @Test
    @DisplayName("R34 a block that fails or throws gives everything back")
    void failed() {
        IllegalStateException mine = new IllegalStateException("mine");
        source.arrive("a\nb\n").end();
        assertEquals(mine, failure(IllegalStateException.class, reader.atomically(r -> {
            r.readLine();
            throw mine;
        })));
        assertEquals(
                mine,
                failure(
                        IllegalStateException.class,
                        reader.atomically(
                                r -> r.readLine().thenCompose(line -> CompletableFuture.failedFuture(mine)))));
        failure(NullPointerException.class, reader.atomically(r -> null));
        failure(NumberFormatException.class, message(reader));
        assertEquals("a", get(reader.readLine()));
    }

    @Test
    @DisplayName("R34 a skip over the limit of its block fails, and does not count what is given back")
    void skipOverTheLimit() {
        AsyncPipeReader small =
                source.reader(Runnable::run, PipeOptions.defaults().withMaxLineBytes(1000));
        CompletableFuture<Long> skipped = small.atomically(r -> r.skip(5000));
        source.arrive("a".repeat(600)).signal();
        source.arrive("b".repeat(600)).signal();
        failure(LimitExceededException.class, skipped);
        assertEquals(1200L, get(small.skip(1200)));
    }

    @Test
    @DisplayName("R34 a skip that is over with its block has no value: its bytes were given back")
    void skipOfAFailedBlock() {
        AsyncPipeReader small =
                source.reader(Runnable::run, PipeOptions.defaults().withMaxLineBytes(1000));
        List<CompletableFuture<Long>> skips = new ArrayList<>();
        CompletableFuture<Long> block = small.atomically(r -> {
            skips.add(r.skip(5000));
            return skips.get(0);
        });
        source.arrive("a".repeat(600)).signal();
        assertTrue(block.cancel(true));
        assertThrows(CancellationException.class, skips.get(0)::join);
        assertEquals(600L, get(small.skip(600)));
    }

    @Test
    @DisplayName("R34 nested: the inner one gives back its own part, the outer one all")
    void nested() {
        source.arrive("a\nb\nc\n");
        CompletableFuture<List<String>> outer =
                reader.atomically(r -> r.readLine().thenCompose(a -> {
                    assertEquals("a", a);
                    failure(NumberFormatException.class, message(r));
                    return r.atomically(AsyncPipeReader::readLine)
                            .thenCombine(r.readLine(), (b, c) -> List.of(a, b, c));
                }));
        assertEquals(List.of("a", "b", "c"), get(outer));

        source.arrive("a\nb\n");
        failure(
                NumberFormatException.class,
                reader.atomically(r -> r.atomically(AsyncPipeReader::readLine).thenCompose(a -> message(r))));
        assertEquals("a", get(reader.readLine()));
        assertEquals("b", get(reader.readLine()));
    }

    @Test
    @DisplayName("R34 over the limit: an error, nothing is lost")
    void limit() {
        AsyncPipeReader small = new ScriptedStream()
                .arrive("12345678")
                .reader(executor, PipeOptions.defaults().withMaxLineBytes(5));
        failure(
                LimitExceededException.class,
                small.atomically(r -> r.readAtMost(4).thenCompose(x -> r.readAtMost(4))));
        assertEquals("12345678", new String(get(small.readAtMost(10))));
    }

    @Test
    @DisplayName("a read that still waits when its block ends is cancelled; later ones are refused")
    void readsBehindTheEnd() {
        AsyncPipeReader[] inner = new AsyncPipeReader[1];
        List<CompletableFuture<String>> waiting = new java.util.ArrayList<>();
        assertEquals("done", get(reader.atomically(r -> {
            inner[0] = r;
            waiting.add(r.readLine());
            return CompletableFuture.completedFuture("done");
        })));
        executor.runAll();

        assertTrue(waiting.get(0).isCancelled());
        failure(IllegalStateException.class, inner[0].readLine());
        failure(IllegalStateException.class, inner[0].atomically(AsyncPipeReader::readLine));
        arrive("a\n");
        assertEquals("a", get(reader.readLine()));
    }

    @Test
    @DisplayName("R34 nested, the outer one is cancelled while the inner one waits: nothing is lost in either order")
    void outerCancelledWhileInnerWaits() {
        source.arrive("0123456789");
        CompletableFuture<byte[]> outer = reader.atomically(
                r -> r.readExactly(4).thenCompose(head -> r.atomically(inner -> inner.readExactly(20))));

        assertTrue(outer.cancel(true));
        executor.runAll(); // the inner one hears of it

        assertEquals("0123456789", new String(get(reader.readExactly(10)), StandardCharsets.UTF_8));
    }

    @Test
    @DisplayName("R24 R34 a second read in a block fails, and the block ends all the same")
    void secondReadInBlock() {
        CompletableFuture<String> block = reader.atomically(r -> {
            CompletableFuture<String> first = r.readLine();
            failure(ReadPendingException.class, r.readLine());
            assertFalse(first.isDone());
            return CompletableFuture.completedFuture("ended");
        });

        executor.runAll();
        assertEquals("ended", get(block));
        source.arrive("line\n");
        assertEquals("line", get(reader.readLine()));
    }

    @Test
    @DisplayName("R34 the end of an inner block leaves the read of the outer one alone")
    void innerEndsWhileOuterReads() {
        CompletableFuture<String> block = reader.atomically(r -> {
            CompletableFuture<String> line = r.readLine();
            r.atomically(inner -> CompletableFuture.completedFuture("nothing read"));
            return line;
        });

        source.arrive("line\n").signal();
        executor.runAll();
        assertEquals("line", get(block));
    }

    @Test
    @DisplayName("closed while a block waits, and before one begins")
    void closed() {
        CompletableFuture<String> message = message(reader);
        reader.close();
        executor.runAll();
        failure(ClosedChannelException.class, message);
        failure(ClosedChannelException.class, message(reader));
        failure(ClosedChannelException.class, reader.readLine());
    }

    @Test
    @DisplayName("R34 blocks that are cancelled at random lose and double nothing")
    void cancelledAtRandom() throws Exception {
        Random random = new Random(3);
        int messages = 20_000;
        try (Link link = Kind.PIPE.open()) {
            Thread feeder = new Thread(() -> {
                for (int i = 0; i < messages; i++) {
                    String body = Integer.toString(i);
                    link.writer().write(body.length() + "\n").join();
                    Thread.yield();
                    link.writer().write(body).join();
                }
            });
            feeder.start();
            for (int next = 0; next < messages; ) {
                CompletableFuture<String> message = message(link.reader());
                for (int i = random.nextInt(300); i > 0; i--) {
                    Thread.onSpinWait();
                }
                if (!message.cancel(true)) {
                    assertEquals(Integer.toString(next++), get(message));
                }
            }
            feeder.join();
        }
    }
}
