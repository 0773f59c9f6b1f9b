package dev.aiopipe.engine.write;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.CloseExceptions;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.FutureFanOut;
import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The writing side of a stream: sends one {@link Message} after the other, in the order in which they were offered.
 *
 * <pre>
 *     OPEN ──── close ────► CLOSING ──── nothing is left to send ────► CLOSED
 *       └──── abort, the end of the loop, or a message that is torn ────►
 * </pre>
 *
 * <p>Whoever offers a message to an idle output sends on its own thread; what the kernel has no room for is sent by the loop's thread
 * when it has. Sinks do not block, so that sending under the lock is short, and a message that is given up is either not begun,
 * or is at the head of the queue with the rest of it copied: owed. Listeners are told outside of the lock.
 *
 * <p>A message that fails does not keep the others from being sent. The exception is one that is torn: a part of it was sent, and an
 * error, as of a full heap, keeps the rest from following. Nothing may come after that part, so the output is aborted.
 */
public final class Output implements Readiness.Waiter {
    private enum State {
        OPEN,
        CLOSING,
        CLOSED
    }

    /** What is sent in one go, before others get the lock and other streams the loop's thread. */
    private static final int BUDGET = 64 * 1024;

    private static final int SPARE_FRAMES = 100; // more than the JDK's channels need

    private final ByteSink sink;
    private final Readiness readiness;
    private final ReaderWatch watch;
    private final String refusal;
    private final CloseOnce release;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final FutureFanOut<Void> closings = new FutureFanOut<>(closed);
    private volatile Supplier<String> hint = () -> null;
    private final MessageQueue queue = new MessageQueue(); // guarded by this, as is all that follows
    private final MessageQueue through = new MessageQueue(); // to be told as soon as the lock is left
    private State state = State.OPEN;
    private boolean waiting; // for the readiness
    private Throwable lost; // why bytes that had to follow were not sent
    private Throwable tearing; // the error that has torn a message
    private Object kept; // never read: this is what keeps it

    /**
     * A stream that is open.
     *
     * @param sink where the bytes go; this owns it from now on
     * @param readiness tells when the kernel may take more; closed to fail the writers
     * @param watch tells when nobody reads
     */
    public Output(ByteSink sink, Readiness readiness, ReaderWatch watch) {
        this(sink, readiness, watch, null);
    }

    private Output(ByteSink sink, Readiness readiness, ReaderWatch watch, String refusal) {
        this.sink = sink;
        this.readiness = readiness;
        this.watch = watch;
        this.refusal = refusal;
        this.release = refusal == null ? CloseOnce.of(this, "PipeWriter", new Ending(watch, sink)) : CloseOnce.NOTHING;
        CompletableFuture<Void> future = closed; // the readiness must not reach this object, which may be collected
        CloseOnce closing = release;
        readiness.onClose(cause -> {
            if (cause != CloseOnce.BY_OWNER) {
                watch.close(cause);
                closing.closeWithLoop(cause);
                future.completeExceptionally(closedMeanwhile(sink, cause));
            }
        });
    }

    /**
     * What refuses every message.
     *
     * @param why the message of the {@link IllegalStateException}
     * @return an output that can be closed
     */
    public static Output refusing(String why) {
        return new Output(null, new Readiness(Readiness.NO_SIGNALS), new ReaderWatch(null, null), why);
    }

    /**
     * Sends a message behind those that were offered before.
     *
     * @param message offered once
     * @return true if the kernel has all of it; false if the caller has to {@link #await} the outcome, or to {@link #cancel}
     * @throws ClosedChannelException if this is closed
     * @throws IOException if it can't be sent
     */
    public boolean offer(Message message) throws IOException {
        boolean ended;
        synchronized (this) {
            requireOpen();
            if (!message.hasUnsent() && !(message.isBarrier() && !queue.isEmpty())) {
                return true;
            }
            boolean idle = queue.isEmpty();
            Threads.requireStack(SPARE_FRAMES); // or the JDK's channel might stay locked, and this message in the queue
            queue.add(message);
            if (!idle) {
                return false;
            }
            send(); // this one message
            if (!message.isDone()) {
                return false;
            }
            through.takeAll(); // this one: the caller is told here
            ended = state == State.CLOSED; // so has the loop, meanwhile
        }
        if (ended) {
            release();
        }
        tellWatch(message);
        Message.rethrow(message.failure());
        return true;
    }

    /**
     * Refuses what would be refused of every message.
     *
     * @throws ClosedChannelException if this is closed
     */
    public synchronized void requireOpen() throws ClosedChannelException {
        if (refusal != null) {
            throw new IllegalStateException(refusal);
        } else if (isClosed()) {
            throw closedBefore();
        }
    }

