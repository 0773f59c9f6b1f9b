package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.support.Delays;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.AcceptPendingException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Accepts a server's connections while it is open. A driver tries {@link #accept}, waits with {@link #await} if there
 * is no connection, and tries again. The channel stays its user's.
 */
public final class Acceptor implements Closeable {
    /** A selector reports nothing when the channel is closed, so a timer looks. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ServerSocketChannel channel;
    private final Loop loop;
    private final LoopSelector selector;
    private final Readiness readiness;

    /**
     * Registers the channel with a loop until {@link #close}.
     *
     * @param channel is in non-blocking mode
     * @param loop waits for connections
     * @throws AcceptPendingException if another acceptor has the channel in this loop
     * @throws IOException if the loop can't be started or is closed, or if the channel is closed
     */
    public Acceptor(ServerSocketChannel channel, Loop loop) throws IOException {
        this.channel = channel;
        this.loop = loop;
        selector = loop.start();
        readiness = register();
    }

    private Readiness register() throws IOException {
        while (true) {
            // Not held while this waits below: the loop's thread may need the lock.
            SelectionKey key;
            synchronized (loop) {
                key = selector.keyOf(channel);
                if (key == null) {
                    Registration registration = loop.register(channel);
                    registration.key();
                    return registration.input();
                } else if (key.isValid()) {
                    throw new AcceptPendingException();
                }
            }
            // Another thread is closing its acceptor of this channel.
            selector.cancel(key);
        }
    }

    /**
     * Accepts a connection if there is one.
     *
     * @return null if there is none
     * @throws ClosedChannelException if the channel is closed
     * @throws IOException if the loop is closed
     */
    public @Nullable SocketChannel accept() throws IOException {
        Throwable closeCause = readiness.closeCause();
        if (closeCause != null) {
            throw new IOException(loop + " is closed", closeCause);
        }
        return channel.accept();
    }

    /**
     * Waits for a connection, the close of the channel or the end of the loop.
     *
     * @param waiter woken once, unless the wait is cancelled before
     * @return the wait; null if there is no need to wait
     */
    public @Nullable Wait await(Readiness.Waiter waiter) {
        Wait wait = new Wait(waiter);
        if (!readiness.await(wait)) {
            return null;
        }
        try {
            wait.lookLater();
        } catch (Throwable e) {
            readiness.cancel(wait);
            throw e;
        }
        return wait;
    }

    /**
     * Lets go of the channel. When this returns, closing the channel closes its descriptor. Waits for the loop's next
     * round at most.
     *
     * @throws IOException from the system
     */
    @Override
    public void close() throws IOException {
        SelectionKey key = selector.keyOf(channel);
        if (key != null) {
            selector.cancel(key);
        }
    }

    /** A wait for a connection. */
    public final class Wait implements Readiness.Waiter {
        private final Readiness.Waiter waiter;
        private volatile @Nullable Future<?> timer;
        private volatile boolean over;

        private Wait(Readiness.Waiter waiter) {
            this.waiter = waiter;
        }

        private void lookLater() {
            Future<?> next = Delays.run(this::look, LOOK_NANOS);
            timer = next;
            if (over) {
                next.cancel(false);
            }
        }

        private void look() {
            if (channel.isOpen()) {
                lookLater();
            } else if (readiness.cancel(this)) {
                waiter.wake();
            }
        }

        @Override
        public void wake() {
            end();
            waiter.wake();
        }

        /** Gives up the wait. The waiter is not woken afterwards, unless that has begun already. */
        public void cancel() {
            readiness.cancel(this);
            end();
        }

        private void end() {
            over = true;
            Future<?> last = timer;
            if (last != null) {
                last.cancel(false);
            }
        }
    }
}
