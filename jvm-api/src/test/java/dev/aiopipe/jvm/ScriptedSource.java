package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** A stream whose every event is a step of the test: what there is to read, and when somebody is told of it. */
final class ScriptedSource implements ByteSource, Readiness.Interest {
    private static final byte[] END_OF_A_WRITER = {};

    private final Queue<byte[]> arrived = new ArrayDeque<>();
    private final Readiness readiness = new Readiness(this);
    private final Input input = new Input(this, readiness);
    private long singles;
    private int lines;
    private boolean ended;
    private boolean endIsFinal = true;
    private @Nullable IOException failure;
    private boolean closed;
    private boolean signals; // as a selector does: at once, if there is something

    AsyncPipeReader reader(Executor executor) {
        return reader(executor, PipeOptions.defaults());
    }

    AsyncPipeReader reader(Executor executor, PipeOptions options) {
        return AsyncPipeReader.of(input, options, new CallbackExecutor(executor));
    }

    /** Bytes arrive; nobody is told. */
    synchronized ScriptedSource arrive(String bytes) {
        arrived.add(bytes.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** One byte, in each of so many reads. */
    synchronized ScriptedSource arriveOneByOne(long count) {
        singles = count;
        return this;
    }

    /** So many lines of one character, as many in a read as there is room for. */
    synchronized ScriptedSource arriveLines(int count) {
        lines = count;
        return this;
    }

    /** As in a FIFO: an end, behind which more may arrive. */
    synchronized ScriptedSource endOfAWriter() {
        endIsFinal = false;
        arrived.add(END_OF_A_WRITER);
        return this;
    }

    synchronized ScriptedSource end() {
        ended = true;
        return this;
    }

    synchronized ScriptedSource fail(IOException with) {
        failure = with;
        return this;
    }

    /** From now on a wait for what is there already ends at once. */
    synchronized ScriptedSource signalledWhenArmed() {
        signals = true;
        return this;
    }

    /** What the loop's thread does, on this one. */
    void signal() {
        wakeUp(signalOnly());
    }

    /** The first half of {@link #signal}: the waiter is not woken yet. */
    Readiness.@Nullable Waiter signalOnly() {
        return readiness.signal();
    }

    static void wakeUp(Readiness.@Nullable Waiter waiter) {
        if (waiter != null) {
            waiter.wake();
        }
    }

    synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized int read(ByteBuffer target) throws IOException {
        byte[] next = arrived.poll();
        if (next == END_OF_A_WRITER) {
            return -1;
        } else if (next != null) {
            target.put(next);
            return next.length;
        } else if (lines > 0) {
            int count = Math.min(lines, target.remaining() / 2);
            lines -= count;
            for (int i = 0; i < count; i++) {
                target.put((byte) 'x').put((byte) '\n');
            }
            return 2 * count;
        } else if (singles > 0) {
            singles--;
            target.put((byte) 'x');
            return 1;
        } else if (failure != null) {
            throw failure;
        }
        return ended ? -1 : 0;
    }

    /** A read may find the next arrival right behind a short one. */
    @Override
    public boolean isEmptyAfterShortRead() {
        return false;
    }

    @Override
    public synchronized boolean endIsFinal() {
        return endIsFinal;
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    @Override
    public synchronized boolean arm() {
        return !signals;
    }

    @Override
    public void disarm() {
        // signals are the test's
    }

    @Override
    public void nudge() {
        // signals are the test's
    }
}
