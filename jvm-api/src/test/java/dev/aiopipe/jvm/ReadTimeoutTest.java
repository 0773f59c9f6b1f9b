package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.aiopipe.jvm.internal.future.ReadTimeout;
import dev.aiopipe.jvm.internal.read.ReaderView;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Each interleaving of a read and of its timeout, step by step. */
@ExtendWith(NothingLeft.class)
class ReadTimeoutTest {
    private final ScriptedStream source = new ScriptedStream();
    private final ManualExecutor executor = new ManualExecutor();
    private final AsyncPipeReader reader = source.reader(executor);

    @Test
    @DisplayName("the withTimeout view: a time that is over frees the slot, then fails the future, on the executor")
    void timeoutView() {
        source.arrive("par");
        CompletableFuture<String> first =
                reader.withTimeout(Duration.ofNanos(1)).readLine();
        Await.until("the read has timed out", () -> {
            executor.runAll();
            return first.isDone();
        });
        failure(TimeoutException.class, first);

        source.arrive("tial\n");
        assertEquals("partial", nextLine());
    }

    @Test
    @DisplayName("J02 a time that is over while the read is being woken changes nothing: the line is delivered")
    void timeoutAfterWake() {
        ManualAlarm alarm = new ManualAlarm();
        CompletableFuture<String> read = timed(alarm).readLine();
        source.arrive("line\n").signal();

        alarm.ring(0);
        executor.runAll();

        assertEquals("line", get(read));
    }

    @Test
    @DisplayName("J02 a read whose time is over while its signal is on its way takes nothing")
    void timeoutBetweenSignalAndWake() {
        ManualAlarm alarm = new ManualAlarm();
        CompletableFuture<String> read = timed(alarm).readLine();
        var signalled = source.arrive("line\n").signalOnly();

        alarm.ring(0);
        ScriptedStream.wakeUp(signalled);
        executor.runAll();

        failure(TimeoutException.class, read);
        assertEquals("line", nextLine());
    }

    @Test
    @DisplayName("J02 the alarm of a wait that is over does not end the next one of the same read")
    void timeoutOfEarlierWait() {
        ManualAlarm alarm = new ManualAlarm();
        CompletableFuture<String> read = timed(alarm).readLine();
        source.arrive("par").signal();
        executor.runAll();

        alarm.ring(0);
        executor.runAll();
        assertFalse(read.isDone());

        alarm.ring(1);
        executor.runAll();
        failure(TimeoutException.class, read);
        source.arrive("tial\n");
        assertEquals("partial", nextLine());
    }

    @Test
    @DisplayName("J02 J06 what came after a short read is seen by a read without patience, and by available()")
    void withoutPatience() throws Exception {
        source.arrive("par");
        CompletableFuture<String> line = reader.readLine();
        line.cancel(true);
        source.arrive("tial\nmore");

        AsyncPipeReader impatient = reader.withTimeout(Duration.ZERO);
        assertEquals("partial", get(impatient.readLine()));
        assertEquals(4, reader.asInputStream().available());
        assertEquals("more", new String(get(reader.readAtMost(4)), StandardCharsets.UTF_8));
        assertEquals(0, impatient.asInputStream().available());
        failure(TimeoutException.class, impatient.readLine());
    }

    private AsyncPipeReader timed(ReadTimeout.Alarm alarm) {
        return new AsyncPipeReader(new ReaderView(reader.core(), null, ReadTimeout.of(Duration.ofDays(1), alarm)));
    }

    /** Rings when the test says so, also too late: after it was switched off. */
    private static final class ManualAlarm implements ReadTimeout.Alarm {
        private final List<Runnable> set = new ArrayList<>();

        @Override
        public Runnable set(Runnable task, long nanos) {
            set.add(task);
            return () -> {};
        }

        void ring(int number) {
            set.get(number).run();
        }
    }

    private String nextLine() {
        CompletableFuture<String> next = reader.readLine();
        source.signal();
        executor.runAll();
        return get(next);
    }
}
