package dev.aiopipe.engine;

import dev.aiopipe.BrokenPipeException;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

/**
 * The writing side of a stream: sends one {@link Message} after the other, in the order in which they were offered.
 *
 * <pre>
 *     OPEN ──── close ────► CLOSING ──── nothing is left to send ────► CLOSED
 *       └────────────────────── abort, or the end of the loop ──────────►
 * </pre>
 *
 * <p>Whoever offers a message to an idle outbox sends on its own thread; what the kernel has no room for is sent by the loop's thread
 * when it has. Sinks do not block, so that sending under the lock is short, and a message that is given up is either not begun,
 * or is at the head of the queue with the rest of it copied: owed. Listeners are told outside of the lock.
 */
public final class Outbox implements Readiness.Waiter {
    private enum State {
        OPEN,
        CLOSING,
        CLOSED
    }

    /** What is sent in one go, before others get the lock and other streams the loop's thread. */
    private static final int BUDGET = 64 * 1024;

    private final ByteSink sink;
    private final Readiness readiness;
    private final ReaderWatch watch;
    private final String refusal;
    private final Release release;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Copies<Void> closings = new Copies<>(closed);
    private final Queue<Message> queue = new ArrayDeque<>(); // guarded by this, as is all that follows
    private State state = State.OPEN;
    private boolean waiting; // for the readiness
    private Throwable lost; // why owed bytes were not sent

    /**
     * A stream that is open.
     *
     * @param sink where the bytes go; this owns it from now on
     * @param readiness tells when the kernel may take more; closed to fail the writers
     * @param watch tells when nobody reads
     */
    Outbox(ByteSink sink, Readiness readiness, ReaderWatch watch) {
        this(sink, readiness, watch, null);
    }

    private Outbox(ByteSink sink, Readiness readiness, ReaderWatch watch, String refusal) {
        this.sink = sink;
        this.readiness = readiness;
        this.watch = watch;
        this.refusal = refusal;
        this.release = refusal == null ? Release.of(this, "PipeWriter", new Ending(watch, sink)) : Release.NOTHING;
        CompletableFuture<Void> future = closed; // the readiness must not reach this object, which may be collected
        Release closing = release;
        readiness.onClose(cause -> {
            if (cause != Release.BY_OWNER) {
                watch.close(cause);
                closing.closeWithLoop(cause);
                future.completeExceptionally(closedBy(cause));
            }
        });
    }

