package dev.aiopipe.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;

/**
 * Tells when the last reader of a pipe has gone, without a write: a copy of the <em>writing</em> end is watched for input, which a
 * pipe never has there, so that the only event is the error of a pipe nobody reads (poll(2), POLLERR). The copy must be closed with
 * the writer, or the reader would wait for its end in vain. What can't be watched is found out by the next write.
 */
final class ReaderWatch {
    /** Finds the number of the writing end. */
    interface Number {
        int get() throws IOException;
    }

    private final Number number;
    private final Loop loop;
    private CompletableFuture<Void> gone; // guarded by this, as is all that follows
    private Copies<Void> copies;
    private Registration registration;
    private boolean closed;

    /** For a pipe with its number; or for what can't be watched with null. */
    ReaderWatch(Number number, Loop loop) {
        this.number = number;
        this.loop = loop;
        beginAnew();
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
        if (number != null && Fallback.hasLibC()) {
            if (gone.isDone() && !LibC.hasNoReader(number.get())) {
                beginAnew(); // a FIFO's next reader has come
            }
            if (registration == null && !gone.isDone()) {
                registration = Registration.of(Vessel.toRead(LibC.duplicate(number.get())), loop);
                Readiness input = registration.input();
                input.onClose(cause -> end(cause));
                if (!input.await(() -> end(null))) {
                    end(null);
                }
            }
        }
        return copies.next();
    }

    /** What is not watched has been found out. */
    void readerGone() {
        boolean watched;
        synchronized (this) {
            watched = registration != null;
        }
        if (!watched) {
            end(null);
        }
    }

    /** The writer is about to be closed, or has failed. */
    void close(Throwable cause) {
        synchronized (this) {
            closed = true;
        }
        end(cause);
    }

    /** Ends the watch and closes its copy: null if the reader has gone. */
    private void end(Throwable cause) {
        CompletableFuture<Void> event;
        Registration watched;
        synchronized (this) {
            event = gone;
            watched = registration;
            registration = null;
        }
        if (cause == null) {
            event.complete(null);
        } else {
            event.completeExceptionally(Release.because(new AsynchronousCloseException(), cause));
        }
        if (watched != null) {
            try {
                watched.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
