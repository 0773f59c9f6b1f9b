package dev.aiopipe.jvm.internal.future;

import dev.aiopipe.engine.support.Threads;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs the callbacks of one stream, or of one child and its streams, on the user's executor.
 *
 * <p>If the executor refuses a task, a thread of the default executor reports that to the task: the thread that brought
 * the event is likely to be the loop's, which serves all other streams. For the same reason an executor that runs tasks
 * in place does not get to run one on the loop's thread, nor on that of the timeouts.
 *
 * <p>If all threads of the executor wait for futures of its streams, it begins no task. So a thread that waits looks at
 * the tasks that the executor has had for {@link #PATIENCE_NANOS}, and runs them itself: first those of its own stream
 * or child, then those of the others, see {@link ExecutorStreams}.
 */
public final class CallbackExecutor {
    /** A task for the executor. */
    public interface Task extends Runnable {
        /**
         * Called instead of {@code run}.
         *
         * @param why what the executor threw
         */
        void refused(Throwable why);
    }

    /** The common pool; or a thread for each task where that has no parallelism, as {@link CompletableFuture} does. */
    public static final Executor DEFAULT = byParallelism(ForkJoinPool.getCommonPoolParallelism());

    /** How long the executor may take to begin a task before a thread that waits does so. */
    public static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Executor executor;
    private final Queue<Claim> given = new ConcurrentLinkedQueue<>(); // to the executor, which has not begun them
    private final ExecutorStreams streams; // that share the executor

    public CallbackExecutor(Executor executor) {
        this.executor = Objects.requireNonNull(executor, "executor");
        streams = ExecutorStreams.of(executor);
        streams.add(this);
    }

    public static Executor byParallelism(int parallelism) {
        return parallelism > 1 ? ForkJoinPool.commonPool() : UserThreads.EXECUTOR;
    }

    /** A thread for each task, used again while there are tasks. */
    private static final class UserThreads {
        static final AtomicInteger COUNT = new AtomicInteger();
        static final Executor EXECUTOR = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), UserThreads::create);

        /** As a thread of the common pool: it keeps nothing alive of whoever happens to need it first. */
        private static Thread create(Runnable task) {
            Thread thread = new Thread(null, task, "AsyncPipes-" + COUNT.incrementAndGet(), 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
            return thread;
        }
    }

    Executor executor() {
        return executor;
    }

    public void run(Task task) {
        run(new Claim(task));
    }

    /** Runs a task on the executor, unless somebody else takes it before. */
    public void run(Claim claim) {
        given.add(claim);
        if (claim.hasBegun()) { // a thread that waits was quicker
            given.remove(claim);
            return;
        }
        try {
            executor.execute(() -> begin(claim));
        } catch (Throwable refusal) {
            Task refused = take(claim);
            if (refused == null) {
                throw refusal; // from a task that ran in place
            }
            byDefault(() -> refused.refused(refusal), refusal);
        }
        if (!claim.hasBegun()) {
            streams.watch();
        }
    }

    private void begin(Claim claim) {
        streams.executorBegins();
        Task task = take(claim);
        if (task != null && Threads.isShared()) {
            byDefault(task, null);
        } else if (task != null) {
            task.run();
        }
    }

    private static void byDefault(Runnable action, @Nullable Throwable refusal) {
        try {
            DEFAULT.execute(action);
        } catch (Throwable e) { // no thread can be had: better here than never
            if (refusal != null) {
                refusal.addSuppressed(e);
            }
            action.run();
        }
    }

    /** Returns what the caller has to run; null if somebody else has begun it. */
    @Nullable
    Task take(Claim claim) {
        Task task = claim.take();
        if (task != null) {
            given.remove(claim);
        }
        return task;
    }

    /** Runs what has to be run, also if the executor refuses. */
    public void runAnyway(Runnable action) {
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

    /** From now on the joiner's thread is unparked when there is a task for {@link #takeOverdue}. */
    void enter(Joiner joiner) {
        streams.enter(joiner);
    }

    void leave(Joiner joiner) {
        streams.leave(joiner);
    }

    /** Returns a task that the executor ought to have begun, which the caller has to run; null if there is none. */
    @Nullable
    public Task takeOverdue() {
        Task own = takeOwnOverdue();
        return own == null ? streams.takeOverdue() : own;
    }

    /** As {@link #takeOverdue}, of this stream or child alone. */
    @Nullable
    Task takeOwnOverdue() {
        for (Claim claim : given) {
            if (claim.age() < PATIENCE_NANOS) {
                return null; // so are those that follow
            }
            Task task = take(claim);
            if (task != null) {
                return task;
            }
        }
        return null;
    }

    /** Returns what the executor has had for the longest time and has not begun; null if there is nothing. */
    @Nullable
    public Claim oldest() {
        return given.peek();
    }

    public <T extends @Nullable Object> PipeFuture<T> completed(@Nullable T value) {
        PipeFuture<T> future = new PipeFuture<>(this, PipeFuture.NO_OPERATION);
        future.succeed(value);
        return future;
    }

    public <T extends @Nullable Object> PipeFuture<T> failed(Throwable failure) {
        PipeFuture<T> future = new PipeFuture<>(this, PipeFuture.NO_OPERATION);
        future.fail(failure);
        return future;
    }
}
