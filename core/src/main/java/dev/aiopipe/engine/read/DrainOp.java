package dev.aiopipe.engine.read;

import java.io.IOException;

/**
 * Reads what nobody wants. It owns the {@link Input}, but as long as it has dropped nothing every other read goes before it, and is its
 * end. From the first dropped byte on the input is closed for all others, as there is a hole before what they would read.
 *
 * <pre>
 *     ANNOUNCED ── start, proceed ──► DROPPED: the input is its own ── Input.endDrain ──► closed
 *         ├────── Input.endDrain ─────────────────────────────────────────────────────► closed
 *         └────── somebody else reads ──► over: the input is theirs
 * </pre>
 *
 * <p>It is the take and the reader at once: {@code input.start(drainOp, drainOp)}. The value is the count of bytes that were dropped, 0
 * at the end.
 */
public final class DrainOp implements ReadOp<Integer> {
    private final boolean wasRead;
    private volatile boolean dropped;

    DrainOp(boolean wasRead) {
        this.wasRead = wasRead;
    }

    /**
     * Whether anybody has read the input: who has may be about to read on, and is worth a moment's patience.
     *
     * @return false if nobody has
     */
    public boolean wasRead() {
        return wasRead;
    }

    /**
     * Whether there is a hole.
     *
     * @return true from the first dropped byte on
     */
    public boolean hasDropped() {
        return dropped;
    }

    @Override
    public boolean yields() {
        return !dropped;
    }

    @Override
    public Object from(InputBuffer in) throws IOException {
        int count = in.size();
        if (count > 0) {
            dropped = true;
            in.take(count);
        }
        return count > 0 || in.ended() ? (Object) count : MORE;
    }
}
