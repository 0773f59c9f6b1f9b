package dev.aiopipe.engine.loop;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.support.Threads;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Says whether one direction of one stream may be worth another try, and wakes the one waiter of that direction.
 *
 * <pre>
 *              await                     signal, the waiter is woken
 *     IDLE ────────────────► WAITING ─────────────────────────────────► IDLE
 *      │ ▲                      │
 *      │ │ await: "look again"  └── cancel ───────────────────────────► IDLE
 *      │ │
 *      │ └────────────────── READY
 *      └───── signal ──────────▲          (no waiter: the interest is disarmed, the signal is kept)
 *
 *     any ──── close: the waiter is woken ────► CLOSED                  (await: "look again", always)
 * </pre>
 *
 * <p>Signals are hints: a waiter that was woken tries, and waits again if there was nothing. Spurious signals are
 * allowed; lost signals are not: after an {@code await} that returned true the next signal, or {@code close}, wakes the
 * waiter.
 *
 * <p>The interest stays armed after a wake-up, because the waiter of a hot stream comes back at once. The first signal
 * without a waiter disarms it. All changes of state happen in {@link #step}, under this object's monitor; waiters run
 * outside of it.
 */
public final class Readiness {
    /**
     * A waiter. One of {@code wake} and {@code signalled} is called, once at most for each {@code await} that returned
     * true. Neither may block.
     */
    public interface Waiter {
        /** Reports that something may have changed, so another try may succeed. */
        void wake();

        /**
         * Called instead of {@link #wake} by the thread of a loop that has seen the event. May do some work first, and
         * may wait again instead of waking.
         */
        default void signalled() {
            wake();
        }

        /**
         * Returns true if the read of this waiter was cancelled after the wake-up and before it ran. It learns of that
         * when it runs; others need not reckon with it.
         */
        default boolean isGivenUp() {
            return false;
        }

        /** Returns true if every other read goes before the one that waits, which is woken then. */
        default boolean yields() {
            return false;
        }
    }

    /** The source of signals. {@code arm} and {@code disarm} are called under the monitor and must not block. */
    public interface Interest {
        /**
         * Switches signals on: from now on each event of this direction ends in {@link Readiness#signal}.
         *
         * @return false if no event will come any more; the next try finds out why
         */
        boolean arm();

        /** Switches signals off. */
        void disarm();

        /**
         * Called after {@code arm}, outside of the monitor: makes the source notice the change, if it does not by
         * itself.
         */
        void nudge();
    }

    /** The interest of a stream that is always ready: nothing is ever signalled. */
    public static final Interest NO_SIGNALS = new Unselected(false);

    /** The interest of a stream whose thread signals by itself, with or without a waiter. */
    public static final Interest OWN_SIGNALS = new Unselected(true);

    private record Unselected(boolean arm) implements Interest {
        @Override
        public void disarm() {
            // There is nothing to switch off.
        }

        @Override
        public void nudge() {
            // There is nothing to notice.
        }
    }

    private enum State {
        IDLE,
        WAITING,
        READY,
        CLOSED
    }

    private enum Event {
        AWAIT,
        SIGNAL,
        CANCEL,
        CLOSE
    }

    private final Interest interest;

    @GuardedBy("this")
    private State state = State.IDLE;

    @GuardedBy("this")
    private @Nullable Waiter waiter;

    @GuardedBy("this")
    private boolean armed;

    @GuardedBy("this")
    private boolean nudge;

    @GuardedBy("this")
    private @Nullable Consumer<Throwable> onClose;

    private volatile @Nullable Throwable closeCause;

    /** Makes a readiness without a waiter, whose signals come from {@code interest}. */
    public Readiness(Interest interest) {
        this.interest = interest;
    }

    /**
     * Waits for the next signal.
     *
     * @param candidate woken by the thread that signals or closes, if this returns true
     * @return false if there is no need to wait: there was a signal since the last wait, or this is closed. If this
     *     throws, the candidate does not wait, and is not woken
     */
    public boolean await(Waiter candidate) {
        boolean waiting;
        boolean nudges;
        synchronized (this) {
            waiting = step(Event.AWAIT, candidate) == candidate;
            nudges = nudge;
            nudge = false;
        }
        if (nudges) {
            try {
                interest.nudge();
            } catch (Throwable e) {
                // If the candidate was woken already, the source had nothing to notice.
                if (!waiting || cancel(candidate)) {
                    throw e;
                }
            }
        }
        return waiting;
    }

    /**
     * Gives up a wait. The waiter is not woken afterwards, unless that has begun already.
     *
     * @param candidate the waiter; if there is another one by now nothing happens
     * @return true if the candidate waited
     */
    public synchronized boolean cancel(Waiter candidate) {
        return step(Event.CANCEL, candidate) != null;
    }

    /** Reports that another try may succeed. Returns the waiter that the caller must wake, or null if there is none. */
    public synchronized @Nullable Waiter signal() {
        return step(Event.SIGNAL, null);
    }

    /** Signals, and wakes the waiter: for a thread that serves this direction only. */
    public void announce() {
        Waiter waiting = signal();
        if (waiting != null) {
            waiting.wake();
        }
    }

    /**
     * Closes this direction: there is no further signal. The cause of the first close stays.
     *
     * @param cause what {@link #closeCause} returns from now on
     * @return the waiter that the caller must wake, or null if there is none
     */
    public @Nullable Waiter close(Throwable cause) {
        Waiter left;
        Consumer<Throwable> listener;
        synchronized (this) {
            if (closeCause == null) {
                closeCause = cause;
            }
            left = step(Event.CLOSE, null);
            listener = onClose;
            onClose = null;
        }
        // Guarded, as the waiter must be woken whatever the listener throws.
        if (listener != null) {
            Threads.guarded(() -> listener.accept(cause));
        }
        return left;
    }

    /** Sets the {@link #closeCause} of a {@link #close} that follows soon, unless there is one. */
    synchronized void willFail(Throwable cause) {
        if (closeCause == null) {
            closeCause = cause;
        }
    }

    /** Closes this direction, and wakes the waiter. */
    void fail(Throwable cause) {
        Waiter left = close(cause);
        if (left != null) {
            Threads.guarded(left::wake);
        }
    }

    /**
     * Registers the one listener of the close; calls it at once if this is closed.
     *
     * @param listener gets the cause once, outside of the monitor
     */
    public void onClose(Consumer<Throwable> listener) {
        Throwable cause;
        synchronized (this) {
            cause = closeCause;
            if (cause == null) {
                onClose = listener;
                return;
            }
        }
        listener.accept(cause);
    }

    /** Returns the cause of the close, or null while this is open. */
    public @Nullable Throwable closeCause() {
        return closeCause;
    }

    /** Switches the interest off. There must be no waiter. */
    synchronized void disarm() {
        if (armed) {
            armed = false;
            interest.disarm();
        }
    }

    /**
     * Changes the state. Returns for AWAIT the candidate if it waits now, for SIGNAL and CLOSE the waiter to wake, for
     * CANCEL the waiter that gave up; else null.
     */
    @GuardedBy("this")
    private @Nullable Waiter step(Event event, @Nullable Waiter candidate) {
        Waiter affected = null;
        switch (event) {
            case AWAIT -> {
                if (state == State.WAITING) {
                    throw new IllegalStateException("there is a waiter already");
                } else if (state == State.IDLE) {
                    if (arm()) {
                        state = State.WAITING;
                        waiter = candidate;
                        affected = candidate;
                    }
                } else if (state == State.READY) {
                    state = State.IDLE;
                }
            }
            case SIGNAL -> {
                if (state == State.WAITING) {
                    affected = leave(State.IDLE);
                } else if (state != State.CLOSED) {
                    state = State.READY;
                    disarm();
                }
            }
            case CANCEL -> {
                if (state == State.WAITING && waiter == candidate) {
                    affected = leave(State.IDLE);
                }
            }
            case CLOSE -> {
                // The other direction may live on, and unwanted events would make the loop spin.
                disarm();
                affected = leave(State.CLOSED);
            }
        }
        return affected;
    }

    @GuardedBy("this")
    private @Nullable Waiter leave(State next) {
        Waiter left = waiter;
        waiter = null;
        state = next;
        return left;
    }

    @GuardedBy("this")
    private boolean arm() {
        if (!armed) {
            try {
                armed = interest.arm();
            } catch (Throwable e) {
                // Else the next arm might find it half done, and do nothing.
                interest.disarm();
                throw e;
            }
            nudge = armed;
        }
        return armed;
    }
}
