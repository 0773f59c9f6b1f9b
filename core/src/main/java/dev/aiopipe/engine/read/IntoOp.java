package dev.aiopipe.engine.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Moves what is there to a buffer of the user's, and gives the count; -1 at the end, 0 if the target has no room. If
 * nothing is buffered, the source puts its bytes into a large target itself.
 */
final class IntoOp implements ReadOp<Integer> {
    /** With less room, a read of as much as the source has and copies of its parts take less time. */
    private static final int LARGE = InputBuffer.READ_SIZE / 4;

    private final ByteBuffer target;
    private final boolean readsAhead;
    private final int start;

    IntoOp(ByteBuffer target, boolean readsAhead) {
        this.target = target;
        this.readsAhead = readsAhead;
        this.start = target.position();
    }

    @Override
    public @Nullable Object attempt(InputBuffer in) throws IOException {
        int direct = target.position() - start;
        if (direct > 0) {
            return direct; // if there is no memory for this value, the target's position shows the bytes
        }
        int available = Math.min(in.size(), target.remaining());
        if (available == 0 && target.hasRemaining()) {
            return in.ended() ? -1 : ReadOp.MORE;
        }
        Integer count = available; // first the value: there may be no memory for it
        in.take(target, available);
        return count;
    }

    @Override
    public @Nullable ByteBuffer target() {
        return target.remaining() >= LARGE ? target : null;
    }

    @Override
    public int wanted(InputBuffer in) {
        return readsAhead ? Integer.MAX_VALUE : target.remaining();
    }

    @Override
    public boolean consumesNothing() {
        return start == target.limit();
    }
}
