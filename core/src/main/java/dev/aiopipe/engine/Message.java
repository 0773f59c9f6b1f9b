package dev.aiopipe.engine;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes of one write, between which no other write comes; what of them was sent; and who wants to know the outcome.
 * The {@link Outbox} that it was offered to guards it, and alone calls what is not public.
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

    /** Up to this size several sources are made one: one call instead of many, and the kernel keeps PIPE_BUF bytes of one call whole. */
    private static final int GATHERED_SIZE = 64 * 1024;

    private final boolean turn;
    private final ByteBuffer[] sources;
    private ByteBuffer[] unsent;
    private int current;
    private boolean started;
    private boolean owed;
    private boolean done;
    private Throwable failure;
    private Listener listener;

    private Message(boolean turn, ByteBuffer... sources) {
        this.turn = turn;
        this.sources = sources;
        unsent = new ByteBuffer[sources.length];
        for (int i = 0; i < sources.length; i++) {
            unsent[i] = sources[i].duplicate();
        }
        skipEmpty();
        if (sources.length > 1 && hasUnsent() && unsentBytes() <= GATHERED_SIZE) {
            copy();
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
    public static Message turn() {
        return new Message(true);
    }

    boolean isTurn() {
        return turn;
    }

    /** From now on it is not dropped when it is given up, but owed: its bytes can't be had again. */
    public void commit() {
        started = true;
    }

    /** Sends until all is sent, the kernel is full, or the budget of bytes is used up. True if all is sent. */
    boolean send(ByteSink sink, long budget) throws IOException {
        int slice = sink.sliceSize();
        for (long left = budget; left > 0 && hasUnsent(); left -= slice) {
            ByteBuffer buffer = unsent[current];
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
            skipEmpty();
            if (sent < size) {
                return false;
            }
        }
        return !hasUnsent();
    }

    boolean hasUnsent() {
        return current < unsent.length;
    }

    long unsentBytes() {
        long bytes = 0;
        for (int i = current; i < unsent.length; i++) {
            bytes += unsent[i].remaining();
        }
        return bytes;
    }

    boolean isStarted() {
        return started;
    }

    boolean isOwed() {
        return owed;
    }

    boolean isDone() {
        return done;
    }

    /** The writer has given up, but the rest has to go out: from here on its buffers are its own again. */
    void owe() {
        copy();
        owed = true;
        positionsToLimits();
    }

    /** Makes the unsent bytes this message's own. */
    void copy() {
        long bytes = unsentBytes();
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new OutOfMemoryError("can't copy " + bytes + " unsent bytes");
        }
        ByteBuffer copy = ByteBuffer.allocate((int) bytes);
        for (; current < unsent.length; current++) {
            copy.put(unsent[current]);
        }
        unsent = new ByteBuffer[] {copy.flip()};
        current = 0;
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

    /** Tells the listener, if there is one. Called after {@link #finish}, outside of the outbox's lock. */
    void tell() {
        if (listener != null) {
            listener.done(failure);
        }
    }

    Throwable failure() {
        return failure;
    }

    private void positionsToLimits() {
        for (ByteBuffer source : sources) {
            source.position(source.limit());
        }
    }

    private void skipEmpty() {
        while (current < unsent.length && !unsent[current].hasRemaining()) {
            current++;
        }
    }
}
