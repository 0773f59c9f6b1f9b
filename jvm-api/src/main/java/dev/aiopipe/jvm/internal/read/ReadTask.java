package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadWaiter;
import dev.aiopipe.jvm.internal.future.ReadTimeout;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Runs a read that may be given up at any moment.
 *
 * <pre>
 *                  take: MORE             wake
 *     IDLE, STARTED ────────────► WAITING ─────────► WOKEN ── take: MORE ──► WAITING
 *      ▲                             │                 │
 *      │          the time is over,  └────► ENDED ◄────┤
 *      │          or the owner is             │        │
 *      └──── take: a value, or an exception ──┴────────┘      STOPPED instead of IDLE, if that was the only one
 *
 *     any ── stop ──► STOPPED: nothing is taken any more, the read slot is free
 * </pre>
 *
 * <p>All of this, the take included, happens under one monitor, this object's or that of its {@link ReadScope}. So
 * whoever stops a reading while a take is under way on another thread waits for that take, which does not block, and
 * then knows: either it has taken, or it never will. A decision by a bare compare-and-set would leave the loser with a
 * slot that is still in use.
 *
 * <p>The waiter is used again for each wait of this reading. It waits anew only after it was woken, so no wake-up can
 * be meant for a later wait.
 */
public abstract class ReadTask implements ReadWaiter {
    private enum State {
        IDLE,
        STARTED,
        WAITING,
        WOKEN,
        ENDED,
        STOPPED
    }

    final ReaderView view;
    private final Input input;
    private final ReadOp<?> take;
    private final State rest; // after an outcome
    private final Object monitor;
    private State state; // guarded by the monitor, as is all that follows
    private @Nullable Exception failure; // of ENDED
    private long deadlineNanos;
    private long waits;
    private @Nullable Runnable alarmOff;

    /**
     * A reading of any number of values, one after the other. Nothing is begun yet.
     *
     * @param view what is read
     * @param take run again and again
     */
    public ReadTask(ReaderView view, ReadOp<?> take) {
        this(view, take, State.IDLE, State.IDLE);
    }

    /**
     * A reading of one value.
     *
     * @param started whether the input was started already, and wants more
     */
    public ReadTask(ReaderView view, ReadOp<?> take, boolean started) {
        this(view, take, started ? State.STARTED : State.IDLE, State.STOPPED);
    }

    private ReadTask(ReaderView view, ReadOp<?> take, State initial, State rest) {
        this.view = view;
        this.input = view.input();
        this.take = take;
        this.monitor = view.scope() == null ? this : view.scope().root();
        this.state = initial;
        this.rest = rest;
    }

    /**
     * Another {@link #take} may succeed. Called from the thread that brings the news, without the monitor; must not
     * block.
     */
    protected abstract void onWake();

    /** Begins a read. */
    @Nullable
    Object start() throws IOException {
        return view.start(take);
    }

    /**
     * Tries.
     *
     * @return a value; or {@link ReadOp#MORE}: nothing was taken, and {@link #onWake} will be called, unless this is
     *     stopped
     * @throws TimeoutException if the time was over before there was a value; nothing was taken
     * @throws Exception from the input or the take; nothing was taken
     */
    public final @Nullable Object take() throws Exception {
        synchronized (monitor) {
            State before = state;
            if (before == State.WAITING || before == State.STOPPED) {
                return ReadOp.MORE;
            }
            move(rest);
            Object value = ReadOp.MORE;
            switch (before) {
                case IDLE -> value = start();
                case WOKEN -> value = input.proceed(this, take);
                case ENDED -> throw Objects.requireNonNull(failure);
                default -> {} // STARTED: it has asked for more
            }
            boolean first = before != State.WOKEN;
            for (boolean asked = false; ; asked = true) {
                while (value == ReadOp.MORE && !input.await(this)) {
                    value = input.proceed(this, take);
                }
                if (value != ReadOp.MORE || waits(first)) {
                    return value;
                }
                input.abandon(this);
                if (asked) {
                    throw timedOut();
                }
                value = start(); // what came after a short read was not looked for yet
            }
        }
    }

    /** Waits, unless the time is over. */
    private boolean waits(boolean first) {
        ReadTimeout timeout = view.timeout();
        if (timeout != null) {
            long now = System.nanoTime();
            if (first) {
                deadlineNanos = now + timeout.nanos();
            }
            if (deadlineNanos - now <= 0) {
                return false;
            }
            long wait = ++waits;
            try {
                alarmOff = timeout.alarm().set(() -> expire(wait), deadlineNanos - now);
            } catch (Throwable e) { // there is no thread to be had
                input.abandon(this);
                throw e;
            }
        }
        move(State.WAITING);
        return true;
    }

    private TimeoutException timedOut() {
        return new TimeoutException("read timed out after " + view.timeout());
    }

    /** An alarm that is switched off may still come, when the wait that it was set for is over. */
    private void expire(long wait) {
        synchronized (monitor) {
            if (state != State.WAITING || wait != waits) {
                return;
            }
            end(timedOut());
        }
        onWake();
    }

    /**
     * Ends a wait with a failure. The slot is free when this returns. The caller has the monitor, and calls
     * {@link #onWake} without it.
     */
    final void end(Exception why) {
        failure = why;
        give(State.ENDED);
    }

    @Override
    public final Input input() {
        return input;
    }

    @Override
    public final ReadOp<?> op() {
        return take;
    }

    @Override
    public final void wake() {
        synchronized (monitor) {
            if (state != State.WAITING) {
                return;
            }
            move(State.WOKEN);
        }
        onWake();
    }

    /** Returns whether this reads in a scope, or in one within it. */
    final boolean isOf(ReadScope scope) {
        return view.scope() != null && view.scope().isWithin(scope);
    }

    /**
     * Ends this.
     *
     * @return false if that happened before, or the only value was taken
     */
    public final boolean stop() {
        synchronized (monitor) {
            if (state == State.STOPPED) {
                return false;
            }
            give(State.STOPPED);
            return true;
        }
    }

    /** Frees the slot, if this waits with it. */
    private void give(State next) {
        if (state == State.WAITING || state == State.WOKEN) {
            input.abandon(this);
        }
        move(next);
    }

    private void move(State next) {
        if (next != State.WAITING && alarmOff != null) {
            alarmOff.run();
            alarmOff = null;
        }
        ReadScope scope = view.scope();
        if (scope != null && (next == State.WAITING || next == State.WOKEN)) {
            scope.waits(this);
        } else if (scope != null) {
            scope.left(this);
        }
        state = next;
    }
}
