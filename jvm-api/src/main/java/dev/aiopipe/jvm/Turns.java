package dev.aiopipe.jvm;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Runs a piece of work on the executor whenever there is news for it, one turn at a time: news that comes during a turn is for another
 * turn, behind it, on the same stack. So a loop that is made of turns does not recurse, however much there is to do already.
 *
 * <pre>
 *                schedule                 schedule
 *     NONE ───────────────────► RUNNING ──────────► NEWS
 *      ▲                         │   ▲               │
 *      └──── end of the turn ────┘   └─ another turn ┘
 * </pre>
 */
final class Turns implements Continuations.Task {
    private enum State {
        NONE,
        RUNNING,
        NEWS
    }

    private final Continuations continuations;
    private final Runnable turn;
    private final Consumer<Throwable> refused;
    private final AtomicReference<State> state = new AtomicReference<>(State.NONE);

    /**
     * Turns of one piece of work.
     *
     * @param turn goes on until there is nothing to do; does not throw
     * @param refused told if the executor refuses; there are no more turns then
     */
    Turns(Continuations continuations, Runnable turn, Consumer<Throwable> refused) {
        this.continuations = continuations;
        this.turn = turn;
        this.refused = refused;
    }

    /** There is news. */
    void schedule() {
        State before = state.getAndUpdate(now -> now == State.NONE ? State.RUNNING : State.NEWS);
        if (before == State.NONE) {
            continuations.run(this);
        }
    }

    /** The first turn, on this thread. Others go on, on the executor, if there is news during this one. */
    void begin(Runnable first) {
        state.set(State.RUNNING);
        first.run();
        if (!state.compareAndSet(State.RUNNING, State.NONE)) {
            continuations.run(this);
        }
    }

    @Override
    public void run() {
        do {
            state.set(State.RUNNING);
            turn.run();
        } while (!state.compareAndSet(State.RUNNING, State.NONE));
    }

    @Override
    public void refused(Throwable why) {
        refused.accept(why);
    }
}
