package dev.aiopipe.engine.read;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads and drops the output that nobody reads, and closes the input in the end. As long as the drain has dropped
 * nothing, any other read takes the input from it, and ends it. From the first dropped byte on the input is closed for
 * all others, because their reads would start after a hole.
 *
 * <pre>
 *     ANNOUNCED ── drops a byte ──► DROPPED ── end ──► the input is closed
 *         ├─────── end ──────────────────────────────► the input is closed
 *         └─────── another read, giveUp ─────────────► over: the input is open, and left to others
 * </pre>
 *
 * <p>A drain is the operation and the exclusive reader at once: {@code input.start(drain, drain)}. The value is the
 * count of dropped bytes, 0 at the end of the stream.
 */
public final class Drain implements ReadOp<Integer>, ExclusiveReader {
    /** How long a drain leaves an output alone that was read before, or is about to be read: its reader may be busy. */
    private static final long DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    final Readiness.Waiter waiter = new Readiness.Waiter() {
        @Override
        public void wake() {
            executor.execute(() -> drop(() -> input.proceed(this, Drain.this)));
        }

        @Override
        public boolean yields() {
            return !dropped;
        }
    };

    private final Input input;
    private final Executor executor;
    private final boolean wasRead;
    private volatile boolean dropped;
    private volatile boolean ended;

    /** While this is true, an end of the drain closes the input only after the delay. */
    private volatile boolean delayed;

    private Drain(Input input, Executor executor, boolean wasRead) {
        this.input = input;
        this.executor = executor;
        this.wasRead = wasRead;
    }

    /**
     * Begins a drain on threads of the engine. Begins none if somebody is reading, or will {@linkplain BusyReader read
     * on}, or the input is closed.
     *
     * @param stopper on whose behalf
     * @param patient whether a reader may be about to begin; it finds the input open for a moment even if the drain is
     *     ended before
     * @return to be {@linkplain #end ended} or {@linkplain #giveUp given up}
     */
    public static Optional<Drain> of(Input input, @Nullable Object stopper, boolean patient) {
        if (input.hasBusyReader(stopper)) {
            return Optional.empty();
        }
        Drain drain;
        try {
            drain = announce(input, BlockingPool::run);
        } catch (ReadPendingException | ClosedChannelException e) {
            return Optional.empty();
        }
        drain.delayed = patient;
        Runnable begin = () -> BlockingPool.run(drain::begin);
        if (patient || drain.wasRead) {
            Delays.run(begin, DELAY_NANOS);
        } else {
            begin.run();
        }
        return Optional.of(drain);
    }

    /**
     * Makes a drain the exclusive reader of an input. Nothing is read yet.
     *
     * @param executor runs what follows a wake-up
     * @throws ReadPendingException if somebody is reading
     * @throws ClosedChannelException if the input is closed, or another drain has dropped bytes
     */
    static Drain announce(Input input, Executor executor) throws ClosedChannelException {
        input.acquire(null);
        try {
            Drain drain = new Drain(input, executor, !input.buffer.isUnused());
            input.exclusive = drain;
            return drain;
        } finally {
            input.slot = input.exclusive;
        }
    }

    /** Whether the input had been read before: its reader may be about to read on. */
    boolean wasRead() {
        return wasRead;
    }

    boolean hasDropped() {
        return dropped;
    }

    /** Ends the drain, whatever it does at the moment: closes the input, unless somebody else has come to read. */
    public void end() {
        ended = true;
        for (int tries = 0; !delayed && isActive(); tries++) {
            if (input.tryAcquire(this)) { // the slot stays BUSY, so a late reader finds the input closed
                close();
            } else {
                input.abandon(waiter);
                ReadSlot.pause(tries);
            }
        }
    }

    private void close() {
        try {
            input.close();
            input.buffer.discard();
        } catch (Throwable e) {
            if (input.isOpen()) {
                input.slot = this;
            }
            throw e;
        }
    }

    /**
     * Ends the drain and leaves the input to others, if nothing was dropped. Else it goes on.
     *
     * @return true if the drain is over, now or before
     */
    public boolean giveUp() {
        for (int tries = 0; isActive(); tries++) {
            Object holder = input.slot;
            if (dropped) {
                return false;
            } else if (ReadSlot.isOfDrain(holder)) {
                input.takeFromDrain(holder);
            } else {
                ReadSlot.pause(tries);
            }
        }
        ended = true;
        return true;
    }

    private boolean isActive() {
        return input.exclusive == this && input.isOpen();
    }

    private void begin() {
        delayed = false;
        if (ended) {
            end();
        } else {
            drop(() -> input.start(this, this));
        }
    }

    /** Drops what is buffered or comes, until it must wait. */
    private void drop(Read first) {
        try {
            Object count = first.read();
            while (!ended) {
                if (count == MORE) {
                    if (input.await(waiter)) {
                        return; // until wake
                    }
                    count = input.proceed(waiter, this);
                } else if (count instanceof Integer bytes && bytes > 0) {
                    count = input.start(this, this);
                } else {
                    end();
                }
            }
            if (count == MORE) {
                input.abandon(); // end waits for the slot
            }
        } catch (IOException | IllegalStateException e) { // failed, closed by its user, or taken by another read
            end();
        } catch (Error e) {
            end();
            throw e;
        }
    }

    @Override
    public Object attempt(InputBuffer in) throws IOException {
        int count = in.size();
        if (count > 0) {
            dropped = true;
            in.take(count);
        }
        return count > 0 || in.ended() ? (Object) count : MORE;
    }

    private interface Read {
        @Nullable
        Object read() throws IOException;
    }
}
