package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** Errors within a read: it has taken nothing, and the slot is free. */
class InputErrorTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();

    /** Signals by itself, and fails as the test says. */
    private static final class FailingInterest implements Readiness.Interest {
        private boolean failsToArm;
        private boolean failsToNudge;
        private Runnable duringNudge = () -> {};
        private boolean armed;

        @Override
        public boolean arm() {
            armed = true;
            if (failsToArm) {
                throw new InternalError("arm");
            }
            return true;
        }

        @Override
        public void disarm() {
            armed = false;
        }

        @Override
        public void nudge() {
            duringNudge.run();
            if (failsToNudge) {
                throw new InternalError("nudge");
            }
        }
    }

    private final ScriptedSource source = new ScriptedSource();
    private final FailingInterest interest = new FailingInterest();
    private final Readiness readiness = new Readiness(interest);
    private final Input input = new Input(source, readiness);

    @AfterEach
    void close() {
        input.close();
    }

    private static String text(Object bytes) {
        return new String((byte[]) bytes, StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName("what a take has taken before it throws is readable, also in a block that keeps it")
    void whatAFailingTakeHasTakenIsPutBack() throws IOException {
        source.thenBytes("a\nb\nc\n");
        ReadOp<String> failing = OPS.all(100).map(bytes -> {
            throw new InternalError("no text");
        });
        ReadOp<Integer> greedy = in -> {
            if (in.size() < 2) {
                return ReadOp.MORE;
            }
            in.take(1);
            in.indexOfNewline();
            in.take(1);
            in.indexOfNewline();
            throw new InternalError("no value");
        };
        assertThrows(InternalError.class, () -> input.start(greedy));
        assertEquals("a", input.start(LINE));

        ReadTransaction transaction = ReadTransaction.begin(input, null, 100);
        assertEquals("b", input.start(LINE, transaction));
        assertThrows(InternalError.class, () -> input.start(greedy, transaction));
        assertEquals(2, input.buffer.retained());
        source.thenEnd();
        source.emptyAfterShortRead = false;
        transaction.rollBack();
        assertEquals("b", input.start(LINE));

        assertThrows(InternalError.class, () -> input.start(failing));
        assertEquals("c", input.start(LINE));
        assertNull(input.start(LINE));
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_22)
    @DisplayName("a destination that refuses the bytes, as another thread's arena does, has lost none")
    void destinationThatRefuses() throws Exception {
        source.thenBytes("abc");
        ByteBuffer target =
                CompletableFuture.supplyAsync(InputErrorTest::confined).get();
        for (ReadOp<Integer> take : List.of(OPS.into(target), OPS.exactly(target))) {
            assertThrows(RuntimeException.class, () -> input.start(take));
            assertEquals(0, target.position());
            assertEquals(3, input.buffered());
        }
        assertEquals("abc", text(input.start(OPS.exactly(3))));
    }

    /** Three bytes of an arena that is this thread's. By reflection, as JDK 17 has none. */
    private static ByteBuffer confined() {
        try {
            Class<?> arena = Class.forName("java.lang.foreign.Arena");
            Object segment = arena.getMethod("allocate", long.class)
                    .invoke(arena.getMethod("ofConfined").invoke(null), 3L);
            Class<?> type = Class.forName("java.lang.foreign.MemorySegment");
            return (ByteBuffer) type.getMethod("asByteBuffer").invoke(segment);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName("a wait that can't begin frees the slot, and wakes nobody")
    void waitThatCannotBegin() throws IOException {
        Readiness.Waiter never = () -> {
            throw new AssertionError("woken");
        };
        interest.failsToArm = true;
        assertSame(ReadOp.MORE, input.start(LINE));
        assertThrows(InternalError.class, () -> input.await(never));
        assertFalse(interest.armed);
        interest.failsToArm = false;
        interest.failsToNudge = true;
        assertSame(ReadOp.MORE, input.start(LINE));
        assertThrows(InternalError.class, () -> input.await(never));
        assertNull(readiness.signal());

        source.thenBytes("line\n");
        Readiness.Waiter waiter = () -> {};
        assertSame(ReadOp.MORE, input.start(LINE));
        assertFalse(input.await(waiter), "the signal that nobody waited for is kept");
        assertEquals("line", input.proceed(waiter, LINE));
    }

    @Test
    @DisplayName("a wait whose news come while its beginning fails goes on")
    void waitThatIsWokenWhileItsBeginningFails() throws IOException {
        source.thenNothing().thenBytes("line\n");
        Readiness.Waiter waiter = () -> {};
        interest.failsToNudge = true;
        interest.duringNudge = () -> assertSame(waiter, readiness.signal());
        assertSame(ReadOp.MORE, input.start(LINE));
        assertTrue(input.await(waiter));
        assertEquals("line", input.proceed(waiter, LINE));
    }

    @Test
    @DisplayName("a read that can't wait is quit")
    void quit() throws IOException {
        assertSame(ReadOp.MORE, input.start(LINE));
        input.abandon();
        ReadTransaction transaction = ReadTransaction.begin(input, null, 100);
        assertSame(ReadOp.MORE, input.start(LINE, transaction));
        input.abandon();
        assertSame(ReadOp.MORE, input.start(LINE, transaction));
        input.abandon();
        transaction.commit();
        source.thenBytes("line\n");
        assertEquals("line", input.start(LINE));
    }

    @Test
    @DisplayName("wherever the stack overflows within a read, the next one is not refused")
    void stackOverflow() throws Exception {
        ScriptedSource endless = new ScriptedSource() {
            @Override
            public int read(ByteBuffer target) {
                target.put((byte) 'a').put((byte) '\n');
                return reads++ % 3 == 0 ? 0 : 2;
            }
        };
        Readiness signals = new Readiness(Readiness.OWN_SIGNALS);
        Input reader = new Input(endless, signals);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Readiness.Waiter[] waiting = new Readiness.Waiter[1];
        Runnable read = () -> {
            try {
                if (waiting[0] != null) { // the last driver had no stack left to give its wait up
                    reader.abandon(waiting[0]);
                    waiting[0] = null;
                }
                if (failure.get() == null && reader.start(LINE) == ReadOp.MORE) {
                    driveTo(6, reader, waiting);
                }
            } catch (StackOverflowError e) {
                return; // as it may
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
        };
        for (int i = 0;
                i < 20_000;
                i++) { // nothing is loaded or compiled for the first time when there is no stack left
            read.run();
        }
        for (int round = 0; round < 5; round++) {
            Thread thread = new Thread(null, () -> deepen(read), "overflowing", (256 << 10) + round * 4096);
            thread.start();
            thread.join();
        }
        assertNull(failure.get());
        if (waiting[0] != null) {
            reader.abandon(waiting[0]);
        }
        Readiness.Waiter waiter = () -> {};
        Object line = reader.start(LINE);
        for (int tries = 0; line == ReadOp.MORE && tries < 3; tries++) {
            assertTrue(reader.await(waiter));
            assertSame(waiter, signals.signal());
            line = reader.proceed(waiter, LINE);
        }
        assertEquals("a", line);
        reader.close();
    }

    /** As drivers do, this calls a little before it waits. */
    private static void driveTo(int calls, Input reader, Readiness.Waiter[] waiting) {
        if (calls > 0) {
            driveTo(calls - 1, reader, waiting);
        } else {
            Readiness.Waiter waiter = () -> {};
            waiting[0] = waiter;
            reader.await(waiter);
            reader.abandon(waiter);
            waiting[0] = null;
        }
    }

    /** Calls at each depth at which there is hardly any stack, or a little more. */
    private static void deepen(Runnable action) {
        try {
            deepen(action);
        } catch (StackOverflowError e) {
            return; // one level up there is a little more stack
        } finally {
            action.run();
        }
    }
}
