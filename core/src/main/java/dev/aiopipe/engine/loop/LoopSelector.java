package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The selector of a loop. One thread waits for events; any thread gives back the descriptors of closed channels. The
 * JDK keeps the descriptor of a registered channel open until its selector has run once more after the close, and a
 * selector runs for one thread at a time. So a thread that closes a channel runs the selector as soon as the loop's
 * thread does not:
 *
 * <pre>
 *                 ┌── select: an event, a wake-up ────── the loop's thread, for as long as it takes
 *     FREE ◄──────┤
 *      └─────────►└── deregister: does not wait ──────── any thread; its wake-up ends a select that waits
 * </pre>
 *
 * <p>User code on the loop's thread runs while this is FREE: no thread that closes a channel waits for it.
 * {@code deregister} may drop events. None is lost: the kernel reports an event until it is used (level-triggered), and
 * applies all changes of interest that were made before. A wake-up that {@code deregister} swallows has one possible
 * reason, which {@code select} checks again under the lock.
 */
final class LoopSelector implements Closeable {
    /** After so many failures in a row {@link #select} throws. */
    private static final int MAX_FAILURES = 10;

    private static final long PAUSE_NANOS = 10_000_000;

    private final Selector selector;
    // Fair, as the loop's thread comes back at once.
    private final ReentrantLock turn = new ReentrantLock(true);
    private final AtomicInteger deregistering = new AtomicInteger();
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
        turn.lock();
        try {
            boolean waits = deregistering.get() == 0 && idle.getAsBoolean();
            return waits ? selector.select(this::act) : selector.selectNow(this::act);
        } finally {
            turn.unlock();
        }
    }

    private void act(SelectionKey key) {
        inAction = true;
        action.accept(key);
        inAction = false;
    }

    /**
     * Gives back the descriptors of all channels that were closed before, and the keys that were cancelled. Waits while
     * another thread runs the selector, which a wake-up makes short.
     *
     * @throws IOException from the system
     */
    void deregister() throws IOException {
        deregistering.incrementAndGet();
        try {
            if (!turn.tryLock()) {
                selector.wakeup();
                turn.lock();
            }
            try {
                // Closing the selector has given everything back.
                if (selector.isOpen()) {
                    selector.selectNow(dropped -> {});
                }
            } finally {
                turn.unlock();
            }
        } finally {
            deregistering.decrementAndGet();
        }
    }

    SelectionKey register(SelectableChannel channel, Registration registration) throws IOException {
        return channel.register(selector, 0, registration);
    }

    /** Returns the channel's key, or null if it is not registered here. */
    @Nullable
    SelectionKey keyOf(SelectableChannel channel) {
        return channel.keyFor(selector);
    }

    Set<SelectionKey> keys() {
        return selector.keys();
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
        }
    }
}
