package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** A stream whose every event is a step of the test: which bytes arrive, and when a waiter is woken. */
final class ScriptedStream extends ScriptedSource implements Readiness.Interest {
    private final Readiness readiness = new Readiness(this);
    private final Input input = new Input(this, readiness);
    private volatile boolean signals; // as a selector does: at once, if there is something

    ScriptedStream() {
        emptyAfterShortRead = false; // a read may find the next arrival right after a short one
    }

    AsyncPipeReader reader(Executor executor) {
        return reader(executor, PipeOptions.defaults());
    }

    AsyncPipeReader reader(Executor executor, PipeOptions options) {
        return AsyncPipeReader.of(input, options, new CallbackExecutor(executor));
    }

    /** Bytes arrive, and no waiter is woken. */
    ScriptedStream arrive(String bytes) {
        thenBytes(bytes);
        return this;
    }

    /** One byte arrives for each of so many reads. */
    ScriptedStream arriveOneByOne(long count) {
        then(target -> {
            if (count > 1) {
                arriveOneByOne(count - 1);
            }
            target.put((byte) 'x');
            return 1;
        });
        return this;
    }

    /** So many lines of one character arrive, as many in a read as there is room for. */
    ScriptedStream arriveLines(int count) {
        then(target -> {
            int lines = Math.min(count, target.remaining() / 2);
            if (lines < count) {
                arriveLines(count - lines);
            }
            for (int i = 0; i < lines; i++) {
                target.put((byte) 'x').put((byte) '\n');
            }
            return 2 * lines;
        });
        return this;
    }

    /** As in a FIFO: an end after which more may arrive. */
    ScriptedStream endOfAWriter() {
        endIsFinal = false;
        thenEnd();
        return this;
    }

    ScriptedStream end() {
        afterScript = target -> -1;
        return this;
    }

    ScriptedStream fail(IOException with) {
        afterScript = target -> {
            throw with;
        };
        return this;
    }

    /** From now on a wait for what is there already ends at once. */
    ScriptedStream signalledWhenArmed() {
        signals = true;
        return this;
    }

    /** Does what the loop's thread does. */
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

    boolean isClosed() {
        return closes > 0;
    }

    @Override
    public boolean arm() {
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
