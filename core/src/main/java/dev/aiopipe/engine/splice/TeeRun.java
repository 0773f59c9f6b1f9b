package dev.aiopipe.engine.splice;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.InputBuffer;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadTransaction;
import dev.aiopipe.engine.support.ChunkSize;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.TeeWrite;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings the same bytes to several outputs.
 *
 * <pre>
 *     turn: each output has sent its messages ──► copy ──► those that got less than others get the rest as a message
 * </pre>
 *
 * <p>A copy is one step, which nothing interrupts: tee(2) gives the bytes to all outputs but one, and splice(2) moves
 * them to that one. An output may have room for a part of them only. Then what it lacks is read, and is a message to
 * it, or owed. So each byte that one output has was taken, and the others have it, or get it.
 *
 * <p>The first output of a copy says how much it has room for, and the others get no more than that. It is the one that
 * was the slowest before: then all have room, and nothing is read. While it has no room nothing is taken.
 */
final class TeeRun extends KernelRun implements TeeWrite.Content {
    /** The descriptors. The outputs have the indices of their list. */
    interface Copies extends KernelRun.Copies {
        /** Duplicates the bytes that come next, as {@link DescriptorCopy#teeTo}. */
        long tee(int output, long count);

        /** Moves bytes, as {@link DescriptorCopy#spliceTo}. */
        long splice(int output, long count);

        /** Reads bytes, as {@link DescriptorCopy#read}. */
        long read(ByteBuffer direct);

        /** Runs calls, between which the descriptor of the input is not closed. */
        void undisturbed(Runnable calls);
    }

    /** One of the two calls that give bytes to an output. */
    private interface Call {
        long to(int output, long count);
    }

    /** After about 1 MiB other streams have their turn. */
    private static final int COPIES_PER_TURN = 16;

    private final List<Output> outputs;
    private final Copies copies;
    private final ReadOp<Found> copying = ReadOp.look(nothingWanted(this::copy));

    /** What was read for outputs that had too little room. Made before any output gets a byte. */
    private final ByteBuffer rest = ByteBuffer.allocateDirect(ChunkSize.BYTES);

    /** How much each output has got in this turn. Belongs to the turn, as do all fields that follow. */
    private final long[] given;

    /** Which outputs had too little room. */
    private final boolean[] full;

    /** The output that gets bytes first. */
    private int first;

    private int copiesDone;

    /** Whether this turn has copied anything, or has tried to. */
    private boolean tried;

    /** Why bytes that one output has are not to be had for the others. */
    private @Nullable IOException loss;

    @GuardedBy("this")
    private @Nullable TeeWrite write;

    private TeeRun(Input input, ReadTransaction transaction, List<Output> outputs, Copies copies) {
        super(input, transaction, copies);
        this.outputs = outputs;
        this.copies = copies;
        this.given = new long[outputs.size()];
        this.full = new boolean[outputs.size()];
    }

    /**
     * Returns null if the descriptors can't be copied.
     *
     * @param outputs two or more, all of them different
     */
    static @Nullable TeeRun of(Input input, ReadTransaction transaction, List<Output> outputs, Copies copies) {
        return lend(copies) ? new TeeRun(input, transaction, outputs, copies) : null;
    }

    @Override
    @GuardedBy("this")
    boolean turn() {
        tried = false;
        write = TeeWrite.begin(outputs, this, this::turnOver);
        return false;
    }

    @Override
    void cancelTurn() {
        TeeWrite begun;
        synchronized (this) {
            begun = write;
        }
        if (begun != null) {
            begun.cancel();
        }
    }

    private void turnOver(@Nullable Throwable failure) {
        boolean wasClosed =
                failure instanceof ClosedChannelException && !(failure instanceof AsynchronousCloseException);
        if (wasClosed && !tried) {
            // That is a failure only if there are more bytes, which a read finds out.
            found = Found.OTHER;
        } else {
            turnFailure = failure;
        }
        news();
    }

    /** Waits until the messages before are sent, and once for the loop's thread if there was no room. */
    @Override
    public Message turn(int output) {
        boolean yields = output == 0 && copiesDone >= COPIES_PER_TURN;
        if (yields) {
            copiesDone = 0;
        }
        if (!yields && !full[output]) {
            return Message.barrier();
        }
        full[output] = false;
        return Message.of(new Message.Mover() {
            private boolean waited;

            @Override
            public boolean move() {
                boolean now = waited;
                waited = true;
                return now;
            }
        });
    }

    @Override
    public @Nullable ByteBuffer[] take() throws IOException {
        tried = true;
        rest.clear().limit(0);
        long before = moved;
        found = read(copying);
        if (loss != null) {
            throw loss;
        }
        ByteBuffer[] parts = new ByteBuffer[given.length];
        int lacking = rest.limit();
        long count = moved - before;
        for (int i = 0; i < parts.length && lacking > 0; i++) {
            if (given[i] < count) {
                int missing = (int) (count - given[i]);
                parts[i] = rest.duplicate().position(lacking - missing);
            }
        }
        return parts;
    }

    private Found copy(InputBuffer in) {
        if (!in.isBypassable()) {
            return Found.OTHER;
        }
        copies.undisturbed(this::copy);
        return found;
    }

    /** Gives the bytes that are there to each output, as many as the first one has room for, and takes them. */
    private void copy() {
        copiesDone++;
        int from = first;
        int last = (from + outputs.size() - 1) % outputs.size();
        long count = give(from, copies::tee, ChunkSize.BYTES);
        found = whyNone(count);
        full[from] = found == Found.FULL;
        if (count <= 0) {
            return;
        }
        found = Found.MORE;
        boolean even = true;
        for (int i = (from + 1) % outputs.size(); i != last; i = (i + 1) % outputs.size()) {
            even &= gets(i, copies::tee, count);
        }
        given[last] = 0;
        even = even && gets(last, copies::splice, count);
        if (!even) {
            read(count - given[last]);
        }
        moved += count;
    }

    /** Returns whether an output has got all it should. Otherwise it comes first the next time, when it has room. */
    private boolean gets(int output, Call call, long count) {
        long result = give(output, call, count);
        given[output] = Math.max(result, 0);
        if (result == 0) {
            found = Found.OTHER; // a message to it shows why
        } else if (result < count) {
            full[output] = true;
            first = output;
        }
        return result == count;
    }

    /**
     * Gives bytes to an output, unless other messages go first. The message must not be left in the queue: another
     * thread would make the call, and wait for the descriptor, which this one holds, while it has the output's lock.
     *
     * @return the result of the call; 0 if other messages go first, or the output is closed. Another try would not do:
     *     what waits may be the turn of another run, which would find a message of this one in its way
     */
    private long give(int output, Call call, long count) {
        given[output] = 0;
        Message message = Message.of(() -> {
            given[output] = call.to(output, count);
            return true;
        });
        try {
            outputs.get(output).offerIfIdle(message);
        } catch (IOException | IllegalStateException e) {
            given[output] = 0; // its next message fails, too
        }
        return given[output];
    }

    /** Reads the next bytes. They are there. */
    private void read(long count) {
        rest.limit((int) count);
        while (rest.hasRemaining()) {
            long result = copies.read(rest);
            if (result <= 0) {
                loss = new IOException("bytes of " + input.name() + " were taken by another reader");
                return;
            }
            rest.position(rest.position() + (int) result);
        }
        rest.flip();
    }
}
