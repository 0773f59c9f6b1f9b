package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.channels.ReadPendingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Subscriptions, step by step. */
@ExtendWith(NothingLeft.class)
class PublisherTest {
    private final ScriptedStream source = new ScriptedStream();
    private final ManualExecutor executor = new ManualExecutor();
    private final AsyncPipeReader reader = source.reader(executor);

    @Test
    @DisplayName("J04 demand is kept: request(1) gives one, and leaves the next line readable")
    void demand() {
        Collecting<String> subscriber = new Collecting<>(1);
        source.arrive("a\nb\nc\n");
        reader.lines().subscribe(subscriber);
        executor.runAll();
        assertEquals(List.of("a"), subscriber.received);

        assertEquals("b", get(reader.readLine()));
        subscriber.subscription.request(5);
        executor.runAll();
        assertEquals(List.of("a", "c"), subscriber.received);
        source.arrive("d").end().signal();
        executor.runAll();

        assertEquals(List.of("a", "c", "d"), subscriber.received);
        get(subscriber.done);
    }

    @Test
    @DisplayName("J04 cancel: nothing is taken afterwards, the slot is free, another subscriber goes on")
    void cancel() {
        Collecting<String> first = new Collecting<>(Long.MAX_VALUE);
        reader.lines().subscribe(first);
        executor.runAll();
        failure(ReadPendingException.class, reader.readLine());

        first.subscription.cancel();
        source.arrive("a\nb\n").signal();
        executor.runAll();

        assertEquals("a", get(reader.readLine()));
        Collecting<String> second = new Collecting<>(1);
        reader.lines().subscribe(second);
        executor.runAll();
        assertEquals(List.of("b"), second.received);
        assertEquals(List.of(), first.received);
        assertFalse(first.done.isDone());
    }

    @Test
    @DisplayName("J04 cancel from within onNext takes no further line")
    void cancelInOnNext() {
        source.arrive("a\nb\n");
        List<String> seen = new ArrayList<>();
        reader.lines().subscribe(onNext(5, (line, subscription) -> {
            seen.add(line);
            subscription.cancel();
        }));
        executor.runAll();

        assertEquals(List.of("a"), seen);
        assertEquals("b", get(reader.readLine()));
    }

    @Test
    @DisplayName("onNext may read from the reader itself")
    void readInOnNext() {
        source.arrive("2\nab1\nc").end();
        List<String> seen = new ArrayList<>();
        reader.lines()
                .subscribe(onNext(
                        5,
                        (line, subscription) -> seen.add(new String(
                                reader.readExactly(Integer.parseInt(line)).join()))));
        executor.runAll();

        assertEquals(List.of("ab", "c"), seen);
    }

    @Test
    @DisplayName("J04 a failure of the stream ends in onError, behind what came before")
    void failingStream() {
        IOException failure = new IOException("mine");
        source.arrive("a\n").fail(failure);
        Collecting<String> subscriber = new Collecting<>(Long.MAX_VALUE);
        reader.lines().subscribe(subscriber);
        executor.runAll();

        assertEquals(List.of("a"), subscriber.received);
        assertEquals(failure, failure(IOException.class, subscriber.done));
    }

    @Test
    @DisplayName("a read that waits makes a subscription fail, and is undisturbed")
    void busyReader() {
        CompletableFuture<String> read = reader.readLine();
        Collecting<String> subscriber = new Collecting<>(1);
        reader.lines().subscribe(subscriber);
        executor.runAll();

        failure(ReadPendingException.class, subscriber.done);
        source.arrive("a\n").signal();
        executor.runAll();
        assertEquals("a", get(read));
    }

    @Test
    @DisplayName("a second subscriber is refused, the first one is undisturbed")
    void secondSubscriber() {
        Collecting<String> first = new Collecting<>(1);
        Collecting<String> second = new Collecting<>(1);
        reader.lines().subscribe(first);
        reader.lines().subscribe(second);
        source.arrive("a\n").signal();
        executor.runAll();

        failure(IllegalStateException.class, second.done);
        assertEquals(List.of("a"), first.received);
    }

