package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A channel in a loop: the attachment of its selection key. It does not know the stream above it, so that a stream
 * without a user can be garbage-collected.
 */
public final class Registration implements Closeable {
    private final Loop loop;
    private volatile @Nullable SelectableChannel channel;
    private final Readiness input;
    private final Readiness output;
    private volatile @Nullable SelectionKey key;

    Registration(Loop loop, SelectableChannel channel) {
        this(loop, channel, channel.validOps() & (SelectionKey.OP_READ | SelectionKey.OP_ACCEPT));
    }

    private Registration(Loop loop, @Nullable SelectableChannel channel, int inputOps) {
        this.loop = loop;
        this.channel = channel;
        input = new Readiness(new Interest(inputOps));
        output = new Readiness(new Interest(SelectionKey.OP_WRITE));
    }

    /** Registers a channel, or closes it. */
    public static Registration of(SelectableChannel channel, Loop loop) throws IOException {
        try {
            return loop.register(channel);
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Makes a registration whose channel comes later, by {@link #replace}. Until then the input is signalled by others.
     */
    public static Registration ofNothingYet(Loop loop) throws IOException {
        Registration registration = new Registration(loop, null, SelectionKey.OP_READ);
        loop.attach(registration);
        return registration;
    }

    void register(SelectableChannel next) throws IOException {
        loop.start().requireRegistrable(next);
        next.configureBlocking(false);
        loop.attach(this);
    }

    /**
     * Returns the selection key, which the channel gets here: a stream that never waits needs none, and its close never
     * waits for the selector.
     *
     * @return null as long as there is no channel
     * @throws ClosedChannelException if it is closed
     */
    @Nullable
    SelectionKey key() throws ClosedChannelException {
        SelectionKey known = key;
        if (known == null) {
            synchronized (this) { // both directions may ask
                SelectableChannel registered = channel;
                if (key == null && registered != null) {
                    key = loop.running().register(registered, this);
                }
                known = key;
            }
        }
        return known;
    }

    /** Returns the key that the channel had when it was closed. A wait that came too late gives it none. */
    private synchronized @Nullable SelectionKey knownKey() {
        return key;
    }

    void key(SelectionKey registered) {
        key = registered;
    }

    /** Returns the readiness of the direction in which bytes or connections come in. */
    public Readiness input() {
        return input;
    }

    /** Returns the readiness of the direction in which bytes go out. */
    public Readiness output() {
        return output;
    }

    /** Adds the waiters of the directions that are ready. */
    void collectReady(SelectionKey selected, List<Readiness.Waiter> batch) {
        int ops;
        try {
            ops = selected.readyOps();
        } catch (CancelledKeyException e) {
            // Closed since. The thread that closed it wakes the waiters.
            return;
        }
        if ((ops & ~SelectionKey.OP_WRITE) != 0) {
            add(batch, input.signal());
        }
        if ((ops & SelectionKey.OP_WRITE) != 0) {
            add(batch, output.signal());
        }
    }

    private static void add(List<Readiness.Waiter> batch, Readiness.@Nullable Waiter waiter) {
        if (waiter != null) {
            batch.add(waiter);
        }
    }

    /** Fails both directions and closes the descriptor, as the loop has ended. */
    void fail(Throwable cause) {
        List<Readiness.Waiter> waiters = new ArrayList<>();
        add(waiters, input.close(cause));
        add(waiters, output.close(cause));
        try {
            // Null if `replace` is just bringing the first channel; it closes that one. A server's channel is its
            // user's to close.
            SelectableChannel open = channel;
            if (open != null && !(open instanceof ServerSocketChannel)) {
                open.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            for (Readiness.Waiter waiter : waiters) {
                Threads.guarded(waiter::wake);
            }
        }
    }

    /**
     * Replaces the channel and closes the old one. There must be no waiter for input meanwhile.
     *
     * @param next not registered yet; closed if this fails
     * @throws IOException if the loop is closed
     */
    public void replace(SelectableChannel next) throws IOException {
        SelectableChannel old = channel;
        input.disarm();
        try {
            register(next);
        } catch (Throwable e) {
            next.close();
            // So the reader gets the cause, also if the loop has not come to this registration. It closes nothing: the
            // reader's thread, which this is, has the source.
            loop.reportEnd(input);
            throw e;
        }
        synchronized (this) {
            key = null;
            channel = next;
        }
        if (old != null) {
            old.close();
        }
        if (input.closeCause() != null) {
            // This was closed meanwhile, perhaps before there was this channel to close.
            next.close();
        }
        loop.wakeup();
    }

    /**
     * Closes the channel. If it can be read, its descriptor is closed when this returns, so that no write succeeds
     * whose bytes cannot be read. Else it is closed in the loop's next round, if somebody has ever waited for it. An
     * input that was read to its end still fails with the loop.
     *
     * @throws IOException from the channel
     */
    @Override
    public void close() throws IOException {
        SelectableChannel open = channel;
        boolean readable = open == null || (open.validOps() & SelectionKey.OP_READ) != 0;
        if (open != null) {
            open.close();
            SelectionKey left = knownKey();
            if (left != null && readable) {
                loop.running().cancel(left);
            } else if (left != null) {
                loop.wakeup();
            }
        }
        // Looked at only now: a user who has closed the input meanwhile does not come here again.
        boolean ended = readable && input.closeCause() == null;
        if (!ended) {
            loop.forget(this);
        }
    }

    /** Returns whether the input is closed, or is about to be, as the loop has ended. */
    public boolean hasEnded() {
        return input.closeCause() != null || loop.hasEnded();
    }

    @Override
    public String toString() {
        return String.valueOf(channel);
    }

    /** One direction's bits in the key's interest set. */
    private final class Interest implements Readiness.Interest {
        private final int ops;

        Interest(int ops) {
            this.ops = ops;
        }

        @Override
        public boolean arm() {
            try {
                SelectionKey registered = key();
                if (registered != null) {
                    registered.interestOpsOr(ops);
                }
                return true;
            } catch (CancelledKeyException | ClosedChannelException e) {
                // The next try finds the channel closed.
                return false;
            } catch (ClosedSelectorException e) {
                // The loop has failed this before it closed its selector.
                return false;
            }
        }

        @Override
        public void disarm() {
            try {
                SelectionKey registered = key;
                if (registered != null) {
                    registered.interestOpsAnd(~ops);
                }
            } catch (CancelledKeyException e) {
                // Closed by another thread, and never selected again.
                return;
            }
        }

        @Override
        public void nudge() {
            loop.wakeup();
        }
    }
}
