package dev.aiopipe.engine.write;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.ChunkSize;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The messages that an {@link Output} still has to send, and whether it takes more.
 *
 * <pre>
 *     OPEN ──── close ────► CLOSING ──── nothing is left to send ────► CLOSED
 *       └──── abort, the end of the loop, or a torn message ─────────────►
 * </pre>
 *
 * <p>A message is <em>torn</em> if a part of it was sent, and an error, such as a full heap, keeps the rest from
 * following. Nothing may come after that part, so all other messages fail. Any other failure fails its own message
 * only.
 *
 * <p>Not thread-safe: the output holds its lock during each call. Finished messages are kept for {@link #takeFinished},
 * so that the output calls their listeners after it has left the lock.
 */
final class SendQueue {
    private enum State {
        OPEN,
        CLOSING,
        CLOSED
    }

    /** How many bytes are sent in one go, before others get the lock, and other streams get the loop's thread. */
    private static final int BUDGET = ChunkSize.BYTES;

    /** More than the JDK's channels need. */
    private static final int SPARE_FRAMES = 100;

    private final String name;
    private final ByteSink sink;
    private final Readiness readiness;
    private final Readiness.Waiter waiter;
    private final MessageQueue unsent = new MessageQueue();
    private final MessageQueue finished = new MessageQueue();
    private State state = State.OPEN;

    /** Whether the waiter waits for the readiness. */
    private boolean waiting;

    /** Why bytes that had to follow were not sent. */
    private @Nullable Throwable loss;

    /** The error that has torn a message. */
    private @Nullable Throwable tearing;

    private Supplier<@Nullable String> explanation = () -> null;

    /**
     * Creates an open queue.
     *
     * @param name of the stream
     * @param waiter must call {@link #send} when it is woken
     */
    SendQueue(String name, ByteSink sink, Readiness readiness, Readiness.Waiter waiter) {
        this.name = name;
        this.sink = sink;
        this.readiness = readiness;
        this.waiter = waiter;
    }

    /** Explains broken pipes from now on; see {@link Output#explain}. */
    void explain(Supplier<@Nullable String> reason) {
        explanation = reason;
    }

    /**
     * Appends a message, and sends it if it is the only one. Returns false if it has to wait, true if its outcome is
     * known.
     */
    boolean offer(Message message) {
        boolean idle = unsent.isEmpty();
        if (message.isNothing(idle)) {
            return true;
        }
        // An overflow later would leave the JDK's channel locked, and this message in the queue.
        Threads.requireStack(SPARE_FRAMES);
        unsent.add(message);
        if (!idle) {
            return false;
        }
        send();
        if (!message.isDone()) {
            return false;
        }
        // Removes this message alone, whose outcome the caller reports.
        finished.takeAll();
        return true;
    }

    /**
     * Sends after a wake-up. Ends a wait for room at its second signal: the loop may have looked for the first one
     * before the wait, and the room may be used up since. The second one is of a later look.
     */
    void woken() {
        Message head = unsent.peek();
        boolean isStale = waiting && readiness.cancel(waiter); // it was due to an earlier wait
        boolean isSignalled = waiting && !isStale && readiness.closeCause() == null;
        if (isSignalled && head != null && head.isRoom() && sink.signalsRoom() && head.noteSignal()) {
            unsent.poll();
            finish(head, null);
        }
        send();
    }

    /** Sends as much as the kernel has room for, or one budget. */
    void send() {
        stopWaiting();
        long budget = BUDGET;
        for (Message head = unsent.peek(); head != null && !waiting; head = unsent.peek()) {
            Throwable closeCause = readiness.closeCause();
            if (closeCause != null) {
                failAll(CloseReasons.meanwhile(name, closeCause));
                return;
            }
            long before = head.unsentBytes();
            Throwable failure = null;
            boolean sent = false;
            try {
                sent = head.isRoom() ? hasRoom() : budget > 0 && head.send(sink, budget) && sink.isFlushed();
                budget -= before - head.unsentBytes();
                if (!sent && !waiting) {
                    waiting = readiness.await(waiter);
                    // Without a wait, a signal was used up, and no other one may come. So this must try again.
                    budget = BUDGET;
                }
            } catch (Throwable e) {
                failure = e;
            }
            if (sent || (failure != null && readiness.closeCause() == null)) {
                // A wait may have begun, and failed.
                readiness.cancel(waiter);
                Throwable outcome = failure == null ? null : explained(failure);
                unsent.poll();
                finish(head, outcome);
                if (failure != null && !(failure instanceof IOException) && head.isStarted()) {
                    tear(failure);
                }
            }
        }
    }

    /** Returns whether a write would not wait. If that is not known, waits for a signal: see {@link #woken}. */
    private boolean hasRoom() throws IOException {
        if (!sink.signalsRoom()) {
            return sink.isFlushed();
        }
        // The first call may only use up a signal of the past. If no signal comes any more, the next write finds out.
        for (int tries = 0; tries < 2 && !waiting; tries++) {
            waiting = readiness.await(waiter);
        }
        return !waiting;
    }

    /**
     * Makes a broken pipe of any failure of an open stream: it has no other one, and the operating system's text is in
     * the user's language. Must not throw, or the message would not be finished.
     */
    private Throwable explained(Throwable failure) {
        if (!(failure instanceof IOException)
                || failure instanceof ClosedChannelException
                || !sink.failsWithoutReader()) {
            return failure;
        }
        try {
            return brokenPipe(failure);
        } catch (Throwable e) {
            failure.addSuppressed(e);
            return failure;
        }
    }

    /** Returns a new exception that says why nobody reads. */
    BrokenPipeException brokenPipe(@Nullable Throwable cause) {
        String reason = explanation.get();
        return new BrokenPipeException("nobody reads " + name + (reason == null ? "" : ": " + reason), cause);
    }

    /**
     * Drops a message that was not begun, or copies the rest of one that was. If there is no memory for the copy, tears
     * it.
     */
    void cancel(Message message) {
        if (message.isDroppable()) {
            unsent.remove(message);
            message.finish(new CancellationException());
        } else {
            try {
                message.owe();
            } catch (Throwable e) {
                tear(e);
            }
        }
    }

    private void finish(Message message, @Nullable Throwable failure) {
        message.finish(failure);
        if (failure != null && message.isOwed()) {
            loss = failure;
        }
        finished.add(message);
    }

    /** Closes at once: fails all messages. */
    void failAll(Throwable cause) {
        state = State.CLOSED;
        stopWaiting();
        for (Message message = unsent.poll(); message != null; message = unsent.poll()) {
            finish(message, cause);
        }
    }

    private void tear(Throwable error) {
        tearing = error;
        Throwable failure = CloseReasons.meanwhile(name, error);
        loss = failure;
        failAll(failure);
    }

    private void stopWaiting() {
        if (waiting) {
            waiting = false;
            readiness.cancel(waiter);
        }
    }

    /**
     * Takes no more messages, and closes when all are sent: the caller must {@link #settle}. Waits for room fail, as
     * nobody can write there any more.
     */
    void close() {
        if (state == State.OPEN) {
            state = State.CLOSING;
            Message following;
            for (Message message = unsent.peek(); message != null; message = following) {
                following = message.next;
                if (message.isRoom()) {
                    unsent.remove(message);
                    finish(message, CloseReasons.meanwhile(name, null));
                }
            }
        }
    }

    /** Stops waiting if nothing is left to send, and ends a graceful close. Returns whether this call has ended it. */
    boolean settle() {
        if (unsent.isEmpty()) {
            stopWaiting();
            if (state == State.CLOSING) {
                state = State.CLOSED;
                return true;
            }
        }
        return false;
    }

    /** Returns the first finished message, to which the others are linked; null if there is none. */
    @Nullable
    Message takeFinished() {
        return finished.takeAll();
    }

    boolean isOpen() {
        return state == State.OPEN;
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    boolean isIdle() {
        return unsent.isEmpty();
    }

    /** Returns how many bytes are unsent of messages that were given up. */
    int owed() {
        long owed = 0;
        for (Message message = unsent.peek(); message != null; message = message.next) {
            owed += message.isOwed() ? message.unsentBytes() : 0;
        }
        return (int) Math.min(owed, Integer.MAX_VALUE);
    }

    /** Returns why owed bytes, or the rest of a message, were not sent; null if none were lost. */
    @Nullable
    Throwable loss() {
        return loss;
    }

    /** Reports a call after the close. */
    ClosedChannelException closedBefore() {
        return CloseReasons.before(name, tearing == null ? readiness.closeCause() : tearing);
    }

    /** Returns the state in words. */
    String describe() {
        return state == State.OPEN && !unsent.isEmpty()
                ? "open, a write waits"
                : state.name().toLowerCase(Locale.ROOT);
    }
}
