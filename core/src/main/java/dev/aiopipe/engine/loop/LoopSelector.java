package dev.aiopipe.engine.loop;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The selector of a loop. The loop's thread waits for events; any thread waits until the descriptor of a channel that
 * it has closed is given back. The JDK keeps that descriptor until the selector has run once more after the close, and
 * a selector runs for one thread at a time:
 *
 * <pre>
 *                 ┌── select: an event, a wake-up ─────────────── the loop's thread, for as long as it takes
 *     FREE ◄──────┤      gives back, and unparks those that wait
 *      └─────────►└── giveBack: does not wait, and unparks, too ─ the thread of a departure, if this is FREE
 * </pre>
 *
 * <p>A thread announces its {@link Departure} first. If this is FREE, it gives back what there is to give back; so it
 * never waits for user code, which runs on the loop's thread while this is FREE. Otherwise it wakes the selector and
 * parks: the thread that has the selector gives back before it is through, or sees the departure after it has freed
 * this. That thread does no more rounds for it than that, however long the parked one takes to go on.
 *
 * <p>{@code giveBack} may drop events. None is lost: the kernel reports an event until it is used (level-triggered),
 * and applies all changes of interest that were made before. A wake-up that {@code giveBack} swallows has one possible
 * reason, which {@code select} checks again under the lock.
 */
final class LoopSelector implements Closeable {
    /** After so many failures in a row {@link #select} throws. */
    private static final int MAX_FAILURES = 10;

    private static final long PAUSE_NANOS = 10_000_000;

    private final Selector selector;
    private final ReentrantLock turn = new ReentrantLock();
    private final Queue<Departure> departures = new ConcurrentLinkedQueue<>();
    private final BooleanSupplier idle;
    private final Consumer<SelectionKey> action;

    // These two belong to the loop's thread.
    private boolean inAction;
    private int failures;

    /** Opens a selector: the system's, or that of a test. */
    interface Opener {
        Selector open() throws IOException;
    }

    /**
     * Opens a selector.
     *
     * @param opener of the selector
     * @param idle returns whether to wait; called under the lock. Its inputs change before the call of {@link #wakeup}
     * @param action gets the keys of ready channels; must not close any
     */
    LoopSelector(Opener opener, BooleanSupplier idle, Consumer<SelectionKey> action) throws IOException {
        selector = opener.open();
        this.idle = idle;
        this.action = action;
    }

    /**
     * Waits for events. Only the loop's thread may call this. A failure of the selector may pass, as a want of memory
     * or descriptors does, so it is reported to the thread's handler, and thrown if it is one of {@value #MAX_FAILURES}
     * in a row.
     *
     * @return how many channels were ready
     * @throws IOException from the system
     */
    int select() throws IOException {
        try {
            int count = selectOnce();
            failures = 0;
            return count;
        } catch (IOException | Error e) {
            // A failure within the action may have lost a waiter.
            if (inAction || ++failures >= MAX_FAILURES) {
                throw e;
            }
            Threads.report(e);
            LockSupport.parkNanos(PAUSE_NANOS);
            return 0;
        }
    }

    private int selectOnce() throws IOException {
        int count;
        turn.lock();
        try {
            boolean waits = departures.isEmpty() && idle.getAsBoolean();
            count = waits ? selector.select(this::act) : selector.selectNow(this::act);
            report();
        } finally {
            turn.unlock();
            giveBackIfFree();
        }
        return count;
    }

    private void act(SelectionKey key) {
        inAction = true;
        action.accept(key);
        inAction = false;
    }

    /**
     * Cancels a key, and returns when it has left the selector. If its channel is closed, and registered with no other
     * selector, the descriptor is closed then. Waits while another thread runs the selector, which a wake-up makes
     * short.
     *
     * @param key may be cancelled already
     * @throws IOException from the system
     */
    void cancel(SelectionKey key) throws IOException {
        Departure departure = new Departure(key);
        // The JDK marks a key as cancelled before its selector knows. Here nobody waits for a key in between.
        synchronized (departures) {
            key.cancel();
        }
        departures.add(departure);
        giveBackIfFree();
        if (departure.isPending()) {
            selector.wakeup();
            departure.await();
        }
        departure.throwFailure();
    }

    /**
     * Gives back for the threads that have announced departures, unless another thread has the selector: that one calls
     * this when it has freed it, so that no departure is forgotten.
     */
    private void giveBackIfFree() {
        while (!departures.isEmpty() && turn.tryLock()) {
            try {
                giveBack();
            } finally {
                turn.unlock();
            }
        }
    }

    @GuardedBy("turn")
    private void giveBack() {
        try {
            // Closing the selector has given everything back.
            if (selector.isOpen()) {
                selector.selectNow(dropped -> {});
            }
            report();
        } catch (Throwable e) {
            // Those that wait learn of it: this may be the thread of one of them, or the loop's, which tries again.
            for (Departure departure; (departure = departures.poll()) != null; ) {
                departure.end(e);
            }
        }
    }

    /** Ends the departures whose keys have left the selector. */
    @GuardedBy("turn")
    private void report() {
        departures.removeIf(Departure::endIfLeft);
    }

    /**
     * Throws if a channel can't be registered here, now and not with the first wait.
     *
     * @throws IllegalSelectorException if it is of another provider
     */
    void requireRegistrable(SelectableChannel channel) {
        if (!channel.provider().equals(selector.provider())) {
            throw new IllegalSelectorException();
        }
    }

    SelectionKey register(SelectableChannel channel, Registration registration) throws ClosedChannelException {
        return channel.register(selector, 0, registration);
    }

    /** Returns the channel's key, or null if it is not registered here. */
    @Nullable
    SelectionKey keyOf(SelectableChannel channel) {
        return channel.keyFor(selector);
    }

    /** Ends the select that waits, or the next one. */
    void wakeup() {
        selector.wakeup();
    }

    @Override
    public void close() throws IOException {
        turn.lock();
        try {
            selector.close();
        } finally {
            turn.unlock();
            giveBackIfFree();
        }
    }

    /** A key that leaves the selector, and the thread that waits for that. */
    private static final class Departure {
        private final SelectionKey key;
        private final Thread thread = Thread.currentThread();
        private @Nullable Throwable failure; // written before `over`
        private volatile boolean over;

        Departure(SelectionKey key) {
            this.key = key;
        }

        boolean isPending() {
            return !over;
        }

        /** Ends if the channel has a key of this selector no more, or a new one. Returns whether it ended. */
        boolean endIfLeft() {
            boolean left = key.channel().keyFor(key.selector()) != key;
            if (left) {
                end(null);
            }
            return left;
        }

        void end(@Nullable Throwable why) {
            failure = why;
            over = true;
            LockSupport.unpark(thread);
        }

        /** Returns when this is over. An interrupt is kept for later. */
        void await() {
            boolean interrupted = false;
            while (!over) {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
            if (interrupted) {
                thread.interrupt();
            }
        }

        void throwFailure() throws IOException {
            if (failure instanceof Error error) {
                throw error;
            } else if (failure != null) {
                throw new IOException(failure);
            }
        }
    }
}
