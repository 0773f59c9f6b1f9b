package dev.aiopipe.jvm.internal.future;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The future of an operation on a stream. The operation and whoever else may complete a future race for it, and who
 * loses has done nothing:
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
 * <p>The state is the operation's, see {@link Operation#withdraw}. Every public method that completes a future asks it
 * first; futures that depend on this one have no operation, so that to complete them means no more than it does
 * elsewhere.
 *
 * <p>A thread that waits in {@code join} or {@code get} runs what the operation does after a wait, see {@link #resume}
 * and {@link Joiner}. It never waits as the JDK's futures do: there it would run the functions of dependents, which are
 * the executor's.
 *
 * @param <T> what it completes with
 */
public final class PipeFuture<T extends @Nullable Object> extends CompletableFuture<T> {
    /** The operation that completes a future. */
    public interface Operation {
        /**
         * Ends the operation without an outcome, unless it has one. May wait for a step of it that is under way, which
         * never blocks for long.
         *
         * @return true if it has not taken or sent anything, or owes the rest, and won't do anything more; false if its
         *     outcome is decided, or was withdrawn before
         */
        boolean withdraw();
    }

    static final Operation NO_OPERATION = () -> true;

    private static final Object WITHDRAWN = "withdrawn";
    private static final Object DECIDED = "decided";
    private static final VarHandle WITHDRAWING;
    private static final VarHandle JOINERS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            WITHDRAWING = lookup.findVarHandle(PipeFuture.class, "withdrawing", Object.class);
            JOINERS = lookup.findVarHandle(PipeFuture.class, "joiners", Queue.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final CallbackExecutor callbacks;
    private final Operation operation;
    private volatile @Nullable Object withdrawing; // the thread that asks the operation, then the answer
    private volatile @Nullable Queue<Joiner> joiners; // threads that wait
    private volatile @Nullable Claim resumption;
    private @Nullable Thread helping; // lets a thread see whether that is itself

    public PipeFuture(CallbackExecutor callbacks, Operation operation) {
        this.callbacks = callbacks;
        this.operation = operation;
    }

    /** For the operation, once its outcome is decided. */
    public void succeed(@Nullable T value) {
        decided(() -> super.complete(value));
    }

    /** For the operation, once its outcome is decided. */
    public void fail(Throwable failure) {
        decided(() -> super.completeExceptionally(failure));
    }

    /**
     * For the operation, once its outcome is decided on a thread of the engine: completes this as {@link #resume} runs
     * a task, or on this thread if the executor refuses.
     */
    public void settle(@Nullable T value, @Nullable Throwable failure) {
        resume(new CallbackExecutor.Task() {
            @Override
            public void run() {
                settleHere(value, failure);
            }

            @Override
            public void refused(Throwable why) {
                run();
            }
        });
    }

    /** For the operation, once its outcome is decided: completes this on this thread. */
    public void settleHere(@Nullable T value, @Nullable Throwable failure) {
        if (failure == null) {
            succeed(value);
        } else {
            fail(failure);
        }
    }

    /** Runs dependents that came while a joining thread worked for this on the executor all the same. */
    private void decided(BooleanSupplier completion) {
        if (helping == Thread.currentThread() && hasDependents()) {
            callbacks.runAnyway(() -> wakeJoiners(completion.getAsBoolean()));
        } else {
            wakeJoiners(completion.getAsBoolean());
        }
    }

    /**
     * Has the operation go on after a wait: on a thread that waits for this future, if there is one and nobody else
     * depends on it, or else on the executor. On one core that saves every other change of threads. A thread that comes
     * to wait before the executor has begun takes the task over.
     *
     * @param task runs no code of the user's but what depends on this future
     */
    public void resume(CallbackExecutor.Task task) {
        Claim claim = new Claim(task);
        resumption = claim;
        if (hasDependents() || !hand(claim)) {
            callbacks.run(claim);
        }
    }

    /**
     * As {@link #resume} for an operation of many steps: the executor gets each of them, and may refuse. A thread that
     * waits for this may still be quicker.
     */
    public void resumeByExecutor(CallbackExecutor.Task task) {
        Claim claim = new Claim(task);
        callbacks.run(claim);
        resumption = claim;
        if (!claim.hasBegun()) {
            wakeJoiners(false);
        }
    }

    private boolean hand(Claim claim) {
        Queue<Joiner> waiting = joiners;
        return waiting != null && waiting.stream().anyMatch(joiner -> joiner.hand(claim));
    }

    /** Whether there may be functions of the user's that run when this is done. */
    private boolean hasDependents() {
        return getNumberOfDependents() > 0;
    }

    @Override
    public T join() {
        if (!isDone()) {
            boolean interrupted = false;
            Joiner joiner = enter();
            try {
                while (!joiner.await(Long.MAX_VALUE)) {
                    interrupted |= Thread.interrupted();
                }
            } finally {
                leave(joiner);
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        return super.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        if (!isDone() && !awaitInterruptibly(Long.MAX_VALUE)) {
            Thread.interrupted();
            throw new InterruptedException();
        }
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        long nanos = unit.toNanos(timeout);
        if (!isDone() && (nanos <= 0 || !awaitInterruptibly(nanos))) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw new TimeoutException();
        }
        return super.get();
    }

    /** Returns whether this is done; if not, the thread was interrupted, or the time is over. */
    private boolean awaitInterruptibly(long nanos) {
        Joiner joiner = enter();
        try {
            return joiner.await(nanos);
        } finally {
            leave(joiner);
        }
    }

    private Joiner enter() {
        Queue<Joiner> queue = joiners;
        if (queue == null) {
            Queue<Joiner> created = new ConcurrentLinkedQueue<>();
            boolean first = JOINERS.compareAndSet(this, null, created);
            if (first && operation == NO_OPERATION) { // its completion does not come by a method of this class
                super.whenComplete((value, failure) -> wakeJoiners(true));
            }
            queue = Objects.requireNonNull(joiners);
        }
        Joiner joiner = new Joiner(this, callbacks);
        queue.add(joiner);
        callbacks.enter(joiner);
        return joiner;
    }

    private void leave(Joiner joiner) {
        callbacks.leave(joiner);
        Objects.requireNonNull(joiners).remove(joiner);
        joiner.leave();
    }

    /** Wakes the threads that wait, so that they look. Returns its argument. */
    private boolean wakeJoiners(boolean completed) {
        Queue<Joiner> waiting = joiners;
        if (waiting != null) {
            waiting.forEach(joiner -> LockSupport.unpark(joiner.thread()));
        }
        return completed;
    }

    /** Returns what {@link #resume} has given to the executor, if it may run on a thread that waits for this. */
    @Nullable
    Claim resumption() {
        Claim claim = resumption;
        return claim == null || claim.hasBegun() || hasDependents() ? null : claim;
    }

    /** Runs a resumption on a thread that waits for this. */
    void help(Runnable task) {
        helping = Thread.currentThread();
        try {
            task.run();
        } finally {
            helping = null;
        }
    }

    /**
     * Withdraws the operation for a method that completes this.
     *
     * @return false if that method is too late. Then this is done, or its outcome is decided
     */
    private boolean withdraw() {
        if (operation == NO_OPERATION) {
            return true;
        } else if (isDone()) {
            return false;
        }
        Thread current = Thread.currentThread();
        if (WITHDRAWING.compareAndSet(this, null, current)) {
            Object answer = DECIDED;
            try {
                if (operation.withdraw()) {
                    answer = WITHDRAWN;
                }
            } finally {
                withdrawing = answer;
            }
            return answer == WITHDRAWN;
        }
        while ((withdrawing instanceof Thread other && other != current) || (withdrawing == WITHDRAWN && !isDone())) {
            Thread.onSpinWait(); // another thread completes this at once
        }
        return false;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return withdraw() ? wakeJoiners(super.cancel(mayInterruptIfRunning)) : isCancelled();
    }

    @Override
    public boolean complete(T value) {
        return withdraw() && wakeJoiners(super.complete(value));
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        Objects.requireNonNull(failure);
        return withdraw() && wakeJoiners(super.completeExceptionally(failure));
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
        withdraw();
        super.obtrudeValue(value);
        wakeJoiners(true);
    }

    @Override
    public void obtrudeException(Throwable failure) {
        Objects.requireNonNull(failure);
        withdraw();
        super.obtrudeException(failure);
        wakeJoiners(true);
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new PipeFuture<>(callbacks, NO_OPERATION);
    }

    @Override
    public Executor defaultExecutor() {
        return callbacks.executor();
    }
}
