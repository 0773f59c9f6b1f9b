package dev.aiopipe.jvm;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;

/**
 * Runs what follows on an event on the user's executor. That may refuse: then the task is told so on a thread of the default
 * executor, because the thread that brought the event is likely to be the loop's, which serves all other streams.
 */
final class Continuations {
    /** What runs on the executor. */
    interface Task extends Runnable {
        /**
         * Called instead of {@code run}.
         *
         * @param why what the executor threw
         */
        void refused(Throwable why);
    }

    /** The common pool; where the user has disabled that one, a thread for each task, as {@link CompletableFuture} does. */
    static final Executor DEFAULT = Integer.getInteger("java.util.concurrent.ForkJoinPool.common.parallelism", 1) == 0
            ? new CompletableFuture<>().defaultExecutor()
            : ForkJoinPool.commonPool();

    private final Executor executor;

    Continuations(Executor executor) {
        this.executor = Objects.requireNonNull(executor, "executor");
    }

    Executor executor() {
        return executor;
    }

    void run(Task task) {
        try {
            executor.execute(task);
        } catch (Throwable refusal) {
            try {
                DEFAULT.execute(() -> task.refused(refusal));
            } catch (Throwable e) { // no thread can be had: better here than never
                refusal.addSuppressed(e);
                task.refused(refusal);
            }
        }
    }

    /** Runs what has to be run, also if the executor refuses. */
    void runAnyway(Runnable action) {
        run(new Task() {
            @Override
            public void run() {
                action.run();
            }

            @Override
            public void refused(Throwable why) {
                action.run();
            }
        });
    }

    <T extends @Nullable Object> PipeFuture<T> completed(T value) {
        PipeFuture<T> future = new PipeFuture<>(this, PipeFuture.NO_OPERATION);
        future.succeed(value);
        return future;
    }

    <T extends @Nullable Object> PipeFuture<T> failed(Throwable failure) {
        PipeFuture<T> future = new PipeFuture<>(this, PipeFuture.NO_OPERATION);
        future.fail(failure);
        return future;
    }
}
