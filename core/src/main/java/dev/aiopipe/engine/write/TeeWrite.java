package dev.aiopipe.engine.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
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
    private enum State {
        TURN,
        SENDING,
        DONE
    }

    private final List<Output> targets;
    private final ByteBuffer chunk;
    private final Message.Listener listener;

    @GuardedBy("this")
    private State state = State.TURN;

    /** Those of the current state, in the order of the targets; null where the outcome was known at once. */
    @GuardedBy("this")
    private @Nullable Message[] messages = {};

    /** How many outcomes of the current state are still to come. */
    @GuardedBy("this")
    private int missing;

    private TeeWrite(List<Output> targets, ByteBuffer chunk, Message.Listener listener) {
        this.targets = targets;
        this.chunk = chunk;
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
        TeeWrite write = new TeeWrite(targets, chunk, listener);
        write.offer(State.TURN);
        return write;
    }

    /** Offers a message to each output: one to wait for its turn, or the chunk. */
    private void offer(State next) {
        Throwable failure = null;
        boolean isAccepted = false;
        Message[] offered = new Message[targets.size()];
        synchronized (this) {
            if (state == State.DONE) {
                return;
            }
            state = next;
            messages = offered;
            missing = offered.length + 1; // the last one is this method
            for (int i = 0; i < offered.length; i++) {
                Message message = next == State.TURN ? Message.barrier() : Message.of(chunk.duplicate());
                if (next == State.SENDING) {
                    message.commit();
                }
                try {
                    if (!targets.get(i).offer(message)) {
                        offered[i] = message;
                    }
                    isAccepted = true;
                } catch (Throwable e) {
                    failure = failure == null ? e : failure;
                }
            }
            if (next == State.SENDING && isAccepted) {
                chunk.position(chunk.limit());
            }
        }
        for (int i = 0; i < offered.length; i++) {
            if (offered[i] != null) {
                targets.get(i).await(offered[i], why -> arrived(next, why));
            } else {
                arrived(next, null);
            }
        }
        arrived(next, failure);
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