    @Test
    @DisplayName("on a withTimeout view each line may take so long")
    void timeout() {
        Collecting<String> subscriber = new Collecting<>(2);
        source.arrive("a\nb");
        reader.withTimeout(Duration.ZERO).lines().subscribe(subscriber);
        executor.runAll();

        assertEquals(List.of("a"), subscriber.received);
        failure(TimeoutException.class, subscriber.done);
        source.arrive("\n");
        assertEquals("b", get(reader.readLine()));
    }

    @Test
    @DisplayName("a subscriber that throws gets nothing more, and the line behind is readable")
    void throwingSubscriber() {
        source.arrive("a\nb\n");
        List<Throwable> reported = new ArrayList<>();
        Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> reported.add(thrown));
        try {
            reader.lines().subscribe(onNext(5, (line, subscription) -> {
                throw new IllegalStateException("mine");
            }));
            executor.runAll();
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(null);
        }
        assertEquals("mine", reported.get(0).getMessage());
        assertEquals("b", get(reader.readLine()));
    }

    @Test
    @DisplayName(
            "millions of lines that are there already: no recursion, neither by request in onNext nor by forEachLine")
    void manyLines() {
        int lines = 2_000_000;
        source.arriveLines(lines).end();
        int[] count = new int[1];
        reader.lines().subscribe(onNext(1, (line, subscription) -> {
            if (++count[0] < lines / 2) {
                subscription.request(1);
            } else {
                subscription.cancel();
            }
        }));
        executor.runAll();
        CompletableFuture<?> rest = reader.forEachLineAsync(line -> {
            count[0]++;
            return CompletableFuture.completedFuture(line);
        });
        executor.runAll();

        get(rest);
        assertEquals(lines, count[0]);
    }

    @Test
    @DisplayName("chunks are the subscriber's own, of 64 KiB at most")
    void chunks() {
        source.arriveLines(100_000).end();
        List<Integer> sizes = new ArrayList<>();
        reader.chunks().subscribe(new Collecting<>(Long.MAX_VALUE) {
            @Override
            public void onNext(java.nio.ByteBuffer chunk) {
                sizes.add(chunk.remaining());
            }
        });
        executor.runAll();

        assertTrue(sizes.stream().allMatch(size -> size <= 1 << 16));
        assertEquals(200_000, sizes.stream().mapToInt(Integer::intValue).sum());
    }

    private static Flow.Subscriber<String> onNext(long demand, BiConsumer<String, Flow.Subscription> action) {
        return new Collecting<>(demand) {
            @Override
            public void onNext(String line) {
                action.accept(line, subscription);
            }
        };
    }

    @Test
    @DisplayName("J04 a subscriber that throws loses no line, and the reader is free, whichever signal it is")
    void throwingSignals() {
        for (String signal : new String[] {"onSubscribe", "onNext", "onComplete", "onError"}) {
            ScriptedStream source = new ScriptedStream();
            ManualExecutor manual = new ManualExecutor();
            AsyncPipeReader reader = source.reader(manual);
            source.arrive(signal.equals("onNext") ? "first\nsecond\n" : "second\n");
            if (signal.equals("onError")) {
                source.fail(new IOException("mine"));
            } else {
                source.end();
            }
            List<Throwable> reported = new ArrayList<>();
            Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> {
                reported.add(failure);
                throw new IllegalStateException("so does the handler");
            });
            try {
                reader.lines().subscribe(new Throwing(signal));
                manual.runAll();
            } finally {
                Thread.currentThread().setUncaughtExceptionHandler(null);
            }
            assertEquals(1, reported.size(), signal);
            Collecting<String> next = new Collecting<>(1);
            reader.lines().subscribe(next);
            manual.runAll();
            assertEquals(
                    signal.equals("onComplete") || signal.equals("onError") ? List.of() : List.of("second"),
                    next.received,
                    signal);
        }
    }

    /** Asks for all there is, and throws at one kind of signal. */
    private record Throwing(String at) implements Flow.Subscriber<String> {
        private void signal(String name) {
            if (name.equals(at)) {
                throw new IllegalStateException(name);
            }
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
            signal("onSubscribe");
        }

        @Override
        public void onNext(String line) {
            signal("onNext");
        }

        @Override
        public void onError(Throwable thrown) {
            signal("onError");
        }

        @Override
        public void onComplete() {
            signal("onComplete");
        }
    }
}
