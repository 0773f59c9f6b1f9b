package dev.aiopipe.jvm.internal.future;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a piece of work on the executor whenever there is news for it, one turn at a time. News that comes during a turn
 * causes another turn after it, in the same call: a loop that is made of turns never recurses.
 *
 * <pre>
 *                schedule                 schedule
 *     NONE ───────────────────► RUNNING ──────────► NEWS
 *      ▲                         │   ▲               │
 *      └──── end of the turn ────┘   └─ another turn ┘
 * </pre>
 *
 * <p>A turn asks {@link #isUsedUp} after each step. When its budget is used up, the next turn queues on the executor,
 * so that other tasks run in between.
 */
public final class SerialTask implements CallbackExecutor.Task {
    /** So many steps are a turn at most. */
    public static final int STEPS = 128;

    private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private enum State {
        NONE,
        RUNNING,
        NEWS
    }

    private final Consumer<CallbackExecutor.Task> executor;
    private final Runnable turn;
    private final Consumer<Throwable> refused;
    private final AtomicReference<State> state = new AtomicReference<>(State.NONE);
    private int steps; // this and what follows is the turn's
    private long deadline;

    /**
     * Makes a piece of work that waits for its first news.
     *
     * @param executor runs a task, or refuses it
     * @param turn works until there is nothing to do, or the budget is used up; does not throw
     * @param refused called with the cause if the executor refuses; there are no more turns then
     */
    public SerialTask(Consumer<CallbackExecutor.Task> executor, Runnable turn, Consumer<Throwable> refused) {
        this.executor = executor;
        this.turn = turn;
        this.refused = refused;
    }

    /** Reports news: a turn follows. */
    public void schedule() {
        if (news()) {
            executor.accept(this);
        }
    }

    /** Returns true if the caller has to have this run. */
    private boolean news() {
        return state.getAndUpdate(now -> now == State.NONE ? State.RUNNING : State.NEWS) == State.NONE;
    }

    /** Runs the first turn on this thread. News that comes during it is for the executor. */
    public void begin(Runnable first) {
        state.set(State.RUNNING);
        steps = STEPS;
        deadline = System.nanoTime() + TimeUnit.DAYS.toNanos(1);
        first.run();
        if (!state.compareAndSet(State.RUNNING, State.NONE)) {
            executor.accept(this);
        }
    }

    /** Called by the turn after each step. Returns true if the turn must end here; another one follows. */
    public boolean isUsedUp() {
        steps--;
        boolean usedUp = isOver();
        if (usedUp) {
            news();
        }
        return usedUp;
    }

    private boolean isOver() {
        return steps <= 0 || deadline - System.nanoTime() <= 0;
    }

    @Override
    public void run() {
        do {
            steps = STEPS;
            deadline = System.nanoTime() + NANOS;
            if (turnsUntilOver()) {
                return;
            }
        } while (ranInPlace());
    }

    /** Returns false if there is news, but the budget is used up. */
    private boolean turnsUntilOver() {
        do {
            state.set(State.RUNNING);
            turn.run();
            if (state.compareAndSet(State.RUNNING, State.NONE)) {
                return true;
            }
        } while (!isOver());
        return false;
    }

    /** Queues the next turn. Returns true if the executor tried to run it within this call, where it would recurse. */
    private boolean ranInPlace() {
        Requeued next = new Requeued();
        executor.accept(next);
        return next.queued();
    }

    @Override
    public void refused(Throwable why) {
        refused.accept(why);
    }

    private final class Requeued implements CallbackExecutor.Task {
        private volatile @Nullable Thread queueing = Thread.currentThread();
        private boolean inPlace; // of the thread that queues

        boolean queued() {
            queueing = null;
            return inPlace;
        }

        @Override
        public void run() {
            if (queueing == Thread.currentThread()) {
                inPlace = true;
            } else {
                SerialTask.this.run();
            }
        }

        @Override
        public void refused(Throwable why) {
            SerialTask.this.refused(why);
        }
    }
}
