package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.AioPipe;
import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.PipeLoop;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.Descriptors;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Lines from an iterable and from a publisher. */
@ExtendWith(NothingLeft.class)
class WriteLinesTest {
    private final SubmissionPublisher<String> publisher = new SubmissionPublisher<>();
    private Link link;

    @BeforeEach
    void open() throws IOException {
        link = Kind.PIPE.open();
    }

    @AfterEach
    void close() {
        publisher.close();
        link.close();
    }

    @Test
    @DisplayName("lines of all lengths, more than the pipe holds, in order")
    void iterable() {
        List<String> lines = IntStream.range(0, 2_000)
                .mapToObj(i -> "x".repeat(i % 7 == 0 ? 5_000 : i % 50))
                .toList();
        List<String> seen = new ArrayList<>();
        CompletableFuture<?> sent = link.writer().writeLines(lines).thenRun(link.writer()::close);

        get(link.reader().forEachLine(seen::add));

        get(sent);
        assertEquals(lines, seen);
    }

    @Test
    @DisplayName("a few lines are sent before the method returns, so that close may follow")
    void thenClose() {
        link.writer().writeLines(List.of("a", new StringBuilder("b")));
        link.writer().close();

        assertEquals("a\nb\n", get(link.reader().readText()));
    }

    @Test
    @DisplayName("W01 to a closed writer no lines are written, not even none")
    void closedWriter() {
        link.writer().close();

        failure(ClosedChannelException.class, link.writer().writeLines(List.of()));
    }

    @Test
    @DisplayName("W13 a publisher may use one builder for all its lines")
    void builderIsUsedAgain() {
        StringBuilder builder = new StringBuilder();
        CompletableFuture<?> sent = link.writer().writeLines((Flow.Publisher<CharSequence>) subscriber ->
                subscriber.onSubscribe(new Flow.Subscription() {
                    private int line;

                    @Override
                    public void request(long count) {
                        while (line < 5) {
                            builder.setLength(0);
                            subscriber.onNext(builder.append("line ").append(line++));
                        }
                        if (line++ == 5) {
                            subscriber.onComplete();
                        }
                    }

                    @Override
                    public void cancel() {
                        throw new AssertionError("cancelled");
                    }
                }));

        get(sent);
        link.writer().close();
        assertEquals(
                "line 0\nline 1\nline 2\nline 3\nline 4\n", get(link.reader().readText()));
    }

    @Test
    @DisplayName("an iterator that throws: what came before it was sent")
    void failingIterator() {
        IllegalStateException mine = new IllegalStateException("mine");
        Iterator<String> lines = new Iterator<>() {
            private int count;

            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public String next() {
                if (count == 3) {
                    throw mine;
                }
                return "line " + count++;
            }
        };
        Iterable<String> iterable = () -> lines;

        assertEquals(mine, failure(IllegalStateException.class, link.writer().writeLines(iterable)));
        link.writer().close();
        assertEquals("line 0\nline 1\nline 2\n", get(link.reader().readText()));
    }

    @Test
    @DisplayName("a cancelled call has sent whole lines, from the first on")
    void cancelled() {
        Iterable<String> endless = () ->
                IntStream.iterate(0, i -> i + 1).mapToObj(i -> "line " + i).iterator();
        CompletableFuture<?> sent = link.writer().writeLines(endless);
        assertEquals("line 0", get(link.reader().readLine()));

        assertTrue(sent.cancel(true));
        link.writer().close();

        int[] next = {1};
        get(link.reader().forEachLine(line -> assertEquals("line " + next[0]++, line)));
        assertTrue(next[0] > 1_000);
    }

    @Test
    @DisplayName("a cancelled call takes no more lines of an endless iterable")
    void cancelledEndless() throws Exception {
        AtomicLong taken = new AtomicLong();
        Iterable<String> endless =
                () -> Stream.generate(() -> "line " + taken.incrementAndGet()).iterator();
        ThreadPoolExecutor executor = (ThreadPoolExecutor) Executors.newFixedThreadPool(2);
        try (Link other = Kind.PIPE.open(PipeOptions.defaults(), executor)) {
            CompletableFuture<Void> writing = other.writer().writeLines(endless); // until the pipe is full
            CompletableFuture<Void> draining = other.reader().forEachLine(line -> {});
            long full = taken.get();
            Await.until("the call goes on", taken::get, count -> count > 2 * full);

            writing.cancel(true);
            other.writer().close();

            get(draining); // all that was sent has arrived
            // Neither a task nor a wait for the pipe is left that could take another line.
            Await.until("the executor is idle", () -> executor.getTaskCount() == executor.getCompletedTaskCount());
        } finally {
            executor.shutdown();
        }
    }

