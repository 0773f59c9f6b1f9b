package dev.aiopipe.engine.write;

import dev.aiopipe.engine.linux.AdoptedChannel;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.engine.support.FutureFanOut;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Tells when the last reader of a pipe has gone, without a write: a copy of the <em>writing</em> end is watched for input, which a
 * pipe never has there, so that the only event is the error of a pipe nobody reads (poll(2), POLLERR). The copy must be closed with
 * the writer, or the reader would wait for its end in vain. Of a socket the end of its input is looked for. What can't be watched is found
 * out by the next write.
 */
public final class ReaderWatch {
    /** Finds the number of the writing end. */
    public interface Number {
        int get() throws IOException;
    }

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Number number;
    private final boolean socket;
    private final Loop loop;
    private CompletableFuture<Void> gone; // guarded by this, as is all that follows
    private FutureFanOut<Void> copies;
    private Registration registration;
    private Throwable closeCause;

    /** For a pipe with its number; or for what can't be watched with null. */
    public ReaderWatch(Number number, Loop loop) {
        this(number, false, loop);
    }

    private ReaderWatch(Number number, boolean socket, Loop loop) {
        this.number = number;
        this.socket = socket;
        this.loop = loop;
        beginAnew();
    }

    /** For a socket: its peer has gone when its input has ended or failed. What comes before that has to be read first. */
    public static ReaderWatch ofSocket(Number number, Loop loop) {
        return new ReaderWatch(number, true, loop);
    }

    private void beginAnew() {
        gone = new CompletableFuture<>();
        copies = new FutureFanOut<>(gone);
    }

    /** A future, each time another one, that completes when nobody reads any more, or fails when the writer is closed. Starts to watch, if need be. */
    synchronized CompletableFuture<Void> watch() throws IOException {
        if (closeCause != null) {
            throw CloseOnce.because(new ClosedChannelException(), closeCause);
        }
        if (number != null && NativeAccess.canAdopt()) {
            if (!socket && gone.isDone() && !LibC.hasNoReader(number.get())) {
                beginAnew(); // a FIFO's next reader has come
            }
            if (registration == null && !gone.isDone()) {
                Pipe.SourceChannel channel = AdoptedChannel.toRead(LibC.duplicate(number.get()));
                int copy = socket ? AdoptedChannel.fdOf(channel) : -1;
                registration = Registration.of(channel, loop);
                Registration watched = registration;
                watched.input().onClose(cause -> end(watched, cause));
                await(watched, copy);
            }
        }
        return copies.next();
    }

    private void await(Registration watched, int copy) {
        try {
            if (!watched.input().await(() -> look(watched, copy))) {
                look(watched, copy);
            }
        } catch (Throwable e) { // nobody would look again
            end(watched, e);
        }
    }

    /** There is news. Of a socket it may be input that nobody has read yet, and would be news again and again. */
    private void look(Registration watched, int copy) {
        try {
            Throwable closing = watched.input().closeCause();
            if (closing != null) {
                end(watched, closing); // the news is that: of the reader nothing is known
            } else if (!socket || isAtEnd(watched, copy)) {
                end(watched, null);
            } else {
                Delays.run(() -> lookAgain(watched, copy), RETRY_NANOS);
            }
        } catch (Throwable e) { // nobody would look again
            end(watched, e);
        }
    }

    /** Leaves the timer for the loop's thread, which refuses only when it has ended, and this with it. */
    private void lookAgain(Registration watched, int copy) {
        try {
            loop.execute(() -> awaitAgain(watched, copy));
        } catch (Throwable e) {
            end(watched, e);
        }
    }

    /** Under the lock, because the copy is closed after it was let go of there: the number is not another one's yet. */
    private synchronized boolean isAtEnd(Registration watched, int copy) {
        return registration == watched && LibC.isAtEnd(copy);
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
    public void readerGone() {
        CompletableFuture<Void> event;
        synchronized (this) {
            if (registration != null) {
                return;
            }
            event = gone;
        }
        event.complete(null);
    }

    /** The writer is about to be closed, or has failed. When this returns no number of it is used here any more. */
    void close(Throwable cause) {
        Registration watched;
        CompletableFuture<Void> event;
        synchronized (this) {
            closeCause = cause;
            watched = registration;
            event = gone;
        }
        if (watched == null) {
            complete(event, cause);
        } else {
            end(watched, cause);
        }
    }

    /** Ends the watch, unless that has been done: closes its copy, and tells; null if the reader has gone. */
    private void end(Registration watched, Throwable cause) {
        CompletableFuture<Void> event;
        synchronized (this) {
            if (registration != watched) {
                return;
            }
            event = gone;
            registration = null;
        }
        try {
            watched.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            complete(event, cause);
        }
    }

    private static void complete(CompletableFuture<Void> event, Throwable cause) {
        if (cause == null) {
            event.complete(null);
        } else {
            event.completeExceptionally(CloseOnce.because(new AsynchronousCloseException(), cause));
        }
    }
}
