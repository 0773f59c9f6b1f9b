package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.ReadTransaction;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The reads of one {@link ReadTransaction}: of an atomically block or a transfer. Scopes nest as their transactions do;
 * the outermost one is the root. All reads of the scopes of one root, and the beginnings and ends of these scopes,
 * happen under the root's monitor.
 */
class ReadScope {
    private final @Nullable ReadScope outer;

    /** Guarded by the root, as all fields are. Null before {@link #begin}. */
    private @Nullable ReadTransaction transaction;

    /** Of the root: the task that has the read slot. */
    private @Nullable ReadTask waiting;

    ReadScope(@Nullable ReadScope outer) {
        this.outer = outer;
    }

    final ReadScope root() {
        return outer == null ? this : outer.root();
    }

    /**
     * Begins the transaction.
     *
     * @param canRollBack whether the reads can be undone; then they may take as much as a line
     * @throws IllegalStateException if the outer scope has ended
     * @throws ReadPendingException if another read is under way, or another scope than the outer one has the reader
     * @throws ClosedChannelException if the reader is closed
     */
    final void begin(ReaderCore core, boolean canRollBack) throws ClosedChannelException {
        synchronized (root()) {
            ReadTransaction around = outer == null ? null : outer.requireOpen();
            transaction = canRollBack
                    ? ReadTransaction.begin(core.input, around, core.ops.maxLineBytes())
                    : ReadTransaction.beginWithoutRollback(core.input, around);
        }
    }

    /** Ends the transaction. No task waits in it, so the engine wakes nobody under the monitor. */
    final void end(boolean commit) {
        synchronized (root()) {
            ReadTransaction ending = Objects.requireNonNull(transaction);
            if (commit) {
                ending.commit();
            } else {
                ending.rollBack();
            }
        }
    }

    /** Whether this scope was ended. The end of an outer one does not count. */
    final boolean isOver() {
        return transaction != null && transaction.isOver();
    }

    /**
     * Returns the transaction.
     *
     * @throws IllegalStateException if this scope or an outer one has ended
     */
    final ReadTransaction requireOpen() {
        if (!isOpen()) {
            throw new IllegalStateException("the block that this reader belongs to has ended");
        }
        return Objects.requireNonNull(transaction);
    }

    private boolean isOpen() {
        return !isOver() && (outer == null || outer.isOpen());
    }

    /** Called when a task of this scope has the read slot. */
    final void waits(ReadTask task) {
        root().waiting = task;
    }

    /** Called when a task no longer has the read slot. */
    final void left(ReadTask task) {
        ReadScope root = root();
        if (root.waiting == task) {
            root.waiting = null;
        }
    }

    /** Returns the task that has the read slot, if it belongs to this scope or to one within it. */
    final @Nullable ReadTask waiting() {
        ReadTask task = root().waiting;
        return task != null && task.isOf(this) ? task : null;
    }

    final boolean isWithin(ReadScope other) {
        return this == other || (outer != null && outer.isWithin(other));
    }
}