    @Test
    @DisplayName("W13 while a publisher pauses, what it has published arrives")
    void pausingPublisher() {
        CompletableFuture<?> sent = link.writer().writeLines(publisher);
        for (int i = 0; i < 300; i++) {
            publisher.submit("line " + i);
            assertEquals("line " + i, get(link.reader().readLine()));
        }
        assertFalse(sent.isDone());
        publisher.close();
        assertNull(get(sent));
    }

    @Test
    @DisplayName("a fast publisher is held back by a slow reader, and nothing is lost")
    void fastPublisher() {
        List<String> lines =
                IntStream.range(0, 50_000).mapToObj(Integer::toString).toList();
        CompletableFuture<?> sent = link.writer().writeLines(publisher).thenRun(link.writer()::close);
        Thread producer = new Thread(() -> {
            lines.forEach(publisher::submit);
            publisher.close();
        });
        producer.start();
        List<String> seen = new ArrayList<>();
        get(link.reader().forEachLine(seen::add));
        get(sent);
        assertEquals(lines, seen);
    }

    @Test
    @DisplayName("a publisher that fails: what came before was sent, and the future fails with that")
    void failingPublisher() {
        IOException mine = new IOException("mine");
        CompletableFuture<?> sent = link.writer()
                .writeLines(subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
                    @Override
                    public void request(long count) {
                        subscriber.onNext("a");
                        subscriber.onError(mine);
                    }

                    @Override
                    public void cancel() {
                        // has ended by itself
                    }
                }));

        assertEquals(mine, failure(IOException.class, sent));
        assertEquals("a", get(link.reader().readLine()));
    }

    @Test
    @DisplayName("to cancel the future, or to lose the reader, cancels the subscription")
    void cancelledSubscription() {
        CompletableFuture<?> sent = link.writer().writeLines(publisher);
        assertTrue(sent.cancel(true));
        Await.until("the subscription is cancelled", () -> !publisher.hasSubscribers());

        CompletableFuture<?> broken = link.writer().writeLines(publisher);
        link.reader().close();
        get(link.writer().onReaderGone());
        publisher.submit("a");
        failure(BrokenPipeException.class, broken);
        Await.until("the subscription is cancelled", () -> !publisher.hasSubscribers());
    }

    @Test
    @DisplayName("P06 a publisher without an end is cancelled when the child has exited, also while it is silent")
    void endlessPublisher() {
        CompletableFuture<Void> cancelled = new CompletableFuture<>();
        BiConsumer<Flow.Subscriber<? super CharSequence>, Long> busy = (subscriber, count) -> {
            for (long i = 0; i < count; i++) {
                subscriber.onNext("line");
            }
        };
        try (AsyncProcess child = get(AsyncPipes.start(new ProcessBuilder("true")))) {
            failure(
                    BrokenPipeException.class,
                    child.stdin().writeLines(publishing(busy, () -> cancelled.complete(null))));
            get(cancelled);
            assertEquals(0, get(child.onExit()));
        }
        try (AsyncProcess child = get(AsyncPipes.start(new ProcessBuilder("sh", "-c", "read line; exit 3")))) {
            CompletableFuture<Void> writing = child.stdin().writeLines(publisher);
            publisher.submit("line");
            BrokenPipeException broken = failure(BrokenPipeException.class, writing);
            assertTrue(broken.getMessage().startsWith("nobody reads stdin of sh"), broken::getMessage);
            Await.until("the subscription is cancelled", () -> !publisher.hasSubscribers());
            assertEquals(3, get(child.onExit()));
        }
    }

    @Test
    @DisplayName("P06 the watch for a reader ends with the call")
    void watchIsReleased() {
        int before = Descriptors.pipes();
        CompletableFuture<Void> writing = link.writer().writeLines(publisher);
        Await.until("the reader is watched", () -> Descriptors.pipes() > before);
        publisher.close();
        get(writing);
        Await.until("nothing is watched", () -> Descriptors.pipes() == before);
    }

    @Test
    @DisplayName("while the publisher pauses, abort, close and the end of the loop end the call and the subscription")
    void writerThatEndsDuringAPause() throws IOException {
        CompletableFuture<?> closed = link.writer().writeLines(publisher);
        publisher.submit("a");
        assertEquals("a", get(link.reader().readLine()));
        link.writer().close();
        assertTrue(
                failure(AsynchronousCloseException.class, closed).getMessage().endsWith(" was closed here"));
        Await.until("the subscription is cancelled", () -> !publisher.hasSubscribers());

        try (Link other = Kind.PIPE.open()) {
            CompletableFuture<?> aborted = other.writer().writeLines(publisher);
            other.writer().abort();
            failure(AsynchronousCloseException.class, aborted);
            Await.until("the subscription is cancelled", () -> !publisher.hasSubscribers());
        }

        PipeLoop loop = PipeLoop.create("ends");
        AioPipe pipe = AioPipe.create();
        AsyncPipeWriter writer =
                get(AsyncPipes.open(pipe.tx(), PipeOptions.defaults().withLoop(loop)));
        CompletableFuture<?> ended = writer.writeLines(publisher);
        loop.close();
        IOException cause =
                (IOException) failure(AsynchronousCloseException.class, ended).getCause();
        assertTrue(cause.getMessage().contains("ends"), cause.getMessage());
        Await.until("the subscription is cancelled", () -> !publisher.hasSubscribers());
        writer.close();
        pipe.close();
    }

    @Test
    @DisplayName("iterator() that throws, and gives null, fails the future")
    void iterableThatThrows() {
        IllegalStateException mine = new IllegalStateException("mine");
        Iterable<String> throwing = () -> {
            throw mine;
        };
        assertEquals(mine, failure(IllegalStateException.class, link.writer().writeLines(throwing)));
        Iterable<String> without = () -> null;
        failure(NullPointerException.class, link.writer().writeLines(without));
    }

    @Test
    @DisplayName("a subscribe, request or cancel that throws fails the future; what was published before is sent")
    void publisherThatThrows() {
        IllegalStateException mine = new IllegalStateException("mine");
        AtomicLong cancels = new AtomicLong();

        CompletableFuture<?> subscribe = link.writer().writeLines((Flow.Publisher<String>) subscriber -> {
            throw mine;
        });
        assertEquals(mine, failure(IllegalStateException.class, subscribe));

        CompletableFuture<?> request = link.writer()
                .writeLines(publishing(
                        (subscriber, count) -> {
                            throw mine;
                        },
                        cancels::incrementAndGet));
        assertEquals(mine, failure(IllegalStateException.class, request));
        assertEquals(1, cancels.get());

        AtomicLong requests = new AtomicLong();
        CompletableFuture<?> published = new CompletableFuture<>();
        CompletableFuture<?> later = link.writer()
                .writeLines(publishing(
                        (subscriber, count) -> {
                            if (requests.incrementAndGet() > 1) {
                                published.join(); // what comes after a failed request is not taken
                                throw mine;
                            }
                            IntStream.range(0, 64).forEach(i -> subscriber.onNext("line " + i));
                            published.complete(null);
                        },
                        cancels::incrementAndGet));
        assertEquals(mine, failure(IllegalStateException.class, later));
        assertEquals(2, cancels.get());
        for (int i = 0; i < 64; i++) {
            assertEquals("line " + i, get(link.reader().readLine()));
        }

        IllegalStateException late = new IllegalStateException("late");
        CompletableFuture<?> cancel = link.writer()
                .writeLines(publishing((subscriber, count) -> subscriber.onNext(new ThrowingLine(mine)), () -> {
                    throw late;
                }));
        assertEquals(mine, failure(IllegalStateException.class, cancel));
        assertEquals(late, mine.getSuppressed()[mine.getSuppressed().length - 1]);
    }

    @Test
    @DisplayName("cancel of the subscription that throws leaves the cancelled future cancelled, and is reported")
    void cancelThatThrows() {
        IllegalStateException mine = new IllegalStateException("mine");
        CompletableFuture<?> sent = link.writer().writeLines(publishing((subscriber, count) -> {}, () -> {
            throw mine;
        }));
        List<Throwable> reported = new ArrayList<>();
        Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> reported.add(thrown));
        try {
            assertTrue(sent.cancel(true));
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(null);
        }
        assertTrue(sent.isCancelled());
        assertEquals(List.of(mine), reported);
    }

    private static Flow.Publisher<CharSequence> publishing(
            BiConsumer<Flow.Subscriber<? super CharSequence>, Long> onRequest, Runnable onCancel) {
        return subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long count) {
                onRequest.accept(subscriber, count);
            }

            @Override
            public void cancel() {
                onCancel.run();
            }
        });
    }

    private record ThrowingLine(RuntimeException failure) implements CharSequence {
        @Override
        public int length() {
            throw failure;
        }

        @Override
        public char charAt(int index) {
            throw failure;
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            throw failure;
        }

        @Override
        public String toString() {
            throw failure;
        }
    }
}
