package dev.aiopipe.engine.read;

import dev.aiopipe.engine.loop.Readiness;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import org.jspecify.annotations.Nullable;

/**
 * Reads that belong together: while the transaction is open, only its own reads get the input. They can be undone,
 * unless the transaction was begun without roll-back, as that of a transfer is.
 *
 * <pre>
 *     open ── commit ────► over: the bytes are taken
 *      ├───── rollBack ──► over: the bytes are readable again
 *      └───── the outer transaction is over first: so is this one
 * </pre>
 *
 * <p>Transactions nest. The innermost open one reads; when it is over, the outer one does. The outermost one decides in
 * the end: what an inner one has committed comes back when the outer one is rolled back.
 */
public final class ReadTransaction implements ExclusiveReader {
    private static final int NO_LIMIT = -1;

    private final Input input;
    private final @Nullable ReadTransaction outer;

    /** Whether this transaction or an outer one can be rolled back, so that the buffer retains the bytes. */
    private final boolean retains;

    /** How much stays taken after a roll-back. Set once, while the slot is BUSY. */
    private int mark;

    /** Whether the line end before the transaction was open; see {@link InputBuffer#isNewlinePending}. */
    private boolean newlinePending;

    private int newlinesDropped;

    private volatile boolean over;

    private ReadTransaction(Input input, @Nullable ReadTransaction outer, boolean retains) {
        this.input = input;
        this.outer = outer;
        this.retains = retains || (outer != null && outer.retains);
    }

    /**
     * Begins a transaction that can be rolled back.
     *
     * @param outer the open transaction that this one is nested in, or null
     * @param limit how many bytes the outermost transaction may take. A read beyond it throws
     *     {@link dev.aiopipe.LimitExceededException}
     * @throws ReadPendingException if a read is under way, or another transaction is the innermost open one
     * @throws ClosedChannelException if the input is closed
     */
    public static ReadTransaction begin(Input input, @Nullable ReadTransaction outer, int limit)
            throws ClosedChannelException {
        return new ReadTransaction(input, outer, true).begin(limit);
    }

    /** Begins a transaction that can't be rolled back; else as {@link #begin}. */
    public static ReadTransaction beginWithoutRollback(Input input, @Nullable ReadTransaction outer)
            throws ClosedChannelException {
        return new ReadTransaction(input, outer, false).begin(NO_LIMIT);
    }

    private ReadTransaction begin(int limit) throws ClosedChannelException {
        input.acquire(outer);
        try {
            if (retains && (outer == null || !outer.retains)) {
                input.buffer.retain(limit);
            }
            mark = limit == NO_LIMIT ? Integer.MAX_VALUE : input.buffer.retained();
            newlinePending = input.buffer.isNewlinePending();
            newlinesDropped = input.buffer.newlinesDropped();
            input.exclusive = this;
        } finally {
            input.slot = input.exclusive;
        }
        return this;
    }

    /** Ends this. The bytes that its reads took are taken, unless an outer transaction is rolled back. */
    public void commit() {
        end(Integer.MAX_VALUE);
    }

    /** Ends this. The bytes that its reads took are readable again, unless it was begun without roll-back. */
    public void rollBack() {
        end(mark);
    }

    /** Whether this or an outer transaction can be rolled back, so that the bytes have to be kept here. */
    public boolean retains() {
        return retains;
    }

    /** Whether this was ended. The end of an outer transaction does not count. */
    public boolean isOver() {
        return over;
    }

    /**
     * Ends this and those within it, and wakes a read that still waits on its behalf: the next attempt of that read
     * fails.
     */
    private void end(int keep) {
        over = true;
        Object holder = input.seize();
        if (!isAround(input.exclusive)) {
            input.slot = holder;
            return;
        }
        try {
            input.settle(keep, outer == null || !outer.retains);
            if (keep != Integer.MAX_VALUE) {
                boolean isDropped = newlinesDropped != input.buffer.newlinesDropped();
                input.buffer.setNewlinePending(newlinePending && !isDropped);
            }
        } finally {
            input.exclusive = outer;
            input.slot = outer;
        }
        if (holder instanceof Readiness.Waiter waiter && input.readiness.cancel(waiter)) {
            waiter.wake();
        }
    }

    private boolean isAround(@Nullable ExclusiveReader reader) {
        ExclusiveReader current = reader;
        while (current != this && current instanceof ReadTransaction inner) {
            current = inner.outer;
        }
        return current == this;
    }
}
