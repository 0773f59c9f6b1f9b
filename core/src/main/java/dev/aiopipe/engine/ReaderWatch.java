package dev.aiopipe.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Tells when the last reader of a pipe has gone, without a write: a copy of the <em>writing</em> end is watched for input, which a
 * pipe never has there, so that the only event is the error of a pipe nobody reads (poll(2), POLLERR). The copy must be closed with
 * the writer, or the reader would wait for its end in vain. Of a socket the end of its input is looked for. What can't be watched is found
 * out by the next write.
 */
final class ReaderWatch {
    /** Finds the number of the writing end. */
    interface Number {
        int get() throws IOException;
    }

    private static final Executor LATER =
            CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS, Blocking.EXECUTOR);

    private final Number number;
    private final boolean socket;
    private final Loop loop;
    private CompletableFuture<Void> gone; // guarded by this, as is all that follows
    private Copies<Void> copies;
    private Registration registration;
    private boolean closed;

    /** For a pipe with its number; or for what can't be watched with null. */
    ReaderWatch(Number number, Loop loop) {
        this(number, false, loop);
    }

    private ReaderWatch(Number number, boolean socket, Loop loop) {
        this.number = number;
        this.socket = socket;
        this.loop = loop;
        beginAnew();
    }

    /** For a socket: its peer has gone when its input has ended or failed. What comes before that has to be read first. */
    static ReaderWatch ofSocket(Number number, Loop loop) {
        return new ReaderWatch(number, true, loop);
    }

    private void beginAnew() {
        gone = new CompletableFuture<>();
        copies = new Copies<>(gone);
    }

    /** A future, each time another one, that completes when nobody reads any more, or fails when the writer is closed. Starts to watch, if need be. */
    synchronized CompletableFuture<Void> watch() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (number != null && NativeAccess.canAdopt()) {
            if (!socket && gone.isDone() && !LibC.hasNoReader(number.get())) {
                beginAnew(); // a FIFO's next reader has come
            }
            if (registration == null && !gone.isDone()) {
                Pipe.SourceChannel channel = Vessel.toRead(LibC.duplicate(number.get()));
                int copy = socket ? Vessel.numberOf(channel) : -1;
                registration = Registration.of(channel, loop);
                registration.input().onClose(cause -> end(cause));
                await(registration, copy);
            }
        }
        return copies.next();
    }

    private void await(Registration watched, int copy) {
        if (!watched.input().await(() -> look(watched, copy))) {
            look(watched, copy);
        }
    }

    /** There is news. Of a socket it may be input that nobody has read yet, and would be news again and again. */
    private void look(Registration watched, int copy) {
        if (!socket || LibC.isAtEnd(copy)) {
            end(null);
        } else {
            LATER.execute(() -> awaitAgain(watched, copy));
        }
    }

    private void awaitAgain(Registration watched, int copy) {
        synchronized (this) {
            if (registration != watched) {
                return;
            }
        }
        await(watched, copy);
    }

    /** What is not watched has been found out. */
    void readerGone() {
        CompletableFuture<Void> event;
        synchronized (this) {
            if (registration != null) {
                return;
            }
            event = gone;
        }
        event.complete(null);
    }

    /** The writer is about to be closed, or has failed. */
    void close(Throwable cause) {
        synchronized (this) {
            closed = true;
        }
        end(cause);
    }

    /** Ends the watch, closes its copy, and tells: null if the reader has gone. */
    private void end(Throwable cause) {
        CompletableFuture<Void> event;
        Registration watched;
        synchronized (this) {
            event = gone;
            watched = registration;
            registration = null;
        }
        try {
            if (watched != null) {
                watched.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (cause == null) {
                event.complete(null);
            } else {
                event.completeExceptionally(Release.because(new AsynchronousCloseException(), cause));
            }
        }
    }
}
