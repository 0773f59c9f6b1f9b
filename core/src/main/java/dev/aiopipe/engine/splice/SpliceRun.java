package dev.aiopipe.engine.splice;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.InputBuffer;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadTransaction;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes to one output.
 *
 * <p>The bytes of one turn are a {@link Message} to the output: they come after those of earlier messages, owed ones
 * among them, and no others come between them. A splice moves each byte or leaves it, so nothing is ever owed here.
 * After a turn of {@value #SPLICES_PER_TURN} splices other messages and other streams have theirs.
 */
final class SpliceRun extends KernelRun {
    /** The two descriptors. */
    interface Copies extends KernelRun.Copies {
        /** Moves bytes, as {@link DescriptorCopy#spliceTo}. */
        long splice(long count);
    }

    /** With pipes of the usual capacity that is 1 MiB at most. */
    private static final int SPLICES_PER_TURN = 16;

    private final Output output;
    private final Copies copies;
    private final long count;
    private final ReadOp<Found> splices = ReadOp.look(nothingWanted(this::splice));

    /** Belongs to the message that is sending, under the lock of the output. */
    private boolean yields;

    @GuardedBy("this")
    private @Nullable Message message;

    private SpliceRun(Input input, ReadTransaction transaction, Output output, Copies copies, long count) {
        super(input, transaction, copies);
        this.output = output;
        this.copies = copies;
        this.count = count;
    }

    /** Returns null if the descriptors can't be copied. */
    static @Nullable SpliceRun of(Input input, ReadTransaction transaction, Output output, Copies copies, long count) {
        return lend(copies) ? new SpliceRun(input, transaction, output, copies, count) : null;
    }

    /** Offers a message that moves bytes. Returns false if it waits. */
    @Override
    @GuardedBy("this")
    boolean turn() throws IOException {
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
        turnFailure = failure;
        news();
    }

    /** Moves the bytes of one turn. Returns false if the output has no room, or other streams go first. */
    private boolean move() {
        if (yields) {
            yields = false;
            return false;
        }
        found = read(splices);
        yields = found == Found.MORE;
        return found != Found.FULL;
    }

    private Found splice(InputBuffer in) {
        if (!in.isBypassable()) {
            return Found.OTHER;
        }
        for (int i = 0; i < SPLICES_PER_TURN && moved < count; i++) {
            long result = copies.splice(count - moved);
            if (result > 0) {
                moved += result;
            } else if (whyNone(result) != Found.MORE) {
                return whyNone(result);
            }
        }
        return moved == count ? Found.OTHER : Found.MORE;
    }

    @Override
    void cancelTurn() {
        Message offered;
        synchronized (this) {
            offered = message;
        }
        if (offered != null) {
            output.cancel(offered);
        }
    }
}
