package dev.aiopipe.jvm;

import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Runs what it was given when the test says so. */
final class ManualExecutor implements Executor {
    private final Deque<Runnable> tasks = new ConcurrentLinkedDeque<>();
    private volatile boolean refusing;

    @Override
    public void execute(Runnable task) {
        if (refusing) {
            throw new RejectedExecutionException("refused by the test");
        }
        tasks.add(task);
    }

    void refuse() {
        refusing = true;
    }

    int waiting() {
        return tasks.size();
    }

    void runLast() {
        tasks.removeLast().run();
    }

    void runAll() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }
}
