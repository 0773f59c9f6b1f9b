package dev.aiopipe.engine.loop;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The selector of a loop. One thread waits for events; any thread gives back the descriptors of channels that were closed. The JDK keeps
 * the descriptor of a registered channel open until its selector has run once more after the close, and a selector runs for one thread at a
 * time. So who has closed a channel runs it, as soon as the loop's thread does not:
 *
 * <pre>
 *                 ┌── select: an event, a wake-up ────── the loop's thread, for as long as it takes
 *     FREE ◄──────┤
 *      └─────────►└── deregister: does not wait ──────── any thread; its wake-up ends a select that waits
 * </pre>
 *
 * <p>User code on the loop's thread runs while this is FREE: nobody who closes waits for it. What {@code deregister} drops is not lost:
 * the kernel reports events until they are used (level-triggered), it applies all changes of interest that were made before, and the one
 * reason for a wake-up that it may swallow is looked up again by {@code select}, in the lock.
 */
final class LoopSelector implements Closeable {
    private final Selector selector;
    private final ReentrantLock turn = new ReentrantLock(true); // fair: the loop's thread comes back at once
    private final AtomicInteger deregistering = new AtomicInteger();
    private final BooleanSupplier idle;
    private final Consumer<SelectionKey> action;

    /** Opens a selector: the system's, or that of a test. */
    interface Opener {
        Selector open() throws IOException;
    }

    /**
     * Opens a selector.
     *
     * @param opener of the selector
     * @param idle asked in the lock: whether to wait. What makes it false is changed before a {@link #wakeup}
     * @param action gets the keys of ready channels; must not close any
     */
    LoopSelector(Opener opener, BooleanSupplier idle, Consumer<SelectionKey> action) throws IOException {
        selector = opener.open();
        this.idle = idle;
        this.action = action;
    }

    /**
     * Waits for events. For the loop's thread alone.
     *
     * @return how many channels were ready
     * @throws IOException from the system
     */
    int select() throws IOException {
        turn.lock();
        try {
            boolean waits = deregistering.get() == 0 && idle.getAsBoolean();
            return waits ? selector.select(action) : selector.selectNow(action);
        } finally {
            turn.unlock();
        }
    }

    /**
     * Gives back the descriptors of all channels that were closed before, and the keys that were cancelled. Waits while another thread is
     * in here, which a wake-up makes short.
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
                if (selector.isOpen()) { // closing has given everything back
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

    /** Null if the channel is not registered. */
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
