package dev.aiopipe.engine.write;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes of one write, between which no other write comes; what of them was sent; and who wants to know the outcome.
 * The {@link Output} that it was offered to guards it, and alone calls what is not public.
 */
public final class Message {
    /** Who wants to know the outcome. */
    public interface Listener {
        /**
         * The message is through. Called once, on any thread, outside of locks.
         *
         * @param failure why it was not sent, or not wholly; null if all of it was
         */
        void done(Throwable failure);
    }

    private static final ByteBuffer NONE = ByteBuffer.allocate(0);
    private static final ByteBuffer[] NO_SOURCES = {};

    /** The message after this one in a {@link MessageQueue}, whose matter this is. */
    Message next;

    private final boolean barrier;
    private ByteBuffer[] sources; // the caller's: their positions move when the message is through
    private ByteBuffer[] unsent; // what is left of them, but for what was joined
    private int current;
    private ByteBuffer joined = NONE; // taken from several small ones, and sent before the rest
    private long left;
    private boolean committed;
    private boolean started;
    private boolean owed;
    private boolean done;
    private Throwable failure;
    private Listener listener;

    private Message(boolean barrier, ByteBuffer... sources) {
        this.barrier = barrier;
        this.sources = sources;
        unsent = new ByteBuffer[sources.length];
        for (int i = 0; i < sources.length; i++) {
            unsent[i] = sources[i].duplicate();
            left += unsent[i].remaining();
        }
    }

    /**
     * A message of what remains in the buffers, in their order.
     *
     * @param sources not to be changed until the message is through; then, if it was sent or is owed, their positions are at their limits
     * @return the message
     */
    public static Message of(ByteBuffer... sources) {
        return new Message(false, sources);
    }

    /**
     * A message without a byte that is through when all that was offered before it is.
     *
     * @return to be offered once
     */
    public static Message barrier() {
        return new Message(true);
    }

    boolean isBarrier() {
        return barrier;
    }

    /** From now on it is not dropped when it is given up, but owed: its bytes can't be had again. */
    public void commit() {
        committed = true;
    }

    /** Sends until all is sent, the kernel is full, or the budget of bytes is used up. True if all is sent. */
    boolean send(ByteSink sink, long budget) throws IOException {
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

    /** What is to be sent next: a large source itself; small ones are put together, up to a slice. */
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

    /** Whether some of it was sent, so that the rest has to follow. */
    boolean isStarted() {
        return started;
    }

    /** Whether it may be dropped: its bytes are the caller's, and none was sent. */
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
     * The writer has given up, but the rest has to go out: copies it, and from here on the buffers are the writer's own again.
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

    void finish(Throwable why) {
        done = true;
        failure = why;
        if (why == null && !owed) {
            positionsToLimits();
        }
    }

    /** Who is told of the outcome; null to forget. */
    void listener(Listener interested) {
        listener = interested;
    }

    /** Tells the listener, if there is one. Called after {@link #finish}, outside of the output's lock. */
    void tell() {
        if (listener != null) {
            listener.done(failure);
        }
    }

    /**
     * Throws what a {@link Listener} was told.
     *
     * @param failure null if all was sent
     * @throws IOException if that is what it is; errors and unchecked exceptions are thrown as they are
     */
    public static void rethrow(Throwable failure) throws IOException {
        if (failure instanceof IOException e) {
            throw e;
        } else if (failure instanceof RuntimeException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        }
    }

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
