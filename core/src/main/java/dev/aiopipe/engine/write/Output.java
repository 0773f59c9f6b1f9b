package dev.aiopipe.engine.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.CloseExceptions;
import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The writing side of a stream: sends one {@link Message} after the other, in the order in which they were offered.
 *
 * <p>A thread that offers a message to an idle output sends it. When the kernel has no room, the loop's thread sends
 * the rest as soon as there is some. Sinks do not block, so that sending under the lock of this object is short. The
 * same lock guards messages: a message that is given up was either not begun, or is at the head of the queue with a
 * copy of its rest, which is <em>owed</em>. Listeners are called outside of the lock.
 *
 * <p>{@link SendQueue} has the states of an output.
 */
public final class Output implements Readiness.Waiter {
    private final String name;
    private final Readiness readiness;
    private final ReaderWatch watch;
    private final @Nullable String refusal;
    private final OutputResources resources;

    private final @Nullable DescriptorCopy copy;

    @GuardedBy("this")
    private final SendQueue queue;

    /** Keeps a companion from being garbage-collected. */
    @SuppressWarnings("unused")
    private @Nullable Object kept;

    /** Creates an open stream whose sink owns all that has to be closed. */
    public Output(ByteSink sink, Readiness readiness, ReaderWatch watch, String name) {
        this(sink, readiness, watch, name, () -> {});
    }

    /**
     * Creates an open stream.
     *
     * @param sink takes the bytes; closed with this
     * @param readiness reports when the kernel may take more; closed to fail the writers
     * @param watch reports when nobody reads
     * @param name what messages call the stream
     * @param resource closed after the sink
     */
    public Output(ByteSink sink, Readiness readiness, ReaderWatch watch, String name, Closeable resource) {
        this.name = name;
        this.readiness = readiness;
        this.watch = watch;
        this.refusal = null;
        this.copy = sink.copy();
        this.queue = new SendQueue(name, sink, readiness, this);
        this.resources = OutputResources.of(this, name, readiness, watch, sink, resource);
    }

    private Output(String refusal) {
        this.name = refusal;
        this.readiness = new Readiness(Readiness.NO_SIGNALS);
        this.watch = ReaderWatch.none();
        this.refusal = refusal;
        this.copy = null;
        this.resources = OutputResources.none(refusal, readiness);
        this.queue = new SendQueue(refusal, ByteBuffer::remaining, readiness, this);
    }

    /**
     * Creates an output that refuses each message, and can be closed.
     *
     * @param why the message of the {@link IllegalStateException}
     */
    public static Output refusing(String why) {
        return new Output(why);
    }

    /**
     * Sends a message after those that were offered before.
     *
     * @param message offered once
     * @return true if the kernel has all of it; false if the caller must {@link #await} the outcome, or {@link #cancel}
     * @throws ClosedChannelException if this is closed
     * @throws IOException if it can't be sent
     */
    public boolean offer(Message message) throws IOException {
        return offer(message, false);
    }

    /**
     * As {@link #offer}, but only if no other message waits.
     *
     * @return false if one does: then this message was not offered; or as {@code offer}
     */
    public boolean offerIfIdle(Message message) throws IOException {
        return offer(message, true);
    }

    private boolean offer(Message message, boolean onlyIfIdle) throws IOException {
        boolean ended;
        synchronized (this) {
            requireOpen();
            if ((onlyIfIdle && !queue.isIdle()) || !queue.offer(message)) {
                return false;
            }
            // The loop may have ended meanwhile.
            ended = queue.isClosed();
        }
        if (ended) {
            release();
        }
        notifyWatch(message);
        Threads.rethrow(message.failure());
        return true;
    }

    /** Returns whether all of an offered message was sent. */
    public synchronized boolean hasSent(Message message) {
        return message.isDone() && message.failure() == null;
    }

    /**
     * Throws if each message would be refused.
     *
     * @throws ClosedChannelException if this is closed
     */
    public synchronized void requireOpen() throws ClosedChannelException {
        if (refusal != null) {
            throw new IllegalStateException(refusal);
        } else if (isClosed()) {
            throw queue.closedBefore();
        }
    }

    /** Returns the copy of the descriptor, by which a {@link Message.Mover} may send; see {@link ByteSink#copy}. */
    public @Nullable DescriptorCopy copy() {
        return copy;
    }

    /**
     * Registers a listener for the outcome of a message; calls it at once if the outcome is known.
     *
     * @param message was offered
     * @param listener called once
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
     * Gives a message up: drops one that was not begun; owes the rest of one that was. When this returns its buffers
     * are the caller's again; its listener may still be called. If there is no memory to copy the rest to, the stream
     * is aborted.
     *
     * @param message was offered; may be given up more than once
     */
    public void cancel(Message message) {
        Message finished;
        boolean ended;
        synchronized (this) {
            if (message.isDone() || message.isOwed()) {
                return;
            }
            queue.cancel(message);
            ended = queue.settle() || queue.isClosed();
            finished = queue.takeFinished();
        }
        if (ended) {
            release();
        }
        notifyListeners(finished);
    }

    /** Sends more: the kernel may have room, or the stream was closed. Called by the loop's thread. */
    @Override
    public void wake() {
        Message finished;
        boolean ended;
        synchronized (this) {
            queue.woken();
            ended = queue.settle() || queue.isClosed();
            finished = queue.takeFinished();
        }
        notifyListeners(finished);
        if (ended) {
            release();
        }
    }

