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
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private final Copies<Void> copies = new Copies<>(gone);
    private Registration registration; // guarded by this, as is all that follows
    private boolean closed;

    /** For a pipe with its number; or for what can't be watched with null. */
    ReaderWatch(Number number, Loop loop) {
        this.number = number;
        this.loop = loop;
    }

    /** A future, each time another one, that completes when nobody reads any more, or fails when the writer is closed. Starts to watch, if need be. */
    synchronized CompletableFuture<Void> watch() throws IOException {
        if (closed && !gone.isDone()) {
            throw new ClosedChannelException();
        }
        if (number != null && registration == null && !gone.isDone() && Fallback.hasLibC()) {
            registration = Registration.of(Vessel.toRead(LibC.duplicate(number.get())), loop);
            Readiness input = registration.input();
            input.onClose(cause -> fail(cause));
            if (!input.await(this::readerGone)) {
                readerGone();
            }
        }
        return copies.next();
    }

    /** An event, or a write that failed, has told. */
    void readerGone() {
        gone.complete(null);
        closeCopy();
    }

    /** The writer is about to be closed, or has failed. */
    void close(Throwable cause) {
        fail(cause);
        closeCopy();
    }

    private void fail(Throwable cause) {
        gone.completeExceptionally(Release.because(new AsynchronousCloseException(), cause));
    }

    private void closeCopy() {
        Registration watched;
        synchronized (this) {
            closed = true;
            watched = registration;
            registration = null;
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
