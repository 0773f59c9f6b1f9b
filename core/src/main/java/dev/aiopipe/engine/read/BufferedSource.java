package dev.aiopipe.engine.read;

import dev.aiopipe.IncompleteReadException;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The middle layer of an {@link Input}: what the bytes are. Runs a {@link ReadOp} over the buffer, and fills the buffer
 * from the source as long as the operation asks for more.
 *
 * <pre>
 *     attempt ── a value ──► done
 *       ▲  └─── MORE ──► fill ── nothing now ──► MORE: wait for the source
 *       └────── bytes, or the end ──┘
 * </pre>
 */
public abstract sealed class BufferedSource extends ReadSlot permits Input {
    /** More than a driver needs to call {@link #await}. */
    private static final int SPARE_FRAMES = 100;

    final ByteSource source;
    final InputBuffer buffer;

    /** Keeps what is left in the buffer at the close; null if such bytes are dropped. */
    final @Nullable Leftover leftover;

    /**
     * Whether the input was closed and the buffered bytes belong to the next opening. Belongs to the holder of the
     * slot.
     */
    boolean handedOver;

    /** Of the source, thrown again by each later read. Belongs to the holder of the slot. */
    private @Nullable IOException failure;

    private final CompletableFuture<@Nullable Void> finished = new CompletableFuture<>();

    BufferedSource(ByteSource source, Readiness readiness, Object name, @Nullable Leftover leftover) {
        super(readiness, name);
        this.source = source;
        this.leftover = leftover;
        this.buffer = new InputBuffer(name::toString); // must not reach this object, which may be collected
    }

    /** Releases the source at an end after which nothing more comes. */
    abstract void releaseSource() throws IOException;

    /** Returns how many bytes are buffered: a moment's value. */
    public int buffered() {
        return isOpen() ? Math.max(buffer.size(), 0) : 0;
    }

    /** Returns how the source works. */
    public ReadMode mode() {
        return source.mode();
    }

    /** Returns the copy of the descriptor, by which a transfer may bypass this; see {@link ByteSource#copy}. */
    public @Nullable DescriptorCopy copy() {
        return source.copy();
    }

    /** Whether nobody else reads the stream; see {@link ByteSource#isOnlyReader}. */
    public boolean isOnlyReader() {
        return source.isOnlyReader();
    }

    /**
     * Returns a future of the time when nothing more is going to be read: when a read has reported the final end, or
     * the input was closed by its user. Each call returns a new one.
     */
    public CompletableFuture<@Nullable Void> finished() {
        return finished.copy();
    }

    final boolean isFinished() {
        return finished.isDone();
    }

    final void finish() {
        finished.complete(null);
    }

    @Override
    final @Nullable Object run(ReadOp<?> op) throws IOException {
        Object value;
        boolean reportedEnd;
        do {
            buffer.skipPendingNewline();
            reportedEnd = buffer.ended() && buffer.size() == 0 && !op.consumesNothing();
            value = attempt(op);
        } while (value == ReadOp.MORE && fillTargetOrBuffer(op));
        if (value == ReadOp.MORE) {
            Threads.requireStack(SPARE_FRAMES);
        } else {
            reportedEnd |= buffer.ended() && op.reportedEnd();
            if (buffer.ended()) {
                passEnd(reportedEnd);
            }
            SLOT.setRelease(this, exclusive); // the fields are visible to the next holder
            if (reportedEnd) {
                finishAtFinalEnd();
            }
            discardIfClosed();
        }
        return value;
    }

    /** Attempts an operation once. If it throws, its bytes are put back. */
    private @Nullable Object attempt(ReadOp<?> op) throws IOException {
        int mark = buffer.mark();
        try {
            return op.attempt(buffer);
        } catch (Throwable e) {
            buffer.undo(mark);
            if (e instanceof IncompleteReadException) {
                passEnd(true);
            }
            throw e;
        }
    }

    /** Called after a read that saw the end. If the read reported it, an end that is not final is over. */
    private void passEnd(boolean reported) {
        if (reported && !source.endIsFinal()) {
            buffer.passEnd();
            buffer.setNewlinePending(false);
        }
        buffer.discardIfEmpty();
    }