    /**
     * Has the outcome of an offered message told, at once if it is known.
     *
     * @param message was offered
     * @param listener told once
     */
    public void await(Message message, Message.Listener listener) {
        synchronized (this) {
            if (!message.isDone()) {
                message.listener(listener);
                return;
            }
        }
        listener.done(message.failure());
    }

    /**
     * Gives a message up: one that was not begun is dropped, the rest of one that was begun is owed. When this returns its buffers are
     * the caller's again; its listener may still be told. Where there is no memory to copy the rest to, the message is torn.
     *
     * @param message was offered; may be given up more than once
     */
    public void cancel(Message message) {
        Message failed;
        boolean ended;
        synchronized (this) {
            if (message.isDone() || message.isOwed()) {
                return;
            } else if (message.isDroppable()) {
                queue.remove(message);
                message.finish(new CancellationException());
            } else {
                try {
                    message.owe();
                } catch (Throwable e) {
                    tear(e);
                }
            }
            ended = drained() || state == State.CLOSED;
            failed = through.takeAll();
        }
        if (ended) {
            release();
        }
        tell(failed);
    }

    /** The loop's thread: the kernel may have room, or the stream was closed. */
    @Override
    public void wake() {
        Message finished;
        boolean ended;
        synchronized (this) {
            send();
            ended = drained() || state == State.CLOSED;
            finished = through.takeAll();
        }
        tell(finished);
        if (ended) {
            release();
        }
    }

    /** Tells the listeners of a message and of those that are linked to it. Who throws does not keep the others from being told. */
    private void tell(Message first) {
        Message following;
        for (Message message = first; message != null; message = following) {
            following = message.next;
            message.next = null;
            try {
                message.tell();
            } catch (Throwable e) {
                Threads.report(e);
            }
            tellWatch(message);
        }
    }

    private void tellWatch(Message message) {
        if (message.failure() instanceof BrokenPipeException) {
            watch.readerGone();
        }
    }

    /** Sends what the kernel has room for. */
    private void send() {
        stopWaiting();
        long budget = BUDGET;
        while (!queue.isEmpty() && !waiting) {
            if (readiness.closeCause() != null) {
                fail(closedMeanwhile(sink, readiness.closeCause()));
                return;
            }
            Message head = queue.peek();
            long before = head.unsentBytes();
            Throwable failure = null;
            boolean sent = false;
            try {
                sent = budget > 0 && head.send(sink, budget) && sink.isFlushed();
                budget -= before - head.unsentBytes();
                if (!sent) {
                    waiting = readiness.await(this);
                    budget = BUDGET; // if there are news they are spent, and no others may come: they have to be used
                }
            } catch (Throwable e) {
                failure = e;
            }
            if (sent || failure != null && readiness.closeCause() == null) {
                readiness.cancel(this); // a wait may have begun, and failed
                finish(queue.poll(), explained(failure));
                if (failure != null && !(failure instanceof IOException) && head.isStarted()) {
                    tear(failure);
                }
            }
        }
    }

    private Throwable explained(Throwable failure) {
        String why = failure instanceof BrokenPipeException ? hint.get() : null;
        return why == null ? failure : new BrokenPipeException(failure.getMessage() + ": " + why, failure);
    }

    private void finish(Message message, Throwable failure) {
        message.finish(failure);
        if (failure != null && message.isOwed()) {
            lost = failure;
        }
        through.add(message);
    }

    /** Closes at once: all that is queued fails. */
    private void fail(Throwable cause) {
        state = State.CLOSED;
        stopWaiting();
        while (!queue.isEmpty()) {
            finish(queue.poll(), cause);
        }
    }

    /** A part of a message was sent, and the rest can't be: nothing may follow. */
    private void tear(Throwable error) {
        tearing = error;
        lost = closedMeanwhile(sink, error);
        fail(lost);
    }

    private void stopWaiting() {
        if (waiting) {
            waiting = false;
            readiness.cancel(this);
        }
    }

    /** Whether a graceful close has come to its end, just now. */
    private boolean drained() {
        if (queue.isEmpty()) {
            stopWaiting();
            if (state == State.CLOSING) {
                state = State.CLOSED;
                return true;
            }
        }
        return false;
    }

    /**
     * Whether no message waits.
     *
     * @return a moment's value
     */
    public synchronized boolean isIdle() {
        return queue.isEmpty();
    }

    /**
     * How much is still to be sent of messages that were given up.
     *
     * @return a count of bytes
     */
    public synchronized int owed() {
        long owed = 0;
        for (Message message = queue.peek(); message != null; message = message.next) {
            owed += message.isOwed() ? message.unsentBytes() : 0;
        }
        return (int) Math.min(owed, Integer.MAX_VALUE);
    }

    /**
     * Closes as soon as all that was offered is sent. Does not wait for that.
     *
     * @throws UncheckedIOException if the sink can't be closed
     */
    public void close() {
        boolean drained;
        synchronized (this) {
            if (state == State.OPEN) {
                state = State.CLOSING;
            }
            drained = drained();
        }
        if (drained) {
            throwUnchecked(release());
        }
    }