    /** Calls the listeners of linked messages. A listener that throws does not keep the others from being called. */
    private void notifyListeners(@Nullable Message first) {
        Message following;
        for (Message message = first; message != null; message = following) {
            following = message.next;
            message.next = null;
            try {
                message.notifyListener();
            } catch (Throwable e) {
                Threads.report(e);
            }
            notifyWatch(message);
        }
    }

    private void notifyWatch(Message message) {
        if (message.failure() instanceof BrokenPipeException) {
            watch.noteReaderGone();
        }
    }

    /** Returns whether no message waits: a moment's value. */
    public synchronized boolean isIdle() {
        return queue.isIdle();
    }

    /** Returns how many bytes are still to be sent of messages that were given up. */
    public synchronized int owed() {
        return queue.owed();
    }

    /**
     * Closes as soon as all messages are sent. Does not wait for that.
     *
     * @throws UncheckedIOException if the descriptor can't be closed
     */
    public void close() {
        Message failed;
        boolean ended;
        synchronized (this) {
            queue.close();
            ended = queue.settle();
            failed = queue.takeFinished();
        }
        Throwable problem = ended ? release() : null;
        notifyListeners(failed);
        throwUnchecked(problem);
    }

    /**
     * Closes at once: waiting messages fail with {@link AsynchronousCloseException}, owed bytes are lost.
     *
     * @throws UncheckedIOException if the descriptor can't be closed
     */
    public void abort() {
        Message failed;
        synchronized (this) {
            if (queue.isClosed()) {
                return;
            }
            queue.failAll(CloseExceptions.meanwhile(name + " was aborted here while a write waited", null));
            failed = queue.takeFinished();
        }
        Throwable problem = release();
        notifyListeners(failed);
        throwUnchecked(problem);
    }

    /**
     * Explains broken pipes from now on.
     *
     * @param reason follows "nobody reads stdin of cat: "; null while it is unknown. Must not block
     */
    public synchronized void explain(Supplier<@Nullable String> reason) {
        queue.explain(reason);
    }

    /** Keeps a companion alive, which would be closed if it became garbage while this is in use. */
    public void keep(Object companion) {
        kept = companion;
    }

    /**
     * Reports when nobody reads any more. Watches from now on, if that is possible; otherwise the next write finds out.
     *
     * @return completes when the last reader has gone; fails if this is closed before. Each call gives a new one, which
     *     may be cancelled
     * @throws IOException if this is closed, or the system has no descriptor left to watch with
     */
    @SuppressWarnings("ReachabilityFenceUsage") // the listener keeps this alive, whatever it does
    public CompletableFuture<Void> readerGone() throws IOException {
        if (refusal != null) {
            throw new IllegalStateException(refusal);
        } else if (readiness.closeCause() != null) {
            synchronized (this) {
                throw queue.closedBefore();
            }
        }
        CompletableFuture<Void> gone = watch.watch();
        // A wait keeps this output alive.
        gone.whenComplete((value, failure) -> Reference.reachabilityFence(this));
        return gone;
    }

    /**
     * Watches the last reader, if it can be seen that no other one follows it.
     *
     * @return as {@link #readerGone}, to be {@linkplain #leave left}; null if the next write has to find out
     * @throws IOException if this is closed, or the system has no descriptor left to watch with
     */
    @Nullable
    CompletableFuture<Void> lastReaderGone() throws IOException {
        return watch.seesFinalEnd() ? readerGone() : null;
    }

    /** Gives up a wait for {@link #lastReaderGone}. */
    void leave(CompletableFuture<Void> wait) {
        try {
            watch.leave(wait);
        } catch (IOException e) {
            Threads.report(e); // of the watch's own descriptor; the output is as it was
        }
    }

    /** Returns a new exception for a call that waits, though not for this output, when nobody reads any more. */
    synchronized BrokenPipeException brokenPipe() {
        return queue.brokenPipe(null);
    }

    /**
     * Reports the end of this output.
     *
     * @return completes when the descriptor is closed; fails if owed bytes were lost, or if the loop ended before. Each
     *     call gives a new one, which may be cancelled
     */
    public CompletableFuture<Void> closed() {
        return resources.closed();
    }

    private @Nullable Throwable release() {
        Throwable loss;
        synchronized (this) {
            loss = queue.loss();
        }
        return resources.release(loss);
    }

    private static void throwUnchecked(@Nullable Throwable problem) {
        try {
            Threads.rethrow(problem);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns what this is doing, in words: a moment's value. */
    public synchronized String state() {
        return refusal == null ? queue.describe() : "redirected";
    }

    /** Returns a new exception for a call that waits, though not for this output, when this output is closed. */
    public IOException closedMeanwhile() {
        return CloseReasons.meanwhile(name, readiness.closeCause());
    }

    /** Returns the name of the stream, its state, and what it owes. */
    @Override
    public String toString() {
        if (refusal != null) {
            return refusal;
        }
        int owed = owed();
        return name + ", " + (isClosed() ? "closed" : "open") + (owed == 0 ? "" : ", owes " + owed + " bytes");
    }

    private synchronized boolean isClosed() {
        return !queue.isOpen() || readiness.closeCause() != null;
    }
}
