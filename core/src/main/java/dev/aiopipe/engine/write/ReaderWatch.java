package dev.aiopipe.engine.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reports when the last reader of a stream has gone, without a write. Where that can't be watched, the next write finds
 * out.
 *
 * <ul>
 *   <li>Of a pipe, a copy of the <em>writing</em> end is watched for input. A pipe never has any there, so that the
 *       only event is the error of a pipe that nobody reads (poll(2), POLLERR). The copy must be closed with the
 *       writer, or the reader would never see its end.
 *   <li>Of a socket, a copy is watched for the end of its input.
 * </ul>
 */
public final class ReaderWatch {
    /** Finds the descriptor of the writing end. */
    public interface Descriptor {
        /** Returns the fd, which is used only while the output's readiness is open. */
        int fd() throws IOException;
    }

    private enum Kind {
        /** Its last reader is gone for good. */
        PIPE,

        /** May get another reader. */
        FIFO,

        /** May be read on by a peer that has ended its own output. */
        SOCKET
    }

    /** The descriptor that is watched. */
    private record Target(Descriptor descriptor, Kind kind, Loop loop) {
        boolean isSocket() {
            return kind == Kind.SOCKET;
        }
    }

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final @Nullable Target target;

    @GuardedBy("this")
    private CompletableFuture<Void> gone = new CompletableFuture<>();

    @GuardedBy("this")
    private FutureFanOut<Void> copies = new FutureFanOut<>(gone);

    @GuardedBy("this")
    private @Nullable Registration registration;

    @GuardedBy("this")
    private @Nullable Supplier<Throwable> closeCause;

    private ReaderWatch(@Nullable Target target) {
        this.target = target;
    }

    /** Returns a watch of a pipe. */
    public static ReaderWatch ofPipe(Descriptor descriptor, Loop loop) {
        return new ReaderWatch(new Target(descriptor, Kind.PIPE, loop));
    }

    /** Returns a watch of a FIFO, which may get another reader after the last one has gone. */
    public static ReaderWatch ofFifo(Descriptor descriptor, Loop loop) {
        return new ReaderWatch(new Target(descriptor, Kind.FIFO, loop));
    }

    /**
     * Returns a watch of a socket, whose reader has gone when its input has ended or failed. Unread input has to be
     * read first.
     */
    public static ReaderWatch ofSocket(Descriptor descriptor, Loop loop) {
        return new ReaderWatch(new Target(descriptor, Kind.SOCKET, loop));
    }

    /** Returns a watch of a stream that can't be watched. */
    public static ReaderWatch none() {
        return new ReaderWatch(null);
    }

    /** Returns whether the end that this reports is final: no later write can find a reader. */
    boolean seesFinalEnd() throws IOException {
        return target != null && target.kind == Kind.PIPE && NativeAccess.canAdopt();
    }

    /**
     * Starts to watch, if that is not done yet.
     *
     * @return a new future, which completes when nobody reads any more, and fails when the writer is closed
     */
    synchronized CompletableFuture<Void> watch() throws IOException {
        if (closeCause != null) {
            throw CloseOnce.because(new ClosedChannelException(), closeCause.get());
        }
        if (target != null && NativeAccess.canAdopt()) {
            if (!target.isSocket() && gone.isDone() && !LibC.hasNoReader(target.descriptor.fd())) {
                // A FIFO's next reader has come.
                gone = new CompletableFuture<>();
                copies = new FutureFanOut<>(gone);
            }
            if (registration == null && !gone.isDone()) {
                register(target);
            }
        }
        return copies.next();
    }

    /**
     * Gives up a wait. When nobody waits any more, the watch ends, and its copy is closed.
     *
     * @param wait from {@link #watch}
     */
    void leave(CompletableFuture<Void> wait) throws IOException {
        wait.cancel(false);
        Registration unwanted = null;
        synchronized (this) {
            if (copies.isUnused()) {
                unwanted = registration;
                registration = null;
            }
        }
        if (unwanted != null) {
            unwanted.close();
        }
    }

    @GuardedBy("this")
    private void register(Target watched) throws IOException {
        Pipe.SourceChannel channel = AdoptedChannel.toRead(LibC.duplicate(watched.descriptor.fd()));
        int copy = watched.isSocket() ? AdoptedChannel.fdOf(channel) : -1;
        Registration registered = Registration.of(channel, watched.loop);
        registration = registered;
        Watch watch = new Watch(watched, registered, copy);
        registered.input().onClose(watch::end);
        watch.await();
    }

    /** Reports that a write, or a read of the same socket, has found no reader. Does nothing while this watches. */
    public void noteReaderGone() {
        CompletableFuture<Void> event;
        synchronized (this) {
            if (registration != null) {
                return;
            }
            event = gone;
        }
        event.complete(null);
    }

    /**
     * Ends the watch: the writer is about to be closed, or has failed. When this returns, its descriptor is not used
     * here any more.
     *
     * @param cause made when somebody asks: nobody watches most writers
     */
    void close(Supplier<Throwable> cause) {
        Registration watched;
        CompletableFuture<Void> event;
        synchronized (this) {
            closeCause = cause;
            watched = registration;
            event = gone;
            if (watched == null && copies.isUnused()) {
                return;
            }
        }
        if (watched == null) {
            complete(event, cause.get());
        } else {
            end(watched, cause.get());
        }
    }

    /**
     * Ends a watch, unless that has been done: closes its copy, and completes the future. The cause is null if the
     * reader has gone.
     */
    private void end(Registration watched, @Nullable Throwable cause) {
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

    private static void complete(CompletableFuture<Void> event, @Nullable Throwable cause) {
        if (cause == null) {
            event.complete(null);
        } else {
            event.completeExceptionally(CloseOnce.because(new AsynchronousCloseException(), cause));
        }
    }

    /** One watch, which waits for events until it ends. An exception in it ends it, as nobody would look again. */
    private final class Watch {
        private final Target watched;
        private final Registration registered;

        /** The fd of a socket's copy. */
        private final int copy;

        Watch(Target watched, Registration registered, int copy) {
            this.watched = watched;
            this.registered = registered;
            this.copy = copy;
        }

        void end(@Nullable Throwable cause) {
            ReaderWatch.this.end(registered, cause);
        }

        void await() {
            try {
                if (!registered.input().await(this::look)) {
                    look();
                }
            } catch (Throwable e) {
                end(e);
            }
        }

        /**
         * Handles an event. That of a socket may be input that nobody has read yet, and would be signalled again and
         * again.
         */
        private void look() {
            try {
                Throwable closing = registered.input().closeCause();
                if (closing != null) {
                    // Whether there is a reader is unknown.
                    end(closing);
                } else if (!watched.isSocket() || isAtEnd()) {
                    end(null);
                } else {
                    Delays.run(this::lookAgain, RETRY_NANOS);
                }
            } catch (Throwable e) {
                end(e);
            }
        }

        /** Leaves the timer's thread for the loop's, which refuses only when it has ended, and this with it. */
        private void lookAgain() {
            try {
                watched.loop.execute(this::awaitAgain);
            } catch (Throwable e) {
                end(e);
            }
        }

        /**
         * Asks under the lock: the copy is closed after {@link #end} has left it, so that its fd is no other stream's
         * yet.
         */
        private boolean isAtEnd() {
            synchronized (ReaderWatch.this) {
                return registration == registered && LibC.isAtEnd(copy);
            }
        }

        private void awaitAgain() {
            synchronized (ReaderWatch.this) {
                if (registration != registered) {
                    return;
                }
            }
            await();
        }
    }
}
