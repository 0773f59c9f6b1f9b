package dev.aiopipe.engine.read;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.CloseExceptions;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The lowest layer of an {@link Input}: who may read now. One read at a time has the slot.
 *
 * <pre>
 *     free ── start ──► BUSY ── value or exception ──► free
 *                       │  ▲
 *                 await │  │ proceed
 *                       ▼  │
 *                      waiter ── abandon ──► free
 *                       │  ▲
 *                serve  ▼  │ to be woken, or to wait on
 *                       BUSY: the loop's thread reads for the waiter
 *
 *     free is null, or the {@link ExclusiveReader}: then only its own reads acquire the slot. But
 *     any read takes it from a {@link Drain} that has dropped nothing, idle or waiting, and ends the drain.
 * </pre>
 *
 * <p>A read acquires the slot by one compare-and-set from its own exclusive reader, or null. With a separate look at
 * the exclusive reader, a read from outside could slip in between. The one who made the slot BUSY owns the fields of
 * all layers until the release.
 */
public abstract sealed class ReadSlot permits BufferedSource {
    static final Object BUSY = "busy";

    private static final int SPINS = 1_000;

    /** Some milliseconds. */
    private static final int MAX_TRIES = SPINS + 100;

    private static final long PAUSE_NANOS = 10_000;

    static final VarHandle SLOT;

