package dev.aiopipe.engine.write;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one write, which no other write interrupts; how many of them were sent; and the listener of the outcome.
 * The lock of the {@link Output} that it was offered to guards it; only that output calls its package-private methods.
 */
public final class Message {
    /** Receives the outcome. */
    public interface Listener {
        /**
         * Called once when the message is done, on any thread, outside of locks.
         *
         * @param failure why it was not sent, or only in part; null if all of it was
         */
        void done(@Nullable Throwable failure);
    }

    /** Moves bytes to the output's descriptor by another way than its sink. */
    public interface Mover {
        /**
         * Moves bytes, without waiting. Called when it is the turn of the message, under the lock of the output.
         *
         * @return true if the message is done; false if the output has no room now: then this is called again
         */
        boolean move();
    }

    private static final ByteBuffer NONE = ByteBuffer.allocate(0);
    private static final ByteBuffer[] NO_SOURCES = {};

    /** The message after this one; belongs to the {@link MessageQueue} that this is in. */
    @Nullable
    Message next;

    private enum Kind {
        BYTES,
        BARRIER,
        ROOM,
        MOVE
    }

    private final Kind kind;

    /** Of a MOVE. */
    private final @Nullable Mover mover;

    /** The caller's buffers: their positions move when the message is done. */
    private ByteBuffer[] sources;

    /** Duplicates of the sources, with the bytes that are neither sent nor joined. */
    private ByteBuffer[] unsent;

    private int current;

    /** Bytes of several small sources, sent before the rest. */
    private ByteBuffer joined = NONE;

    private long left;
    private boolean committed;
    private boolean signalled;
    private boolean started;
    private boolean owed;
    private boolean done;
    private @Nullable Throwable failure;
    private @Nullable Listener listener;

    private Message(Kind kind, @Nullable Mover mover, ByteBuffer... sources) {
        this.kind = kind;
        this.mover = mover;
        this.sources = sources;
        unsent = new ByteBuffer[sources.length];
        for (int i = 0; i < sources.length; i++) {
            unsent[i] = sources[i].duplicate();
            left += unsent[i].remaining();
        }
    }

    /**
     * Returns a message of the bytes that remain in the buffers, in their order.
     *
     * @param sources must not be changed until the message is done; then, if it was sent or is owed, their positions
     *     are at their limits
     */
    public static Message of(ByteBuffer... sources) {
        return new Message(Kind.BYTES, null, sources);
    }

    /**
     * Returns a message without a byte, to be offered once. It is done when all messages that were offered before it
     * are.
     */
    public static Message barrier() {
        return new Message(Kind.BARRIER, null);
    }

    /**
     * Returns a message without a byte, to be offered once. It is done when all messages that were offered before it
     * are, and a write of up to {@link dev.aiopipe.WriteEnd#PIPE_BUF} bytes would not wait.
     */
    public static Message room() {
        return new Message(Kind.ROOM, null);
    }

    /**
     * Returns a message without a byte of its own, to be offered once. When it is its turn, the mover brings the bytes.
     * If it is given up, the mover is not called any more.
     */
    public static Message of(Mover mover) {
        return new Message(Kind.MOVE, mover);
    }

    /**
     * Returns whether it has nothing to send, and nothing to wait for.
     *
     * @param idle whether no message is before it
     */
    boolean isNothing(boolean idle) {
        return (kind == Kind.BYTES && left == 0) || (kind == Kind.BARRIER && idle);
    }

    /** Returns whether it is a wait for room. */
    boolean isRoom() {
        return kind == Kind.ROOM;
    }

    /** Notes a signal that a wait for room got. Returns false if it is the first one. */
    boolean noteSignal() {
        boolean again = signalled;
        signalled = true;
        return again;
    }

    /** From now on this is owed when it is given up, not dropped: its bytes can't be had again. */
    public void commit() {
        committed = true;
    }

    /** Sends until all is sent, the kernel is full, or the budget of bytes is used up. Returns whether all is sent. */
    boolean send(ByteSink sink, long budget) throws IOException {
        if (mover != null) {
            return mover.move();
        }
        int slice = sink.sliceSize();
        for (long rest = budget; rest > 0 && hasUnsent(); ) {
            ByteBuffer buffer = front(slice);
            int limit = buffer.limit();
            int size = Math.min(buffer.remaining(), slice);
            buffer.limit(buffer.position() + size);
            int sent;
            try {
                sent = sink.write(buffer);
            } finally {
                buffer.limit(limit);
            }
            started |= sent > 0;
            left -= sent;
            rest -= sent;
            if (sent < size) {
                return false;
            }
        }
        return !hasUnsent();
    }

    /** Returns the buffer to send next: a large source itself; or several small ones joined, up to a slice. */
    private ByteBuffer front(int slice) {
        if (!joined.hasRemaining()) {
            while (!unsent[current].hasRemaining()) {
                current++;
            }
            ByteBuffer source = unsent[current];
            if (source.remaining() >= slice || source.remaining() == left) {
                return source;
            }
            join(slice);
        }
        return joined;
    }

    private void join(int slice) {
        int size = (int) Math.min(slice, left);
        ByteBuffer target = joined.capacity() >= size ? joined.clear().limit(size) : ByteBuffer.allocate(size);
        while (target.hasRemaining()) {
            ByteBuffer source = unsent[current];
            int limit = source.limit();
            source.limit(source.position() + Math.min(source.remaining(), target.remaining()));
            target.put(source);
            source.limit(limit);
            if (!source.hasRemaining()) {
                current++;
            }
        }
        joined = target.flip();
    }

    boolean hasUnsent() {
        return left > 0;
    }

    long unsentBytes() {
        return left;
    }

    /** Returns whether some of it was sent, so that the rest has to follow. */
    boolean isStarted() {
        return started;
    }

    /** Returns whether it may be dropped: its bytes are the caller's, and none was sent. */
    boolean isDroppable() {
        return !started && !committed;
    }

    boolean isOwed() {
        return owed;
    }

    boolean isDone() {
        return done;
    }

    /**
     * Copies the unsent bytes, which have to go out although the writer has given up. After that the buffers are the
     * writer's own again.
     *
     * @throws OutOfMemoryError if there is no memory for the copy; then nothing has changed
     */
    void owe() {
        if (left > Integer.MAX_VALUE - 8) {
            throw new OutOfMemoryError("can't copy " + left + " unsent bytes");
        }
        ByteBuffer copy = ByteBuffer.allocate((int) left).put(joined.duplicate());
        for (int i = current; i < unsent.length; i++) {
            copy.put(unsent[i].duplicate());
        }
        unsent = new ByteBuffer[] {copy.flip()};
        current = 0;
        joined = NONE;
        owed = true;
        positionsToLimits();
    }

    void finish(@Nullable Throwable why) {
        done = true;
        failure = why;
        if (why == null && !owed) {
            positionsToLimits();
        }
    }

    void listener(Listener interested) {
        listener = interested;
    }

    /** Calls the listener, if there is one. Called after {@link #finish}, outside of the output's lock. */
    void notifyListener() {
        if (listener != null) {
            listener.done(failure);
        }
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    private void positionsToLimits() {
        for (ByteBuffer source : sources) {
            source.position(source.limit());
        }
        sources = NO_SOURCES;
    }
}
