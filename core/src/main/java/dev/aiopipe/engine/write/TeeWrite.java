package dev.aiopipe.engine.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One chunk on its way to several outputs: each of them gets all of it, unless it fails.
 *
 * <pre>
 *     TURN ── no output has another message to send ──► SENDING ── all have the chunk, or one has failed ──► DONE
 *      └── cancel, or a failure: no output gets a byte ──► DONE       └── cancel ──► DONE
 * </pre>
 *
 * <p>When this leaves SENDING, outputs that are slow owe the rest of the chunk.
 */
public final class TeeWrite {
    /** What the outputs get. They have the indices of their list. */
    public interface Content {
        /** Returns the message that waits for the turn of an output. */
        default Message turn(int output) {
            return Message.barrier();
        }

        /**
         * Takes the bytes, when the turn of each output has come. Called under the lock of the write: a cancel waits
         * for it.
         *
         * @return what each output is to be sent, or owes; null for nothing
         * @throws IOException if the write fails
         */
        @Nullable
        ByteBuffer[] take() throws IOException;

        /** Called when an output has accepted what {@link #take} returned. */
        default void accepted() {}
    }

    /** The same bytes for each of so many outputs. */
    private record Chunk(ByteBuffer bytes, int outputs) implements Content {
        @Override
        public ByteBuffer[] take() {
            ByteBuffer[] all = new ByteBuffer[outputs];
            Arrays.setAll(all, i -> bytes.duplicate());
            return all;
        }

        @Override
        public void accepted() {
            bytes.position(bytes.limit());
        }
    }

    private enum State {
        TURN,
        SENDING,
        DONE
    }

    private final List<Output> targets;
    private final Content content;
    private final Message.Listener listener;

    @GuardedBy("this")
    private State state = State.TURN;

    /** Those of the current state, in the order of the targets; null where the outcome was known at once. */
    @GuardedBy("this")
    private @Nullable Message[] messages = {};

    /** How many outcomes of the current state are still to come. */
    @GuardedBy("this")
    private int missing;

    private TeeWrite(List<Output> targets, Content content, Message.Listener listener) {
        this.targets = targets;
        this.content = content;
        this.listener = listener;
    }

    /**
     * Begins.
     *
     * @param chunk not to be touched until this is done; its position is then at its limit if an output has accepted
     *     the chunk, and unchanged if none has
     * @param listener gets the first failure, or null, once, unless this is cancelled before; perhaps within this call
     */
    public static TeeWrite begin(List<Output> targets, ByteBuffer chunk, Message.Listener listener) {
        return begin(targets, new Chunk(chunk, targets.size()), listener);
    }

    /** Begins with content that is taken later; else as the other one. */
    public static TeeWrite begin(List<Output> targets, Content content, Message.Listener listener) {
        TeeWrite write = new TeeWrite(targets, content, listener);
        write.offer(State.TURN);
        return write;
    }

    /** Offers a message to each output: one to wait for its turn, or its bytes. */
    private void offer(State next) {
        Throwable failure;
        @Nullable Message[] offered = new Message[targets.size()];
        synchronized (this) {
            if (state == State.DONE) {
                return;
            }
            state = next;
            missing = offered.length + 1; // the last one is this method
            messages = offered;
            try {
                failure = offer(next == State.TURN ? turns() : bytes(), offered);
            } catch (Throwable e) {
                failure = e;
            }
        }
        for (int i = 0; i < offered.length; i++) {
            Message message = offered[i];
            if (message != null) {
                targets.get(i).await(message, why -> arrived(next, why));
            } else {
                arrived(next, null);
            }
        }
        arrived(next, failure);
    }

    private Message[] turns() {
        Message[] all = new Message[targets.size()];
        Arrays.setAll(all, content::turn);
        return all;
    }

    @GuardedBy("this")
    private @Nullable Message[] bytes() throws IOException {
        @Nullable ByteBuffer[] parts = content.take();
        @Nullable Message[] all = new Message[parts.length];
        for (int i = 0; i < all.length; i++) {
            ByteBuffer part = parts[i];
            if (part != null) {
                Message message = Message.of(part);
                message.commit();
                all[i] = message;
            }
        }
        return all;
    }

    /** Offers messages, and notes those that wait. Returns the first failure. */
    @GuardedBy("this")
    private @Nullable Throwable offer(@Nullable Message[] all, @Nullable Message[] waiting) {
        Throwable failure = null;
        boolean isAccepted = false;
        for (int i = 0; i < all.length; i++) {
            Message message = all[i];
            if (message == null) {
                continue;
            }
            try {
                if (!targets.get(i).offer(message)) {
                    waiting[i] = message;
                }
                isAccepted = true;
            } catch (Throwable e) {
                failure = failure == null ? e : failure;
            }
        }
        if (state == State.SENDING && isAccepted) {
            content.accepted();
        }
        return failure;
    }

    /** Called with each outcome of a state. The last one, or a failure, ends the state. */
    private void arrived(State of, @Nullable Throwable failure) {
        boolean sends;
        synchronized (this) {
            if (state != of || (--missing > 0 && failure == null)) {
                return;
            }
            sends = of == State.TURN && failure == null;
            if (!sends) {
                state = State.DONE;
            }
        }
        if (sends) {
            offer(State.SENDING);
        } else {
            cancelMessages();
            listener.done(failure);
        }
    }

    /**
     * Gives this up, unless it is done. When this returns the position of the chunk is final, and the listener is not
     * called any more, unless that has begun already.
     */
    public void cancel() {
        synchronized (this) {
            if (state == State.DONE) {
                return;
            }
            state = State.DONE;
        }
        cancelMessages();
    }

    private synchronized void cancelMessages() {
        for (int i = 0; i < messages.length; i++) {
            Message message = messages[i];
            if (message != null) {
                targets.get(i).cancel(message);
            }
        }
    }
}
