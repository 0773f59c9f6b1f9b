package dev.aiopipe.jvm.internal.future;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A task that several threads may run and one does: a thread of the executor, or a thread that waits for what the task
 * brings.
 *
 * <pre>
 *     WAITING ── take: the caller runs the task ──► BEGUN
 * </pre>
 */
public final class Claim {
    private static final VarHandle TASK;

    static {
        try {
            TASK = MethodHandles.lookup().findVarHandle(Claim.class, "task", CallbackExecutor.Task.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long since = System.nanoTime();
    private volatile CallbackExecutor.@Nullable Task task; // null once it has begun

    Claim(CallbackExecutor.Task task) {
        this.task = task;
    }

    /** Returns the task to the first caller, who has to run it; null to all others. */
    CallbackExecutor.@Nullable Task take() {
        return (CallbackExecutor.Task) TASK.getAndSet(this, null);
    }

    public boolean hasBegun() {
        return task == null;
    }

    /** How long the executor has had this, in nanoseconds. */
    public long age() {
        return System.nanoTime() - since;
    }
}
