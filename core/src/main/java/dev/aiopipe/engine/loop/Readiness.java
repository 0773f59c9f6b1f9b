package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.support.Threads;
import java.util.function.Consumer;

/**
 * Whether one direction of one stream may be worth another try, and the one waiter who wants to know.
 *
 * <pre>
 *              await                     signal, the waiter is woken
 *     IDLE ────────────────► WAITING ─────────────────────────────────► IDLE
 *      │ ▲                      │
 *      │ │ await: "look again"  └── cancel ───────────────────────────► IDLE
 *      │ │
 *      │ └────────────────── READY
 *      └───── signal ──────────▲          (nobody waits: the interest is disarmed, the news kept)
 *
 *     any ──── close: the waiter is woken ────► CLOSED                  (await: "look again", for ever)
 * </pre>
 *
 * <p>Signals are hints: a waiter that was woken tries, and waits again when there was nothing. So a signal may come too often, but
 * never too seldom: after an {@code await} that returned true the waiter is woken by the next signal or by {@code close}.
 *
 * <p>The interest stays armed after a waiter was woken, for a stream that is hot comes back at once; the first signal that nobody
 * waits for disarms it. All changes of state happen in {@link #step}, under this object's monitor; waiters run outside of it.
 */
public final class Readiness {
    /** Who waits. {@code wake} is called once at most for each {@code await} that returned true, and must not block. */
    public interface Waiter {
        /** Something may have changed: look again. */
        void wake();

        /**
         * Whether whoever waits was woken, but cancelled before it got to run, and is going to find out.
         *
         * @return true if others need not reckon with this one
         */
        default boolean isGivenUp() {
            return false;
        }

        /**
         * Whether every other read goes before the one that waits, which is woken then.
         *
         * @return what its take says
         */
        default boolean yields() {
            return false;
        }
    }

    /** Where signals come from. {@code arm} and {@code disarm} are called under the monitor and must not block. */
    public interface Interest {
        /**
         * From now on events of this direction are to end in {@link Readiness#signal}.
         *
         * @return false if no event will come any more; the next try is going to find out why
         */
        boolean arm();

        /** Events are not wanted any more. */
        void disarm();

        /** Called after {@code arm}, outside of the monitor: makes the source of events notice, where it has to be told. */
        void nudge();
    }

    /** Of what is always ready: nothing is ever signalled. */
    public static final Interest NO_SIGNALS = new Unselected(false);

    /** Of what signals by itself, whether somebody waits or not. */
    public static final Interest OWN_SIGNALS = new Unselected(true);

    private record Unselected(boolean arm) implements Interest {
        @Override
        public void disarm() {
            // nothing is to be switched off
        }

        @Override
        public void nudge() {
            // nobody is to be told
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
    private State state = State.IDLE; // guarded by this, as is all that follows
    private Waiter waiter;
    private boolean armed;
    private boolean nudge;
    private Consumer<Throwable> onClose;
    private volatile Throwable closeCause;

    /**
     * A direction that nobody waits for yet.
     *
     * @param interest where its signals come from
     */
    public Readiness(Interest interest) {
        this.interest = interest;
    }

    /**
     * Waits for the next signal.
     *
     * @param candidate woken, from the thread that signals or closes, if this returns true
     * @return false if there is no need to wait: something was signalled since the last wait, or this is closed. If this throws, the
     *     candidate does not wait, and is not woken
     */
    public boolean await(Waiter candidate) {
        boolean waiting;
        boolean tell;
        synchronized (this) {
            waiting = step(Event.AWAIT, candidate) == candidate;
            tell = nudge;
            nudge = false;
        }
        if (tell) {
            try {
                interest.nudge();
            } catch (Throwable e) {
                if (!waiting || cancel(candidate)) {
                    throw e;
                } // else it is woken already, so nothing had to be noticed
            }
        }
        return waiting;
    }

    /**
     * Gives up a wait. The waiter is not woken afterwards, unless that has begun already.
     *
     * @param candidate the waiter; if somebody else waits by now nothing happens
     * @return whether it waited
     */
    public synchronized boolean cancel(Waiter candidate) {
        return step(Event.CANCEL, candidate) != null;
    }

    /**
     * Another try may succeed.
     *
     * @return the waiter that the caller has to wake, null if nobody waits
     */
    public synchronized Waiter signal() {
        return step(Event.SIGNAL, null);
    }

    /** Signals, and wakes who waits: for a thread that serves this one only. */
    public void announce() {
        Waiter waiting = signal();
        if (waiting != null) {
            waiting.wake();
        }
    }

    /**
     * Nothing will ever be signalled again. The first cause stays.
     *
     * @param cause what {@link #closeCause} returns from now on
     * @return the waiter that the caller has to wake, null if nobody waits
     */
    public Waiter close(Throwable cause) {
        Waiter left;
        Consumer<Throwable> told;
        synchronized (this) {
            if (closeCause == null) {
                closeCause = cause;
            }
            left = step(Event.CLOSE, null);
            told = onClose;
            onClose = null;
        }
        if (told != null) {
            Threads.guarded(() -> told.accept(cause)); // or who waits would not be woken
        }
        return left;
    }

    /**
     * Has somebody told when this is closed, at once if it is.
     *
     * @param listener told the cause once, outside of the monitor; there is one at most
     */
    public void onClose(Consumer<Throwable> listener) {
        synchronized (this) {
            if (closeCause == null) {
                onClose = listener;
                return;
            }
        }
        listener.accept(closeCause);
    }

    /**
     * Why this is closed.
     *
     * @return null while it is open
     */
    public Throwable closeCause() {
        return closeCause;
    }

    /** Switches the interest off, if nobody waits. */
    synchronized void disarm() {
        if (armed) {
            armed = false;
            interest.disarm();
        }
    }

    /** For AWAIT: {@code candidate} if it waits now. For SIGNAL and CLOSE: the waiter to wake. For CANCEL: who waited. */
    private Waiter step(Event event, Waiter candidate) {
        Waiter affected = null;
        switch (event) {
            case AWAIT -> {
                if (state == State.WAITING) {
                    throw new IllegalStateException("somebody waits already");
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
                disarm(); // the other direction may live on, and events that nobody wants would make the loop spin
                affected = leave(State.CLOSED);
            }
        }
        return affected;
    }

    private Waiter leave(State next) {
        Waiter left = waiter;
        waiter = null;
        state = next;
        return left;
    }

    private boolean arm() {
        if (!armed) {
            try {
                armed = interest.arm();
            } catch (Throwable e) {
                interest.disarm(); // or the next arm might find it half done, and do nothing
                throw e;
            }
            nudge = armed;
        }
        return armed;
    }
}
