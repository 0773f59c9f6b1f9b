package dev.aiopipe.engine.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ReadinessTest {
    private static final int LONGEST = 6;
    private static final Throwable CAUSE = new Throwable("closed");

    private enum Event {
        AWAIT_A,
        AWAIT_B,
        SIGNAL,
        CANCEL_A,
        CANCEL_B,
        CLOSE,
        SOURCE_ENDS
    }

    @Test
    void everySequenceOfEventsBehavesAsTheModel() {
        int[] sequence = new int[LONGEST];
        int count = Event.values().length;
        for (int n = 0; n < (int) Math.pow(count, LONGEST); n++) { // shorter ones are their prefixes
            for (int i = 0, rest = n; i < LONGEST; i++, rest /= count) {
                sequence[i] = rest % count;
            }
            Model model = new Model();
            for (int event : sequence) {
                model.step(Event.values()[event], () -> Arrays.toString(sequence));
            }
        }
    }

    @Test
    void signalThatNobodyWaitedForIsKept() {
        Readiness readiness = new Readiness(new Source());
        assertNull(readiness.signal());
        assertFalse(readiness.await(() -> {}));
        assertTrue(readiness.await(() -> {}));
    }

    @Test
    void cancelOfAnotherWaiterChangesNothing() {
        Readiness readiness = new Readiness(new Source());
        Readiness.Waiter waiter = () -> {};
        readiness.await(waiter);
        readiness.cancel(() -> {});
        assertSame(waiter, readiness.signal());
    }

    @Test
    void firstCauseStaysAndIsToldOnce() {
        Readiness readiness = new Readiness(new Source());
        List<Throwable> told = new ArrayList<>();
        readiness.onClose(told::add);
        readiness.close(CAUSE);
        readiness.close(new Throwable("second"));
        assertSame(CAUSE, readiness.closeCause());
        assertEquals(List.of(CAUSE), told);
        readiness.onClose(told::add);
        assertEquals(List.of(CAUSE, CAUSE), told);
    }

    @Test
    @DisplayName("a listener of the close that throws is reported, and who waits is woken all the same")
    void throwingListener() throws InterruptedException {
        Readiness readiness = new Readiness(new Source());
        RuntimeException failure = new IllegalStateException("a listener that throws");
        Readiness.Waiter waiter = () -> {};
        readiness.await(waiter);
        readiness.onClose(cause -> {
            throw failure;
        });
        List<Object> seen = new ArrayList<>();
        Thread closing = new Thread(() -> seen.add(readiness.close(CAUSE)));
        closing.setUncaughtExceptionHandler((thread, uncaught) -> seen.add(uncaught));
        closing.start();
        closing.join();
        assertEquals(List.of(failure, waiter), seen);
    }

    @Test
    void listenerOfTheCloseRunsOutsideOfTheMonitor() {
        Readiness readiness = new Readiness(new Source());
        readiness.onClose(cause -> assertFalse(Thread.holdsLock(readiness)));
        readiness.close(CAUSE);
    }

    /** Two threads: what one has made is never missed by the other, though that one gives up waits at random. */
    @Test
    void noWakeUpIsLostBetweenThreads() throws InterruptedException {
        int rounds = 100_000;
        Readiness readiness = new Readiness(new Source());
        AtomicInteger made = new AtomicInteger();
        AtomicInteger seen = new AtomicInteger();
        Thread maker = new Thread(() -> {
            for (int i = 0; i < rounds; i++) {
                while (seen.get() < i) {
                    Thread.onSpinWait();
                }
                made.incrementAndGet();
                Readiness.Waiter waiter = readiness.signal();
                if (waiter != null) {
                    waiter.wake();
                }
            }
        });
        maker.setDaemon(true);
        maker.start();
        Random random = new Random(1);
        while (seen.get() < rounds) {
            Semaphore woken = new Semaphore(0);
            Readiness.Waiter waiter = woken::release;
            if (made.get() == seen.get() && readiness.await(waiter)) {
                if (random.nextInt(4) == 0) {
                    readiness.cancel(waiter); // the signal may have come: look before the next wait
                } else {
                    woken.acquire();
                }
            }
            seen.set(made.get());
        }
        maker.join();
    }

    /** What should happen. Fails where the real one does something else. */
    private static final class Model {
        private final Readiness.Waiter a = () -> {};
        private final Readiness.Waiter b = () -> {};
        private final Source source = new Source();
        private final Readiness readiness = new Readiness(source);
        private Readiness.Waiter waiting;
        private boolean news;
        private boolean closed;

        void step(Event event, Supplier<String> sequence) {
            switch (event) {
                case AWAIT_A -> await(a, sequence);
                case AWAIT_B -> await(b, sequence);
                case CANCEL_A -> cancel(a);
                case CANCEL_B -> cancel(b);
                case SIGNAL -> {
                    assertSame(waiting, readiness.signal(), sequence);
                    if (waiting == null && !closed) {
                        news = true;
                        assertFalse(source.armed, sequence);
                    }
                    waiting = null;
                }
                case CLOSE -> {
                    assertSame(waiting, readiness.close(CAUSE), sequence);
                    waiting = null;
                    closed = true;
                    assertFalse(source.armed, sequence);
                }
                case SOURCE_ENDS -> source.ended = true;
            }
            assertEquals(source.arms, source.nudges, sequence);
            assertTrue(waiting == null || source.armed, sequence);
        }

        private void await(Readiness.Waiter waiter, Supplier<String> sequence) {
            if (waiting != null) {
                assertThrows(IllegalStateException.class, () -> readiness.await(waiter), sequence);
                return;
            }
            boolean armable = source.armed || !source.ended;
            boolean waits = !closed && !news && armable;
            assertEquals(waits, readiness.await(waiter), sequence);
            if (waits) {
                waiting = waiter;
            }
            news = false;
        }

        private void cancel(Readiness.Waiter waiter) {
            readiness.cancel(waiter);
            if (waiting == waiter) {
                waiting = null;
            }
        }
    }

    /** Sees that it is armed and disarmed by turns. */
    private static final class Source implements Readiness.Interest {
        boolean ended;
        boolean armed;
        int arms;
        int nudges;

        @Override
        public boolean arm() {
            assertFalse(armed, "armed twice");
            if (ended) {
                return false;
            }
            armed = true;
            arms++;
            return true;
        }

        @Override
        public void disarm() {
            assertTrue(armed, "disarmed twice");
            armed = false;
        }

        @Override
        public void nudge() {
            nudges++;
        }
    }
}