    static {
        try {
            SLOT = MethodHandles.lookup().findVarHandle(ReadSlot.class, "slot", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Readiness readiness;
    final Object name;

    /** Null, an ExclusiveReader, BUSY or a waiter. */
    volatile @Nullable Object slot;

    /** Changes only while the slot is BUSY. */
    volatile @Nullable ExclusiveReader exclusive;

    /**
     * Whether the last read emptied the source, so that the next one must wait for a signal. Belongs to the holder of
     * the slot.
     */
    boolean sourceEmptied;

    /** What {@link #serve} met, for the waiter. Belongs to the holder of the slot. */
    private @Nullable Throwable servedFailure;

    /** The waiter that has lost the slot to {@link #serve} for a moment, and gets it back; or may be about to. */
    private volatile Readiness.@Nullable Waiter served;

    ReadSlot(Readiness readiness, Object name) {
        this.readiness = readiness;
        this.name = name;
    }

    /**
     * Runs an operation until it has a value, or the source has nothing now. Releases the slot after a value. If this
     * throws, the caller does, and calls {@link #afterFailure}.
     */
    abstract @Nullable Object run(ReadOp<?> op) throws IOException;

    /**
     * Reads once from the source, as much as the operation wants. The slot is BUSY.
     *
     * @return false if there is nothing now
     */
    abstract boolean fill(ReadOp<?> op) throws IOException;

    /** Whether an attempt may be worth it after {@link #fill}: see {@link ReadOp#mayBeDone}. The slot is BUSY. */
    abstract boolean mayBeDone(ReadOp<?> op);

    /** Called after a read that threw, when the slot is free. */
    abstract void afterFailure(Throwable thrown);

    /** Releases the memory of a closed input. If a read is under way, that read does so when it is over. */
    abstract void discardIfClosed();

    /** Begins a read outside of any transaction; else as {@link #start(ReadOp, ExclusiveReader)}. */
    public @Nullable Object start(ReadOp<?> op) throws IOException {
        return start(op, null);
    }

    /**
     * Begins a read.
     *
     * @param op what to read
     * @param reader the transaction that the read belongs to, or null
     * @return its value; or {@link ReadOp#MORE}: then the slot stays with the caller, who must {@link #await} or
     *     {@link #abandon()}
     * @throws ReadPendingException if another read is under way, which is not disturbed; or if another transaction is
     *     open
     * @throws ClosedChannelException if this is closed
     * @throws IOException from the operation or the source
     */
    public @Nullable Object start(ReadOp<?> op, @Nullable ExclusiveReader reader) throws IOException {
        acquire(reader);
        try {
            return run(op);
        } catch (Throwable e) {
            slot = exclusive; // without a call, and in the class of the field: an Error may have left no stack for more
            afterFailure(e);
            throw e;
        }
    }

    /**
     * Waits for the source, on behalf of a read that asked for more.
     *
     * @param waiter woken once, unless it is abandoned before; a new one for each wait
     * @return false if there is no need to wait: call {@link #proceed}. If this throws, the read is over and the slot
     *     free
     */
    public boolean await(Readiness.Waiter waiter) {
        boolean waits;
        try {
            waits = readiness.await(waiter);
        } catch (Throwable e) {
            slot = exclusive;
            throw e;
        }
        sourceEmptied = false; // whoever comes next comes after a signal
        servedFailure = null; // of a wait that was abandoned
        slot = waiter; // only now: a waiter in the slot waits already, or was woken
        return waits;
    }

    /**
     * Goes on with a read that waited.
     *
     * @param waiter the one that has waited
     * @param op the operation that {@link #start} was called with
     * @return as {@code start}
     * @throws AsynchronousCloseException if this was closed meanwhile
     * @throws IllegalStateException if the read was abandoned, perhaps by another read because it was
     *     {@linkplain Readiness.Waiter#isGivenUp given up}
     * @throws IOException from the operation or the source
     */
    public @Nullable Object proceed(Readiness.Waiter waiter, ReadOp<?> op) throws IOException {
        reacquire(waiter);
        Throwable failure = servedFailure;
        servedFailure = null;
        return goOn(op, failure);
    }

    /**
     * Goes on with a read that asked for more, without a wait: looks at the source even if the last read emptied it.
     *
     * @param op the operation that {@link #start} was called with, or another one
     * @return as {@code start}
     * @throws AsynchronousCloseException if this was closed meanwhile
     * @throws IOException from the operation or the source
     */
    public @Nullable Object retry(ReadOp<?> op) throws IOException {
        sourceEmptied = false;
        return goOn(op, null);
    }

    private @Nullable Object goOn(ReadOp<?> op, @Nullable Throwable failure) throws IOException {
        try {
            if (!isOpen()) {
                throw closedMeanwhile();
            }
            Threads.rethrow(failure);
            return run(op);
        } catch (Throwable e) {
            slot = exclusive;
            afterFailure(e);
            throw e;
        }
    }

    /** Ends a read that asked for more, and cannot {@linkplain #await wait} for it. */
    public void abandon() {
        slot = exclusive;
        discardIfClosed();
    }

    /**
     * Ends a wait without a read. The slot is free when this returns. Does nothing if the waiter no longer has the
     * slot.
     *
     * @param waiter waits no more
     */
    public void abandon(Readiness.Waiter waiter) {
        readiness.cancel(waiter);
        boolean acquired = tryAcquire(waiter);
        // While it is served the slot comes back; and if it was served until now, it is back, as that is set first.
        for (int tries = 0; !acquired && (served == waiter || slot == waiter); tries++) {
            pause(tries);
            acquired = tryAcquire(waiter);
        }
        if (acquired) {
            readiness.cancel(waiter); // it may have been made to wait on
            sourceEmptied = false; // the signal may have reached this waiter, and does not come again
            slot = exclusive;
            discardIfClosed();
        }
    }

    /**
     * Reads for a waiter that was signalled, on the thread that has seen the event. The waiter keeps the slot: whatever
     * takes it from the waiter waits for this short call.
     *
     * @return whether to wake the waiter. If not, it waits on: the source had nothing, or too little
     */
    final boolean serve(ReadWaiter waiter) {
        boolean wakes = true;
        served = waiter;
        try {
            if (tryAcquire(waiter)) {
                try {
                    readiness.cancel(waiter); // if the signal was meant for an earlier wait of the same waiter
                    wakes = readFor(waiter);
                } finally {
                    slot = waiter;
                }
            }
        } finally {
            served = null;
        }
        return wakes;
    }

    private boolean readFor(ReadWaiter waiter) {
        boolean wakes = true;
        try {
            ReadOp<?> op = waiter.op();
            do {
                sourceEmptied = false;
                fill(op);
                wakes = !sourceEmptied || !isOpen() || mayBeDone(op);
            } while (!wakes && !readiness.await(waiter));
            sourceEmptied &= wakes; // the next wake-up may be a thread's that has fed the source since
        } catch (Throwable e) {
            servedFailure = e;
            wakes = true;
        }
        return wakes;
    }

    final boolean isOpen() {
        return readiness.closeCause() == null;
    }

    /** Makes the slot BUSY if its value is the expected one. */
    final boolean tryAcquire(@Nullable Object expected) {
        return SLOT.compareAndSet(this, expected, BUSY);
    }

    /**
     * Makes the slot BUSY for a new read.
     *
     * @param reader the exclusive reader that reads, or null
     * @throws ReadPendingException if another read or exclusive reader has the slot
     * @throws ClosedChannelException if this is closed, or a drain has dropped bytes
     */
    final void acquire(@Nullable ExclusiveReader reader) throws ClosedChannelException {
        requireOpen();
        for (int tries = 0; !SLOT.compareAndSet(this, reader, BUSY); tries++) {
            contend(reader, tries);
        }
    }

    private void requireOpen() throws ClosedChannelException {
        if (!isOpen()) {
            discardIfClosed();
            throw CloseExceptions.before(name + closedBy(), readiness.closeCause());
        }
    }

    /** Called when the slot is taken. Returns if another try may succeed. */
    private void contend(@Nullable ExclusiveReader reader, int tries) throws ClosedChannelException {
        Object holder = slot;
        if (holder == BUSY && (tries < MAX_TRIES || exclusive instanceof Drain)) {
            requireOpen();
            pause(tries); // a drain that reads waits or has dropped bytes soon
        } else if (!(reader instanceof Drain) && isOfDrain(holder)) {
            if (!takeFromDrain(holder)) {
                refuse();
            }
        } else if (holder instanceof Readiness.Waiter waiter && waiter.isGivenUp()) {
            abandon(waiter);
        } else if (holder != reader) {
            refuse();
        }
    }

    static boolean isOfDrain(@Nullable Object holder) {
        return holder instanceof Drain || (holder instanceof Readiness.Waiter waiter && waiter.yields());
    }

    /**
     * Ends a drain that has the slot, idle or waiting, and wakes it. Returns false if it has dropped bytes, and goes
     * on.
     */
    final boolean takeFromDrain(@Nullable Object holder) {
        Readiness.Waiter waiter = holder instanceof Readiness.Waiter waits && readiness.cancel(waits) ? waits : null;
        boolean dropped = false;
        if (tryAcquire(holder)) {
            Object next = holder;
            try {
                dropped = isDrained();
                if (!dropped) {
                    sourceEmptied = false; // the signal may have reached the drain
                    exclusive = null;
                    next = null;
                }
            } finally {
                slot = next;
            }
        }
        if (waiter != null) {
            waiter.wake();
        }
        return !dropped;
    }

    /** Whether a drain has dropped bytes. */
    private boolean isDrained() {
        return exclusive instanceof Drain drain && drain.hasDropped();
    }

    private void refuse() throws ClosedChannelException {
        if (isDrained()) {
            throw CloseExceptions.before(name + " was closed by the stop of its child, which has dropped output", null);
        }
        String reader = exclusive instanceof ReadTransaction
                ? " is read by an atomically block or a transfer"
                : " is being read";
        throw CloseExceptions.pending(name + reader + ": one read at a time");
    }

    /**
     * Makes the slot BUSY for a read that has waited.
     *
     * @throws AsynchronousCloseException if this was closed meanwhile
     * @throws IllegalStateException if the read was abandoned
     */
    final void reacquire(Readiness.Waiter waiter) throws AsynchronousCloseException {
        for (int tries = 0; !SLOT.compareAndSet(this, waiter, BUSY); tries++) {
            Object holder = slot;
            if (holder != BUSY && holder != waiter) {
                throw new IllegalStateException("the read was abandoned");
            } else if (holder == BUSY && !isOpen()) {
                throw closedMeanwhile(); // the closer may keep the slot
            }
            pause(tries); // a close, the end of a transaction or the loop's thread has seized it for a moment
        }
        readiness.cancel(waiter); // if the wake-up was meant for an earlier wait of the same waiter
    }

    /** Makes the slot BUSY, even if a read waits with it. Spins while another read runs. Returns what the slot was. */
    final @Nullable Object seize() {
        return seize(Integer.MAX_VALUE);
    }

    /** As {@link #seize()}; returns BUSY if it has not got the slot after so many tries. */
    final @Nullable Object seize(int maxTries) {
        for (int tries = 0; tries < maxTries; tries++) {
            Object holder = slot;
            if (holder != BUSY && tryAcquire(holder)) {
                return holder;
            }
            pause(tries);
        }
        return BUSY;
    }

    /** Lets a read go on that is soon over. It may be that of a virtual thread, which needs the carrier of this one. */
    static void pause(int tries) {
        if (tries < SPINS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    final AsynchronousCloseException closedMeanwhile() {
        return CloseExceptions.meanwhile(name + closedBy() + " while a read waited", readiness.closeCause());
    }

    private String closedBy() {
        return readiness.closeCause() == CloseOnce.BY_OWNER ? " was closed here" : " was closed with its loop";
    }
}
