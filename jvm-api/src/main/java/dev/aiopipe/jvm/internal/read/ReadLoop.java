package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.SerialTask;

/**
 * Reads value after value, in steps. The steps run one at a time, on the executor, whenever {@link #schedule} has
 * reported news; other tasks of the executor run in between.
 */
abstract class ReadLoop extends ReadTask {
    private final SerialTask task = new SerialTask(this::execute, this::turn, this::failed);

    ReadLoop(ReaderView view, ReadOp<?> take) {
        super(view, take);
    }

    /**
     * Does one step.
     *
     * @return false if the next one has to wait for news, or this has ended
     * @throws Throwable ends the loop by {@link #failed}
     */
    protected abstract boolean step() throws Throwable;

    /** Ends this with a failure of a step, or of the executor, which runs nothing more. */
    protected abstract void failed(Throwable why);

    /** Has the executor run the steps. */
    protected void execute(CallbackExecutor.Task steps) {
        view.callbacks().run(steps);
    }

    /** Reports news: a step may have something to do. */
    protected final void schedule() {
        task.schedule();
    }

    /** Runs something before the first step, on this thread. */
    protected final void begin(Runnable first) {
        task.begin(first);
    }

    @Override
    protected final void onWake() {
        schedule();
    }

    private void turn() {
        try {
            while (step() && !task.isUsedUp()) {
                continue;
            }
        } catch (Throwable e) {
            failed(e);
        }
    }
}
