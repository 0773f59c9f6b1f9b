package dev.aiopipe.engine.splice;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadTransaction;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes of an input within the kernel, as long as that is all there is to do.
 *
 * <pre>
 *                 ┌───────────────── the turn is over ──────────────────┐
 *                 ▼                                                     │
 *     begin ──► MOVING: messages wait for their turn, and for room, and move bytes
 *                 ▲  │                                                  │
 *     input came  │  │ the input is empty            anything else: ────┴──► DONE
 *                 │  ▼                               a read and a write find out what there is
 *               WAITING: a read of nothing has the read slot ── closed ───► DONE
 *
 *     any ── cancel ──► DONE
 * </pre>
 *
 * <p>The bytes move in a {@link ReadOp} of the transfer's transaction. So no other read takes bytes meanwhile, and none
 * is moved once the transaction is over.
 *
 * <p>The steps run on the thread that begins, and later on those of the loops. They do not block.
 */
public abstract sealed class KernelRun permits SpliceRun, TeeRun {
    /** Receives the end of a run that was not cancelled. */
    public interface Listener {
        /**
         * Called once, on any thread, outside of locks.
         *
         * @param moved how many bytes were moved
         * @param failure null if the transfer goes on with a read and a write, or has moved its count
         */
        void done(long moved, @Nullable Throwable failure);
    }

    /** The descriptors: those of pipes, or the script of a test. */
    interface Copies {
        /**
         * Makes the descriptors, to be {@linkplain #giveBack given back} if this returns true.
         *
         * @return false if one of the streams is closed
         * @throws IOException if one can't be made; then there is none
         */
        boolean lend() throws IOException;

        /** Closes all descriptors. */
        void giveBack() throws IOException;
    }

    /** What a turn has found. */
    enum Found {
        /** There may be more to move. */
        MORE,

        /** The input has nothing now. */
        EMPTY,

        /** An output has no room now. */
        FULL,

        /** The transfer has moved its count, or a read and a write have to find out what there is. */
        OTHER
    }

    final Input input;
    final ReadTransaction transaction;
    private final Copies copies;

    /** Looks for input without taking or buffering any: the bytes shall stay in the kernel. */
    private final ReadOp<Boolean> look = ReadOp.look(nothingWanted(in -> in.isBypassable() ? ReadOp.MORE : true));

    /** Ends a look: gives a value at once. */
    private final ReadOp<Boolean> looked = ReadOp.look(nothingWanted(in -> true));

    private final Readiness.Waiter waiter = this::news;
    private final AtomicInteger news = new AtomicInteger();
    private @Nullable Listener listener;

    // These three belong to the turn, until it reports its end by news, and then to the next step.
    long moved;
    Found found = Found.MORE;

    @Nullable
    Throwable turnFailure;

    @GuardedBy("this")
    private boolean done;

    @GuardedBy("this")
    private boolean waiting;

    KernelRun(Input input, ReadTransaction transaction, Copies copies) {
        this.input = input;
        this.transaction = transaction;
        this.copies = copies;
    }

    /** Returns false if the descriptors can't be copied. */
    static boolean lend(Copies copies) {
        try {
            return copies.lend();
        } catch (IOException e) {
            // There are no descriptors left, for example. The transfer does without.
            return false;
        }
    }

    static <T> ReadOp<T> nothingWanted(ReadOp<T> op) {
        return op.wanting(in -> 0);
    }

    /** Begins. Must be called, or {@link #cancel}. */
    public final void begin(Listener interested) {
        listener = interested;
        news();
    }

    /**
     * Ends this, unless it is done. When this returns nothing is moved any more, and the read slot is free. The
     * listener is not called, unless that has begun already.
     */
    public final void cancel() {
        synchronized (this) {
            if (done) {
                return;
            }
            done = true;
        }
        cancelTurn();
        input.abandon(waiter);
        giveBack();
    }

    /**
     * Begins to move the bytes of one turn.
     *
     * @return false if {@link #news} reports the end of the turn later, or has done so
     */
    @GuardedBy("this")
    abstract boolean turn() throws IOException;

    /** Gives up what {@link #turn} has begun. Called when no other turn follows. */
    abstract void cancelTurn();

    /** Runs a step for each event, one at a time, and none within another. */
    final void news() {
        if (news.getAndIncrement() == 0) {
            do {
                step();
            } while (news.decrementAndGet() > 0);
        }
    }

    private void step() {
        Throwable failure = null;
        try {
            if (goesOn()) {
                return;
            }
        } catch (Throwable e) {
            failure = e;
        }
        end(failure);
    }

    /** Does what is next. Returns false if there is nothing to do any more. */
    private synchronized boolean goesOn() throws IOException {
        if (done) {
            return true;
        }
        Threads.rethrow(turnFailure);
        if (waiting) {
            waiting = false;
            input.proceed(waiter, looked);
            found = Found.MORE;
        }
        while (true) {
            if (found == Found.EMPTY && awaitsInput()) {
                return true;
            } else if (found == Found.OTHER) {
                return false;
            } else if (!turn()) {
                return true;
            }
        }
    }

    /** Begins to wait for input. Returns false if there may be some by now. */
    @GuardedBy("this")
    private boolean awaitsInput() throws IOException {
        found = Found.MORE;
        try {
            if (input.start(look, transaction) != ReadOp.MORE) {
                return false;
            }
        } catch (IOException | IllegalStateException e) {
            // The input is closed, or the transaction is over: the next read fails for the same reason.
            found = Found.OTHER;
            return false;
        }
        waiting = input.await(waiter);
        if (!waiting) {
            input.proceed(waiter, looked);
        }
        return waiting;
    }

    /** Runs a part of a turn that has the read slot. */
    final Found read(ReadOp<Found> op) {
        try {
            return (Found) Objects.requireNonNull(input.start(op, transaction));
        } catch (IOException | IllegalStateException e) {
            // As above.
            return Found.OTHER;
        }
    }

    /** Returns what a result of {@link DescriptorCopy} means that is not a count of moved bytes. */
    static Found whyNone(long result) {
        if (result == DescriptorCopy.EMPTY) {
            return Found.EMPTY;
        } else if (result == DescriptorCopy.FULL) {
            return Found.FULL;
        }
        return result == DescriptorCopy.AGAIN ? Found.MORE : Found.OTHER;
    }

    private void end(@Nullable Throwable failure) {
        synchronized (this) {
            if (done) {
                return;
            }
            done = true;
        }
        giveBack();
        Objects.requireNonNull(listener).done(moved, failure);
    }

    private void giveBack() {
        try {
            copies.giveBack();
        } catch (IOException e) {
            Threads.report(e); // of the copies alone; the streams are as they were
        }
    }
}
