package dev.aiopipe.jvm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The future of an operation on a stream. The operation and whoever else may complete a future race for it, and who loses has done
 * nothing:
 *
 * <pre>
 *              the operation has its outcome
 *     PENDING ───────────────────────────────► DECIDED ── succeed, fail ──► done
 *        │                                        │
 *        │                                        └ cancel, complete, … : false
 *        └──── cancel, complete, a timeout … ───► WITHDRAWN ──────────────► done, by its user
 *              the operation is withdrawn: what it waited for is free again, and nothing was taken
 * </pre>
 *
 * <p>The state is the operation's, see {@link Operation#withdraw}. Every public method that completes a future asks it first; futures
 * that depend on this one have no operation, so that to complete them means no more than it does elsewhere.
 *
 * @param <T> what it completes with
 */
final class PipeFuture<T extends @Nullable Object> extends CompletableFuture<T> {
    /** What a future is completed by. */
    interface Operation {
        /**
         * Ends the operation without an outcome, unless it has one. May wait for a step of it that is under way, which never blocks
         * for long.
         *
         * @return true if it has not taken or sent anything, or owes the rest, and won't do anything more; false if its outcome is
         *     decided, or was withdrawn before
         */
        boolean withdraw();
    }

    static final Operation NO_OPERATION = () -> true;

    private static final VarHandle JOINER;

    static {
        try {
            JOINER = MethodHandles.lookup().findVarHandle(PipeFuture.class, "joiner", Joiner.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Continuations continuations;
    private final Operation operation;
    private volatile @Nullable Joiner joiner;
    private @Nullable Thread helping; // tells a thread whether that is itself

    PipeFuture(Continuations continuations, Operation operation) {
        this.continuations = continuations;
        this.operation = operation;
    }

    /** For the operation, once its outcome is decided. */
    void succeed(T value) {
        decided(() -> super.complete(value));
    }

    /** For the operation, once its outcome is decided. */
    void fail(Throwable failure) {
        decided(() -> super.completeExceptionally(failure));
    }

    /** What has come to depend on this while a joining thread worked for it is for the executor all the same. */
    private void decided(BooleanSupplier completion) {
        if (helping == Thread.currentThread() && getNumberOfDependents() > 0) {
            continuations.runAnyway(() -> told(completion.getAsBoolean()));
        } else {
            told(completion.getAsBoolean());
        }
    }

    /**
     * Has the operation go on behind a wait: on the thread that waits for this future, if there is one and nobody else depends on it,
     * or else on the executor. On one core that saves every other change of threads.
     */
    void resume(Continuations.Task task) {
        Joiner waiting = getNumberOfDependents() == 0 ? (Joiner) JOINER.getAndSet(this, null) : null;
        if (waiting == null) {
            continuations.run(task);
        } else {
            waiting.hand(task);
        }
    }

    @Override
    public T join() {
        help(null);
        return super.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        help(null);
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        long deadline = System.nanoTime() + unit.toNanos(timeout);
        help(deadline);
        return super.get(isDone() ? 0 : deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    /** Waits, and does what {@link #resume} hands over. Returns early where it is for the JDK's own waiting to say what happens. */
    private void help(@Nullable Long deadline) {
        while (operation != NO_OPERATION && !isDone()) {
            Joiner mine = new Joiner(this, deadline);
            if (!JOINER.compareAndSet(this, null, mine)) {
                return; // somebody else helps
            }
            try {
                mine.await();
            } catch (Throwable e) { // a ForkJoinPool that can't have one more thread
                if (!JOINER.compareAndSet(this, mine, null)) {
                    continuations.run(mine.handed());
                }
                throw e;
            }
            if (JOINER.compareAndSet(this, mine, null)) {
                return; // done, interrupted or too late
            }
            helping = mine.thread;
            mine.handed().run();
            helping = null;
        }
    }

    private boolean told(boolean completed) {
        Joiner waiting = joiner;
        if (waiting != null) {
            LockSupport.unpark(waiting.thread);
        }
        return completed;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return operation.withdraw() ? told(super.cancel(mayInterruptIfRunning)) : isCancelled();
    }

    @Override
    public boolean complete(T value) {
        return operation.withdraw() && told(super.complete(value));
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        Objects.requireNonNull(failure);
        return operation.withdraw() && told(super.completeExceptionally(failure));
    }

    @Override
    public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
        Objects.requireNonNull(supplier);
        executor.execute(() -> {
            if (!isDone()) {
                try {
                    complete(supplier.get());
                } catch (Throwable e) {
                    completeExceptionally(new CompletionException(e));
                }
            }
        });
        return this;
    }

    @Override
    public void obtrudeValue(T value) {
        operation.withdraw();
        super.obtrudeValue(value);
        told(true);
    }

    @Override
    public void obtrudeException(Throwable failure) {
        Objects.requireNonNull(failure);
        operation.withdraw();
        super.obtrudeException(failure);
        told(true);
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new PipeFuture<>(continuations, NO_OPERATION);
    }

    @Override
    public Executor defaultExecutor() {
        return continuations.executor();
    }

    /**
     * A thread in {@link #join} or {@link #get}.
     *
     * <pre>
     *     the future's joiner:   none ── help ──► this ── resume: handed over, and run ──► none
     *                                               └─── done, interrupted, too late ─────► none
     * </pre>
     */
    private static final class Joiner implements ForkJoinPool.ManagedBlocker {
        private final Thread thread = Thread.currentThread();
        private final CompletableFuture<?> future;
        private final @Nullable Long deadline; // of System.nanoTime
        private volatile Continuations.@Nullable Task task;

        Joiner(CompletableFuture<?> future, @Nullable Long deadline) {
            this.future = future;
            this.deadline = deadline;
        }

        void hand(Continuations.Task handed) {
            task = handed;
            LockSupport.unpark(thread);
        }

        /** What {@link #hand} brings, which has begun already. */
        Continuations.Task handed() {
            Continuations.Task handed;
            while ((handed = task) == null) {
                Thread.onSpinWait();
            }
            return handed;
        }

        void await() {
            try {
                ForkJoinPool.managedBlock(this);
            } catch (InterruptedException e) {
                throw new AssertionError(e); // block() throws none
            }
        }

        @Override
        public boolean isReleasable() {
            return task != null || future.isDone() || thread.isInterrupted() || deadline != null && left() <= 0;
        }

        @Override
        public boolean block() {
            if (deadline == null) {
                LockSupport.park(future);
            } else {
                LockSupport.parkNanos(future, left());
            }
            return isReleasable();
        }

        private long left() {
            return deadline - System.nanoTime();
        }
    }
}
