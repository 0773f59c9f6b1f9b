package dev.aiopipe.jvm.internal.future;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a piece of work on the executor whenever there is news for it, one turn at a time: news that comes during a turn
 * is for another turn, after it, on the same stack. So a loop that is made of turns does not recurse, however much
 * there is to do already.
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
     * Turns of one piece of work, all of them on the executor, as they run the user's code.
     *
     * @param turn goes on until there is nothing to do, or the budget is used up; does not throw
     * @param refused told if the executor refuses; there are no more turns then
     */
    public SerialTask(CallbackExecutor continuations, Runnable turn, Consumer<Throwable> refused) {
        this(continuations::run, turn, refused);
    }

    /** Turns that a thread which waits for the future may run; else as above. They run no code of the user's. */
    public SerialTask(PipeFuture<?> future, Runnable turn, Consumer<Throwable> refused) {
        this(future::resumeByExecutor, turn, refused);
    }

    private SerialTask(Consumer<CallbackExecutor.Task> executor, Runnable turn, Consumer<Throwable> refused) {
        this.executor = executor;
        this.turn = turn;
        this.refused = refused;
    }

    /** There is news. */
    public void schedule() {
        if (news()) {
            executor.accept(this);
        }
    }

    /** Returns true if the caller has to have this run. */
    private boolean news() {
        return state.getAndUpdate(now -> now == State.NONE ? State.RUNNING : State.NEWS) == State.NONE;
    }

    /**
     * The first turn, on this thread, for as many steps as a turn has. Others go on, on the executor, if there is news
     * during this one.
     */
    public void begin(Runnable first) {
        state.set(State.RUNNING);
        steps = STEPS;
        deadline = System.nanoTime() + TimeUnit.DAYS.toNanos(1);
        first.run();
        if (!state.compareAndSet(State.RUNNING, State.NONE)) {
            executor.accept(this);
        }
    }

    /** For the turn, after a step: returns true if the turn has to end here. Another one follows. */
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

    /**
     * Queues the next turn. Returns true if the executor would have it run within this call, where it would recurse.
     */
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
