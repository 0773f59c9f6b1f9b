package dev.aiopipe.engine.splice;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.InputBuffer;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadTransaction;
import dev.aiopipe.engine.support.Threads;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes from an input to an output within the kernel, as long as that is all there is to do.
 *
 * <pre>
 *                 ┌───────────────── the turn is over ──────────────────┐
 *                 ▼                                                     │
 *     begin ──► MOVING: a message waits for its turn, and for room, and moves bytes
 *                 ▲  │                                                  │
 *     input came  │  │ the input is empty            anything else: ────┴──► DONE
 *                 │  ▼                               a read and a write find out what there is
 *               WAITING: a read of nothing has the read slot ── closed ───► DONE
 *
 *     any ── cancel ──► DONE
 * </pre>
 *
 * <p>The bytes of one turn are a {@link Message} to the output: they come after those of earlier messages, owed ones
 * among them, and no others come between them. A splice moves each byte or leaves it, so nothing is ever owed here. It
 * runs as a {@link ReadOp} of the transfer's transaction. So no other read takes bytes meanwhile, and none is moved
 * once the transaction is over.
 *
 * <p>The steps run on the thread that begins, and later on those of the loops. They do not block. After a turn of
 * {@value #SPLICES_PER_TURN} splices other messages and other streams have theirs.
 */
public final class SpliceRun {
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

    /** The two descriptors: those of pipes, or the script of a test. */
    interface Copies {
        /**
         * Makes the descriptors, to be {@linkplain #giveBack given back} if this returns true.
         *
         * @return false if one of the streams is closed
         * @throws IOException if one can't be made; then there is none
         */
        boolean lend() throws IOException;

        /** Moves bytes, as {@link DescriptorCopy#spliceTo}. */
        long splice(long count);

        /** Closes both descriptors. */
        void giveBack() throws IOException;
    }

    /** With pipes of the usual capacity that is 1 MiB at most. */
    private static final int SPLICES_PER_TURN = 16;

    /** What a turn has found. */
    private enum Found {
        /** There may be more to move. */
        MORE,

        /** The input has nothing now. */
        EMPTY,

        /** The output has no room now. */
        FULL,

        /** The transfer has moved its count, or a read and a write have to find out what there is. */
        OTHER
    }

    private final Input input;
    private final ReadTransaction transaction;
    private final Output output;
    private final Copies copies;
    private final long count;

    /** Looks for input without taking or buffering any: the bytes shall stay in the kernel. */
    private final ReadOp<Boolean> look = ReadOp.look(nothingWanted(in -> in.isBypassable() ? ReadOp.MORE : true));

    /** Ends a look: gives a value at once. */
    private final ReadOp<Boolean> looked = ReadOp.look(nothingWanted(in -> true));

    private final ReadOp<Found> turn = ReadOp.look(nothingWanted(this::splice));

    private final Readiness.Waiter waiter = this::news;
    private final AtomicInteger news = new AtomicInteger();
    private @Nullable Listener listener;

    // These four belong to the message that is sending, under the lock of the output, and then to the next step.
    private long moved;
    private Found found = Found.MORE;
    private boolean yields;
    private @Nullable Throwable messageFailure;

    @GuardedBy("this")
    private boolean done;

    @GuardedBy("this")
    private boolean waiting;

    @GuardedBy("this")
    private @Nullable Message message;

    private SpliceRun(Input input, ReadTransaction transaction, Output output, Copies copies, long count) {
        this.input = input;
        this.transaction = transaction;
        this.output = output;
        this.copies = copies;
        this.count = count;
    }

    /** Returns null if the descriptors can't be copied. */
    static @Nullable SpliceRun of(Input input, ReadTransaction transaction, Output output, Copies copies, long count) {
        try {
            return copies.lend() ? new SpliceRun(input, transaction, output, copies, count) : null;
        } catch (IOException e) {
            // There are no descriptors left, for example. The transfer does without.
            return null;
        }
    }

    private static <T> ReadOp<T> nothingWanted(ReadOp<T> op) {
        return op.wanting(in -> 0);
    }

    /** Begins. Must be called, or {@link #cancel}. */
    public void begin(Listener interested) {
        listener = interested;
        news();
    }

    /**
     * Ends this, unless it is done. When this returns nothing is moved any more, and the read slot is free. The
     * listener is not called, unless that has begun already.
     */
    public void cancel() {
        Message offered;
        synchronized (this) {
            if (done) {
                return;
            }
            done = true;
            offered = message;
        }
        if (offered != null) {
            output.cancel(offered);
        }
        input.abandon(waiter);
        giveBack();
    }

    /** Runs a step for each event, one at a time, and none within another. */
    private void news() {
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
        Threads.rethrow(messageFailure);
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
            } else if (!isSent()) {
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

    /** Offers a message that moves bytes. Returns false if it waits. */
    @GuardedBy("this")
    private boolean isSent() throws IOException {
        Message next = Message.of(this::move);
        message = next;
        boolean sent;
        try {
            sent = output.offer(next);
        } catch (ClosedChannelException e) {
            // That is a failure only if there are more bytes, which a read tells.
            found = Found.OTHER;
            sent = true;
        }
        if (!sent) {
            output.await(next, this::sent);
        }
        return sent;
    }

    private void sent(@Nullable Throwable failure) {
        messageFailure = failure;
        news();
    }

    /** Moves the bytes of one turn. Returns false if the output has no room, or other streams go first. */
    private boolean move() {
        if (yields) {
            yields = false;
            return false;
        }
        Object value;
        try {
            value = input.start(turn, transaction);
        } catch (IOException | IllegalStateException e) {
            // As above.
            value = Found.OTHER;
        }
        found = (Found) Objects.requireNonNull(value);
        yields = found == Found.MORE;
        return found != Found.FULL;
    }

    private Found splice(InputBuffer in) {
        if (!in.isBypassable()) {
            return Found.OTHER;
        }
        for (int i = 0; i < SPLICES_PER_TURN && moved < count; i++) {
            long result = copies.splice(count - moved);
            if (result == DescriptorCopy.EMPTY) {
                return Found.EMPTY;
            } else if (result == DescriptorCopy.FULL) {
                return Found.FULL;
            } else if (result == 0) {
                return Found.OTHER;
            } else if (result > 0) {
                moved += result;
            }
        }
        return moved == count ? Found.OTHER : Found.MORE;
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