    /**
     * Closes at once: messages that wait fail with {@link AsynchronousCloseException}, owed bytes are lost.
     *
     * @throws UncheckedIOException if the sink can't be closed
     */
    public void abort() {
        Message failed;
        synchronized (this) {
            if (state == State.CLOSED) {
                return;
            }
            fail(CloseExceptions.meanwhile(sink + " was aborted here while a write waited", null));
            failed = through.takeAll();
        }
        Throwable problem = release();
        tell(failed);
        throwUnchecked(problem);
    }

    /**
     * Has broken pipes explained.
     *
     * @param why follows on "nobody reads stdin of cat: "; null while nothing is known. Must not block
     */
    public void explain(Supplier<String> why) {
        hint = why;
    }

    /**
     * Keeps something else alive, which would be closed if it became garbage while this is in use.
     *
     * @param companion of this
     */
    public void keep(Object companion) {
        kept = companion;
    }

    /**
     * When nobody reads any more. What can be watched is watched from here on; else the next write finds out.
     *
     * @return completes when the last reader has gone; fails if this is closed before. Each call gives a new one, which may be cancelled
     * @throws IOException if this is closed, or the system has no descriptor left to watch with
     */
    public CompletableFuture<Void> readerGone() throws IOException {
        if (refusal != null) {
            throw new IllegalStateException(refusal);
        } else if (readiness.closeCause() != null) {
            throw closedBefore();
        }
        CompletableFuture<Void> gone = watch.watch();
        gone.whenComplete((value, failure) -> Reference.reachabilityFence(this)); // while somebody waits this is in use
        return gone;
    }

    /**
     * The end of this output.
     *
     * @return completes when the sink is closed; exceptionally if owed bytes were lost, or if the loop ended before. Each call gives a
     *     new one, which may be cancelled
     */
    public CompletableFuture<Void> closed() {
        return closings.next();
    }

    /** Closes what this owns, and tells of the end. What fails to close is returned, and told to those who wait for the end. */
    private Throwable release() {
        Throwable problem = null;
        // The watch before the readiness: while it asks for the number, the loop's end must not close the channel.
        try {
            watch.close(CloseExceptions.before(closedBy(sink, null), null));
        } catch (Throwable e) {
            problem = e;
        }
        readiness.close(CloseOnce.BY_OWNER);
        try {
            release.close();
        } catch (Throwable e) {
            problem = e;
        }
        Throwable why =
                readiness.closeCause() == CloseOnce.BY_OWNER ? problem : closedMeanwhile(sink, readiness.closeCause());
        synchronized (this) {
            why = lost == null ? why : lost;
        }
        if (why == null) {
            closed.complete(null);
        } else {
            closed.completeExceptionally(why);
        }
        return problem;
    }

    private static void throwUnchecked(Throwable problem) {
        try {
            Message.rethrow(problem);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What this is doing: a moment's value, in words. */
    public synchronized String state() {
        if (refusal != null) {
            return "redirected";
        } else if (state == State.OPEN && !queue.isEmpty()) {
            return "open, a write waits";
        }
        return state.name().toLowerCase(Locale.ROOT);
    }

    /**
     * What fails a call that waits, though not for this output, when this output is closed.
     *
     * @return a new exception
     */
    public IOException closedMeanwhile() {
        return closedMeanwhile(sink, readiness.closeCause());
    }

    /** The name of the stream, its state, and what it owes. */
    @Override
    public String toString() {
        if (sink == null) {
            return refusal;
        }
        int owed = owed();
        return sink + ", " + (isClosed() ? "closed" : "open") + (owed == 0 ? "" : ", owes " + owed + " bytes");
    }

    private synchronized boolean isClosed() {
        return state != State.OPEN || readiness.closeCause() != null;
    }

    private ClosedChannelException closedBefore() {
        Throwable cause = readiness.closeCause();
        synchronized (this) {
            if (tearing != null) {
                cause = tearing;
            }
        }
        return CloseExceptions.before(closedBy(sink, cause), cause);
    }

    private static IOException closedMeanwhile(ByteSink sink, Throwable cause) {
        return CloseExceptions.meanwhile(closedBy(sink, cause), cause);
    }

    private static String closedBy(ByteSink sink, Throwable cause) {
        return cause == null || cause == CloseOnce.BY_OWNER
                ? sink + " was closed here"
                : sink + " was closed: " + cause;
    }

    /** What closes with an output, and does not reach it. The watch first: it has a copy of the writing end. */
    private record Ending(ReaderWatch watch, ByteSink sink) implements Closeable {
        @Override
        public void close() throws IOException {
            try (sink) {
                watch.close(CloseOnce.BY_OWNER);
            }
        }

        @Override
        public String toString() {
            return sink.toString();
        }
    }
}
