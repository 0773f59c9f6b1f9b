package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * A channel in a loop: what the selection key is attached to. It knows nothing of the stream above it, so that a stream that nobody
 * holds can be collected.
 */
public final class Registration implements Closeable {
    private final Loop loop;
    private volatile SelectableChannel channel;
    private final Readiness input;
    private final Readiness output;
    private volatile SelectionKey key;

    Registration(Loop loop, SelectableChannel channel) {
        this(loop, channel, channel.validOps() & (SelectionKey.OP_READ | SelectionKey.OP_ACCEPT));
    }

    private Registration(Loop loop, SelectableChannel channel, int inputOps) {
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

    /** For a channel to read that comes later, by {@link #replace}; the input has other signals until then. */
    public static Registration ofNothingYet(Loop loop) throws IOException {
        Registration registration = new Registration(loop, null, SelectionKey.OP_READ);
        loop.attach(registration.input);
        return registration;
    }

    void key(SelectionKey registered) {
        key = registered;
    }

    /**
     * The direction in which bytes, or connections, come in.
     *
     * @return always the same one
     */
    public Readiness input() {
        return input;
    }

    /**
     * The direction in which bytes go out.
     *
     * @return always the same one
     */
    public Readiness output() {
        return output;
    }

    /** Adds the waiters of the directions that are ready. */
    void noteReady(SelectionKey selected, List<Readiness.Waiter> batch) {
        int ops;
        try {
            ops = selected.readyOps();
        } catch (CancelledKeyException e) {
            return; // closed since; whoever closed it wakes the waiters
        }
        if ((ops & ~SelectionKey.OP_WRITE) != 0) {
            add(batch, input.signal());
        }
        if ((ops & SelectionKey.OP_WRITE) != 0) {
            add(batch, output.signal());
        }
    }

    private static void add(List<Readiness.Waiter> batch, Readiness.Waiter waiter) {
        if (waiter != null) {
            batch.add(waiter);
        }
    }

    /** The loop has ended: so have both directions, and the descriptor. */
    void fail(Throwable cause) {
        List<Readiness.Waiter> waiters = new ArrayList<>();
        add(waiters, input.close(cause));
        add(waiters, output.close(cause));
        try {
            SelectableChannel open = channel; // null if the first one is just coming, and is closed by that
            if (open != null && !(open instanceof ServerSocketChannel)) { // that one is its user's
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
     * Puts another channel in this one's place, and closes this one. Nobody may wait for input meanwhile.
     *
     * @param next not registered yet; closed if this fails
     * @throws IOException if the loop is closed
     */
    public void replace(SelectableChannel next) throws IOException {
        SelectableChannel old = channel;
        input.disarm();
        try {
            loop.register(next, this);
        } catch (Throwable e) {
            next.close();
            loop.keep(input); // so who reads knows the cause, also if the loop has not got round to this one
            throw e;
        }
        channel = next;
        if (old != null) {
            old.close();
        }
        if (input.closeCause() != null) {
            next.close(); // closed meanwhile, and perhaps before there was this channel to close
        }
        loop.wakeup();
    }

    /**
     * Closes the channel. Its descriptor is closed when this returns, if its user has closed it and it can be read: nobody writes then
     * what nobody can read. Else it is closed in the loop's next round. An input that was read to its end fails with the loop all the same.
     *
     * @throws IOException from the channel
     */
    @Override
    public void close() throws IOException {
        SelectableChannel open = channel;
        boolean ended = input.closeCause() == null;
        if (open != null) {
            open.close();
            if (ended || (open.validOps() & SelectionKey.OP_READ) == 0) {
                loop.wakeup();
            } else {
                loop.deregister();
            }
        }
        if (ended) {
            loop.keep(input);
        }
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
                if (key != null) {
                    key.interestOpsOr(ops);
                }
                return true;
            } catch (CancelledKeyException e) {
                return false; // the next try finds the channel closed
            }
        }

        @Override
        public void disarm() {
            try {
                if (key != null) {
                    key.interestOpsAnd(~ops);
                }
            } catch (CancelledKeyException e) {
                return; // closed by another thread, and never selected again
            }
        }

        @Override
        public void nudge() {
            loop.wakeup();
        }
    }
}