    @Override
    final void afterFailure(Throwable thrown) {
        if (thrown instanceof IncompleteReadException) {
            finishAtFinalEnd();
        }
        discardIfClosed();
    }

    private void finishAtFinalEnd() {
        if (source.endIsFinal()) {
            finish();
        }
    }

    @Override
    final boolean mayBeDone(ReadOp<?> op) {
        return buffer.ended() || op.mayBeDone(buffer);
    }

    /** As {@link #fill}, but only on the thread of the read: the bytes may be taken at once. */
    private boolean fillTargetOrBuffer(ReadOp<?> op) throws IOException {
        ByteBuffer target = buffer.isBypassable() ? op.target() : null;
        return target == null ? fill(op) : fillTarget(target);
    }

    private boolean fillTarget(ByteBuffer target) throws IOException {
        if (sourceEmptied) {
            return false;
        }
        requireSource();
        int room = Math.min(target.remaining(), InputBuffer.READ_SIZE); // the JDK copies it, if it is on the heap
        int count = read(target.duplicate().limit(target.position() + room));
        if (count > 0) {
            buffer.bypassed();
            target.position(target.position() + count);
        }
        return count != 0;
    }

    @Override
    final boolean fill(ReadOp<?> op) throws IOException {
        if (sourceEmptied) {
            return false;
        }
        requireSource();
        ByteBuffer space = buffer.space();
        int room = Math.min(space.remaining(), op.wanted(buffer));
        if (room == 0) {
            return false;
        }
        int count = read(space.limit(space.position() + room));
        if (count > 0) {
            buffer.filled(count);
        } else if (count == 0) {
            buffer.releaseUnfilled();
        }
        return count != 0;
    }

    private void requireSource() throws IOException {
        if (handedOver) {
            throw closedMeanwhile();
        } else if (failure != null) {
            throw failure;
        }
    }

    /** Reads once from the source. Returns how many bytes; -1 at the end, 0 if there is nothing now. */
    private int read(ByteBuffer space) throws IOException {
        int room = space.remaining();
        int count;
        try {
            count = source.read(space);
        } catch (ClosedChannelException e) {
            throw isOpen() ? e : closedMeanwhile();
        } catch (IOException e) {
            if (source.endIsFinal()) {
                failure = e; // else another try may succeed: a FIFO that could not be opened anew
            }
            throw e;
        }
        if (count < 0) {
            buffer.ended(true);
            sourceEmptied = false;
            if (source.endIsFinal()) {
                releaseSource();
            }
            return count;
        }
        sourceEmptied = count == 0 || (count < room && source.isEmptyAfterShortRead());
        return count;
    }

    /**
     * Ends a {@link ReadTransaction} for the bytes. The slot is BUSY.
     *
     * @param keep how many of the retained bytes stay taken; the others are put back
     * @param last whether no open transaction may still put back the kept ones
     */
    final void settle(int keep, boolean last) {
        int retained = buffer.retained();
        boolean discarded = leftover == null && !isOpen();
        if (keep < retained && !discarded) { // a close may be about to hand over what is buffered
            buffer.putBack(retained - keep);
        }
        if (handedOver) {
            handOver(buffer, source, leftover);
        }
        if (last) {
            buffer.stopRetaining();
        }
        sourceEmptied = false;
    }

    /** Gives the buffered bytes, and an end that no read has reported, to the next opening of the descriptor. */
    static void handOver(InputBuffer buffer, ByteSource source, @Nullable Leftover leftover) {
        if (leftover != null) {
            boolean unreportedEnd = buffer.ended() && !source.endIsFinal();
            leftover.putBack(buffer.takeRest(), unreportedEnd);
            if (unreportedEnd) {
                buffer.ended(false);
            }
        }
    }

    @Override
    final void discardIfClosed() {
        if (!isOpen()) {
            Object holder = slot;
            if (holder != BUSY && tryAcquire(holder)) {
                boolean stillToHandOver = leftover != null && !(handedOver && buffer.retained() == 0);
                if (!stillToHandOver) {
                    buffer.discard();
                }
                slot = holder;
            }
        }
    }
}
