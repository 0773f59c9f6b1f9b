package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.jvm.internal.future.SerialTask;
import dev.aiopipe.jvm.internal.read.ReaderView;
import dev.aiopipe.jvm.internal.read.Transfer;
import dev.aiopipe.testkit.NothingLeft;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A busy stream lets others on the same executor have their turn. */
@ExtendWith(NothingLeft.class)
class TurnBudgetTest {
    private static final int LINES = 10 * SerialTask.STEPS;

    private final ManualExecutor executor = new ManualExecutor();

    private AsyncPipeReader busy() {
        return new ScriptedStream().arriveLines(LINES).end().reader(executor);
    }

    @Test
    @DisplayName("a loop queues itself again after so many lines, behind what others have queued")
    void loop() {
        AtomicInteger seen = new AtomicInteger();
        AtomicInteger seenByOther = new AtomicInteger(-1);
        CompletableFuture<Void> loop = busy().forEachLine(line -> seen.incrementAndGet());
        executor.execute(() -> seenByOther.set(seen.get()));
        executor.runAll();

        assertTrue(seenByOther.get() <= SerialTask.STEPS, () -> "waited for " + seenByOther);
        get(loop);
        assertEquals(LINES, seen.get());
    }

    @Test
    @DisplayName("two busy loops and a quiet one take turns")
    void fair() {
        List<String> order = new ArrayList<>();
        CompletableFuture<Void> first = busy().forEachLine(line -> order.add("first"));
        CompletableFuture<Void> second = busy().forEachLine(line -> order.add("second"));
        CompletableFuture<Void> quiet =
                new ScriptedStream().arrive("line\n").end().reader(executor).forEachLine(line -> order.add("quiet"));
        executor.runAll();

        get(first);
        get(second);
        get(quiet);
        assertTrue(order.indexOf("second") <= SerialTask.STEPS);
        assertTrue(order.indexOf("quiet") <= 2 * SerialTask.STEPS);
        assertEquals(2 * LINES + 1, order.size());
    }

    @Test
    @DisplayName("a subscription queues itself again after so many lines")
    void subscription() {
        Collecting<String> subscriber = new Collecting<>(Long.MAX_VALUE);
        AtomicInteger seenByOther = new AtomicInteger(-1);
        busy().lines().subscribe(subscriber);
        executor.execute(() -> seenByOther.set(subscriber.received.size()));
        executor.runAll();

        assertTrue(seenByOther.get() <= 2 * SerialTask.STEPS, () -> "waited for " + seenByOther);
        get(subscriber.done);
        assertEquals(LINES, subscriber.received.size());
    }

    @Test
    @DisplayName("a transfer queues itself again after so many chunks")
    void transfer() {
        AsyncPipeReader reader =
                new ScriptedStream().arriveOneByOne(LINES).end().reader(executor);
        AtomicInteger sent = new AtomicInteger();
        AtomicInteger seenByOther = new AtomicInteger(-1);
        Transfer transfer = Transfer.of(new ReaderView(reader.core(), null, null), Long.MAX_VALUE, chunk -> {
            sent.incrementAndGet();
            chunk.position(chunk.limit());
            return CompletableFuture.completedFuture(null);
        });
        CompletableFuture<Long> moved = transfer.begin();
        executor.execute(() -> seenByOther.set(sent.get()));
        executor.runAll();

        assertTrue(seenByOther.get() <= SerialTask.STEPS, () -> "waited for " + seenByOther);
        assertEquals(LINES, get(moved));
    }

    @Test
    @DisplayName("lines are written in turns, too")
    void writing() throws Exception {
        try (Link link = Kind.PIPE.open(PipeOptions.defaults(), executor)) {
            AtomicInteger made = new AtomicInteger();
            Iterable<String> lines = () -> Collections.nCopies(SerialTask.STEPS * 8, "x".repeat(4000)).stream()
                    .peek(line -> {
                        made.incrementAndGet();
                        link.reader().asInputStream(); // keeps the reader
                        drain(link.reader());
                    })
                    .iterator();
            CompletableFuture<Void> written = link.writer().writeLines(lines);
            assertFalse(written.isDone());
            assertTrue(made.get() <= SerialTask.STEPS + 2, () -> "made " + made);
            while (!written.isDone()) {
                executor.runAll();
                drain(link.reader());
            }
            get(written);
        }
    }

    private static void drain(AsyncPipeReader reader) {
        ByteBuffer room = ByteBuffer.allocate(1 << 16);
        AsyncPipeReader impatient = reader.withTimeout(java.time.Duration.ZERO);
        while (!impatient.read(room.clear()).isCompletedExceptionally()) {
            continue;
        }
    }

    @Test
    @DisplayName("an executor that runs tasks in place does not recurse, however much is there")
    void inPlace() {
        AtomicInteger seen = new AtomicInteger();
        int many = 1_000 * SerialTask.STEPS;
        get(new ScriptedStream()
                .arriveLines(many)
                .end()
                .reader(Runnable::run)
                .forEachLine(line -> seen.incrementAndGet()));
        assertEquals(many, seen.get());
    }

    @Test
    @DisplayName("a loop whose executor refuses its next turn fails with that")
    void refused() {
        AtomicInteger seen = new AtomicInteger();
        CompletableFuture<Void> loop = busy().forEachLine(line -> {
            seen.incrementAndGet();
            executor.refuse();
        });
        executor.runAll();
        Futures.failure(java.util.concurrent.RejectedExecutionException.class, loop);
        assertTrue(seen.get() <= SerialTask.STEPS);
    }
}
