package dev.aiopipe.jvm.internal.future;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread in {@code join} or {@code get} of a {@link PipeFuture}. It runs what the operation of the future does after
 * a wait; and what else the executor ought to have begun, see {@link CallbackExecutor#takeOverdue}.
 *
 * <pre>
 *     IDLE ── hand: a claim ──► the claim ── the thread takes it ──► BUSY ── the task has run ──► IDLE
 *      │                            └─────── leave: the executor gets it ──► BUSY
 *      └── another task, or leave ──► BUSY                (hand is refused while BUSY)
 * </pre>
 */
final class Joiner implements ForkJoinPool.ManagedBlocker {
    private static final Claim BUSY = new Claim(new CallbackExecutor.Task() {
        @Override
        public void run() {
            throw new AssertionError("is only a mark");
        }

        @Override
        public void refused(Throwable why) {
            throw new AssertionError("is only a mark", why);
        }
    });

    private final Thread thread = Thread.currentThread();
    private final PipeFuture<?> future;
    private final CallbackExecutor callbacks;
    private final AtomicReference<@Nullable Claim> handed = new AtomicReference<>(); // null is IDLE
    private long deadline; // of System.nanoTime
    private boolean timed;

    Joiner(PipeFuture<?> future, CallbackExecutor callbacks) {
        this.future = future;
        this.callbacks = callbacks;
    }

    Thread thread() {
        return thread;
    }

    /** Has the thread run a claim that the executor does not get. False if the thread is busy. */
    boolean hand(Claim claim) {
        boolean idle = handed.compareAndSet(null, claim);
        if (idle) {
            LockSupport.unpark(thread);
        }
        return idle;
    }

    /** The thread waits no more. */
    void leave() {
        Claim claim = handed.getAndSet(BUSY);
        if (claim != null && claim != BUSY) {
            callbacks.run(claim);
        }
    }

    /**
     * Waits for the future.
     *
     * @param nanos for how long, {@link Long#MAX_VALUE} for ever
     * @return false if the thread was interrupted, or the time is over
     */
    boolean await(long nanos) {
        timed = nanos < Long.MAX_VALUE;
        deadline = System.nanoTime() + nanos;
        handed.compareAndSet(BUSY, null); // of an await before
        while (!future.isDone()) {
            if (runHanded() || runOverdue()) {
                continue;
            } else if (isOver() && handed.compareAndSet(null, BUSY)) {
                return false;
            }
            try {
                ForkJoinPool.managedBlock(this);
            } catch (InterruptedException e) {
                throw new AssertionError(e); // block() throws none
            }
        }
        return true;
    }

    private boolean runHanded() {
        Claim claim = handed.getAndSet(BUSY);
        claim = claim == null ? future.resumption() : claim;
        try {
            CallbackExecutor.Task task = claim == null ? null : callbacks.take(claim);
            if (task != null) {
                future.help(task);
            }
            return task != null;
        } finally {
            handed.set(null);
        }
    }

    private boolean runOverdue() {
        if (!handed.compareAndSet(null, BUSY)) {
            return true; // look at that first
        }
        try {
            CallbackExecutor.Task task = callbacks.takeOverdue();
            if (task != null) {
                task.run();
            }
            return task != null;
        } finally {
            handed.set(null);
        }
    }

    private boolean isOver() {
        return thread.isInterrupted() || (timed && deadline - System.nanoTime() <= 0);
    }

    @Override
    public boolean isReleasable() {
        return handed.get() != null || future.isDone() || future.resumption() != null || isOver();
    }

    /** Parks once: a task may be overdue then. */
    @Override
    public boolean block() {
        if (timed) {
            LockSupport.parkNanos(future, deadline - System.nanoTime());
        } else {
            LockSupport.park(future);
        }
        return true;
    }
}