    /**
     * What refuses every message.
     *
     * @param why the message of the {@link IllegalStateException}
     * @return an outbox that can be closed
     */
    public static Outbox refusing(String why) {
        return new Outbox(null, new Readiness(Readiness.NO_SIGNALS), new ReaderWatch(null, null), why);
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
            if (!message.hasUnsent() && !(message.isTurn() && !queue.isEmpty())) {
                return true;
            }
            queue.add(message);
            if (queue.size() > 1) {
                return false;
            }
            send(); // this one message
            if (!message.isDone()) {
                return false;
            }
            ended = state == State.CLOSED; // so has the loop, meanwhile
        }
        if (ended) {
            release();
        }
        tellWatch(message);
        if (message.failure() instanceof IOException e) {
            throw e;
        }
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
        } else if (state != State.OPEN || readiness.closeCause() != null) {
            throw Release.because(new ClosedChannelException(), readiness.closeCause());
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
     * the caller's again; its listener may still be told.
     *
     * @param message was offered; may be given up more than once
     */
    public void cancel(Message message) {
        boolean drained;
        synchronized (this) {
            if (!message.isDone() && message.isStarted()) {
                if (!message.isOwed()) {
                    message.owe();
                }
            } else if (queue.remove(message)) {
                message.finish(new CancellationException());
            }
            drained = drained();
        }
        if (drained) {
            release();
        }
    }

    /** The loop's thread: the kernel may have room, or the stream was closed. */
    @Override
    public void wake() {
        List<Message> through;
        boolean ended;
        synchronized (this) {
            through = send();
            ended = drained() || state == State.CLOSED;
        }
        for (Message message : through) {
            tellWatch(message);
            message.tell();
        }
        if (ended) {
            release();
        }
    }

    private void tellWatch(Message message) {
        if (message.failure() instanceof BrokenPipeException) {
            watch.readerGone();
        }
    }

    /** Sends what the kernel has room for. Returns the messages that are through, for the caller to tell outside of the lock. */
    private List<Message> send() {
        stopWaiting();
        List<Message> through = new ArrayList<>(1);
        long budget = BUDGET;
        while (!queue.isEmpty() && !waiting) {
            if (readiness.closeCause() != null) {
                through.addAll(fail(closedBy(readiness.closeCause())));
                break;
            }
            Message head = queue.peek();
            long before = head.unsentBytes();
            IOException failure = null;
            boolean sent = false;
            try {
                sent = budget > 0 && head.send(sink, budget) && sink.isFlushed();
            } catch (IOException e) {
                failure = e;
            }
            budget -= before - head.unsentBytes();
            if (sent || failure != null && readiness.closeCause() == null) {
                through.add(finish(queue.poll(), failure));
            } else if (failure == null) {
                waiting = readiness.await(this);
                budget = BUDGET; // if there are news they are spent, and no others may come: they have to be used
            }
        }
        return through;
    }

    private Message finish(Message message, Throwable failure) {
        message.finish(failure);
        if (failure != null && message.isOwed()) {
            lost = failure;
        }
        return message;
    }

    /** Closes at once: all that is queued fails. */
    private List<Message> fail(Throwable cause) {
        state = State.CLOSED;
        stopWaiting();
        List<Message> failed = new ArrayList<>(queue);
        queue.clear();
        failed.forEach(message -> finish(message, cause));
        return failed;
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
     * How much is still to be sent of messages that were given up.
     *
     * @return a count of bytes
     */
    public synchronized int owed() {
        long owed = 0;
        for (Message message : queue) {
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
            release();
        }
    }

    /**
     * Closes at once: messages that wait fail with {@link AsynchronousCloseException}, owed bytes are lost.
     *
     * @throws UncheckedIOException if the sink can't be closed
     */
    public void abort() {
        List<Message> failed;
        synchronized (this) {
            if (state == State.CLOSED) {
                return;
            }
            failed = fail(new AsynchronousCloseException());
        }
        try {
            release();
        } finally {
            failed.forEach(Message::tell);
        }
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
            throw Release.because(new ClosedChannelException(), readiness.closeCause());
        }
        return watch.watch();
    }

    /**
     * The end of this outbox.
     *
     * @return completes when the sink is closed; exceptionally if owed bytes were lost, or if the loop ended before. Each call gives a
     *     new one, which may be cancelled
     */
    public CompletableFuture<Void> closed() {
        return closings.next();
    }

    private void release() {
        readiness.close(Release.BY_OWNER);
        try {
            release.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            Throwable why = readiness.closeCause() == Release.BY_OWNER ? null : closedBy(readiness.closeCause());
            synchronized (this) {
                why = lost == null ? why : lost;
            }
            if (why == null) {
                closed.complete(null);
            } else {
                closed.completeExceptionally(why);
            }
        }
    }

    @Override
    public String toString() {
        return sink == null ? refusal : sink.toString();
    }

    private static IOException closedBy(Throwable cause) {
        return Release.because(new AsynchronousCloseException(), cause);
    }

    /** What closes with an outbox, and does not reach it. The watch first: it has a copy of the writing end. */
    private record Ending(ReaderWatch watch, ByteSink sink) implements Closeable {
        @Override
        public void close() throws IOException {
            try (sink) {
                watch.close(Release.BY_OWNER);
            }
        }

        @Override
        public String toString() {
            return sink.toString();
        }
    }
}
