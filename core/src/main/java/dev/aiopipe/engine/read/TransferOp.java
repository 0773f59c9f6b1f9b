package dev.aiopipe.engine.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The reads of one transfer. Each value is a copy of what is buffered, at least one byte, for a target that may accept
 * a part of it; empty at the end of the stream, which is reported thereby, and when the whole count was moved. The
 * bytes stay buffered until {@link #sent}.
 *
 * <p>All values are the same chunk of memory: the target must be done with one before the next read begins.
 */
public final class TransferOp implements ReadOp<ByteBuffer> {
    private static final ByteBuffer NONE = ByteBuffer.allocate(0);

    /** Enough for a transfer of little. */
    private static final int SMALL = 8 * 1024;

    private final long count;
    private final boolean readsAhead;
    private ByteBuffer chunk = NONE;
    private long moved;

    TransferOp(long count, boolean readsAhead) {
        this.count = count;
        this.readsAhead = readsAhead;
    }

    /** In a transaction it gives no more than that may take. */
    @Override
    public @Nullable Object attempt(InputBuffer in) throws IOException {
        long most = count - moved;
        int takeable = in.takeable();
        if (most > 0 && takeable == 0 && in.size() > 0) {
            in.take(1); // throws an exception that names the limit
        }
        int size = (int) Math.min(Math.min(most, InputBuffer.READ_SIZE), Math.min(in.size(), takeable));
        if (size == 0 && most > 0 && !in.ended()) {
            return MORE;
        }
        if (chunk.capacity() < size) {
            chunk = ByteBuffer.allocate(size <= SMALL ? SMALL : InputBuffer.READ_SIZE);
        }
        in.copy(chunk.clear().limit(size));
        return chunk.flip();
    }

    /** Counts what the target has accepted of the chunk, up to its position. Returns the read that takes it. */
    public ReadOp<Integer> sent() {
        int accepted = chunk.position();
        moved += accepted;
        return ReadOps.taking(accepted);
    }

    /** Counts bytes that were moved past the buffer. */
    public void spliced(long bytes) {
        moved += bytes;
    }

    /** Returns how many bytes are still to be moved at most. */
    public long left() {
        return count - moved;
    }

    /** Returns how many bytes were moved. */
    public long moved() {
        return moved;
    }

    @Override
    public int wanted(InputBuffer in) {
        return readsAhead ? Integer.MAX_VALUE : (int) Math.min(count - moved, Integer.MAX_VALUE);
    }

    /** After the last byte of the count it does not look for the end of the stream. */
    @Override
    public boolean consumesNothing() {
        return moved == count;
    }
}
