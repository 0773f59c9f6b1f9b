package dev.aiopipe.engine.read;

import dev.aiopipe.IncompleteReadException;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.CloseExceptions;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.NamedCloseable;
import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * The reading side of a stream: runs one {@link ReadOp} at a time over what its source gives. Drivers (suspend functions, futures)
 * do the waiting:
 *
 * <pre>
 *     value = start(take)                       the slot is theirs until there is a value
 *     while (value == MORE) {
 *         if (await(waiter))                    false: no need to wait
 *             ... until waiter.wake() ...       cancelled meanwhile: abandon(waiter)
 *         value = proceed(waiter, take)
 *     }
 *
 *     slot:   free ── start ──► BUSY ── value or exception ──► free
 *                               │  ▲
 *                         await │  │ proceed
 *                               ▼  │
 *                              waiter ── abandon ──► free
 *
 *     free is null, or whoever {@linkplain #own owns} this: a start on behalf of anybody else finds it taken; but it goes before a
 *     {@linkplain DrainOp drain} that owns this
 * </pre>
 *
 * <p>A take runs on the thread of the driver that calls, and a waiter is handed nothing but the news that another try may succeed.
 * That is why an abandoned read has taken nothing.
 */
public final class Input {
    private static final Object BUSY = "busy";
    private static final int SPINS = 1_000;
    private static final int PATIENCE = SPINS + 100; // some milliseconds
    private static final int CLOSE_PATIENCE = SPINS + 10_000; // a second, or less
    private static final long PAUSE_NANOS = 10_000;
    private static final int SPARE_FRAMES = 100; // more than a driver needs to call await
    private static final VarHandle SLOT;

    static {
        try {
            SLOT = MethodHandles.lookup().findVarHandle(Input.class, "slot", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final ByteSource source;
    private final Readiness readiness;
    private final CloseOnce release;
    private final Leftover leftover; // of an inherited number, else null
    private final Object name;
    private final InputBuffer buffer; // this and what follows belongs to the holder of the slot
    private IOException failure;
    private boolean left; // closed, so what is buffered belongs to the next opening
    private boolean drained; // the last read was short: wait before the next one
    private volatile Object owner;
    private volatile Object slot;
    private final Set<BusyReader> busyReaders = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private Object kept; // never read: this is what keeps it
    private String whyEmpty; // of a stream without a source

    /**
     * A stream that is open, and is called what its source is.
     *
     * @param source where the bytes come from; this owns it from now on
     * @param readiness tells when another read may succeed; closed to fail the reader
     */
    public Input(ByteSource source, Readiness readiness) {
        this(source, readiness, source);
    }

    /**
     * A stream that is open.
     *
     * @param source where the bytes come from; this owns it from now on. Null for a stream that is at its end
     * @param readiness tells when another read may succeed; closed to fail the reader
     * @param name what messages call it
     */
    public Input(ByteSource source, Readiness readiness, Object name) {
        this(source, readiness, name, () -> {});
    }

    /** A stream that is open; {@code resource} is closed after the source. */
    public Input(ByteSource source, Readiness readiness, Object name, Closeable resource) {
        this.source = source;
        this.readiness = readiness;
        this.leftover = null;
        this.name = name;
        this.buffer = new InputBuffer(() -> String.valueOf(name));
        CloseOnce closing = source == null
                ? CloseOnce.NOTHING
                : CloseOnce.of(this, "PipeReader", new NamedCloseable(name, CloseOnce.both(source, resource)));
        this.release = closing;
        readiness.onClose(closing::closeWithLoop); // the readiness must not reach this object, which may be collected
    }

    /**
     * A stream on an inherited number: it begins with what an earlier one has left, and leaves what it has not given. {@code resource} is
     * closed after the source.
     */
    public Input(ByteSource source, Readiness readiness, Object name, Leftover leftover, Closeable resource) {
        ByteSource whole = leftover.before(source, readiness);
        InputBuffer unread = new InputBuffer(() -> String.valueOf(name)); // must not reach this object
        this.source = whole;
        this.readiness = readiness;
        this.leftover = leftover;
        this.name = name;
        this.buffer = unread;
        this.release = CloseOnce.of(
                this,
                "PipeReader",
                new NamedCloseable(name, CloseOnce.both(whole, resource)),
                () -> leave(unread, whole, leftover));
        WeakReference<Input> self = new WeakReference<>(this); // one that was collected is closed as lost
        readiness.onClose(cause -> {
            Input open = self.get();
            if (open != null && cause != CloseOnce.BY_OWNER) {
                Threads.guarded(open::closeWithLoop);
            }
        });
    }

    private void closeWithLoop() {
        try {
            closeSource();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A stream without a byte.
     *
     * @param name what messages call it
     * @param reason why there is nothing to read, as {@link #state} reports it
     * @return at its end
     */
    public static Input atEnd(String name, String reason) {
        Input input = new Input(null, new Readiness(Readiness.NO_SIGNALS), name);
        input.whyEmpty = reason;
        input.buffer.ended(true);
        return input;
    }

    /**
     * Begins a read on nobody's behalf.
     *
     * @param take what to read
     * @return as {@link #start(Take, Object)}
     * @throws IOException as {@link #start(Take, Object)}
     */
    public Object start(ReadOp<?> take) throws IOException {
        return start(take, null);
    }

    /**
     * Begins a read.
     *
     * @param take what to read
     * @param reader on whose behalf: the owner's, or null
     * @return its value; or {@link ReadOp#MORE}, then the slot stays with the caller, who has to {@link #await}
     * @throws ReadPendingException if another read is under way, which is not disturbed; or if this is owned by somebody else
     * @throws ClosedChannelException if this is closed
     * @throws IOException what the take or the source throws
     */
    public Object start(ReadOp<?> take, Object reader) throws IOException {
        acquire(reader);
        try {
            return run(take);
        } catch (Throwable e) {
            slot = owner; // without a call: an Error may have left no stack for one
            leftBy(e);
            throw e;
        }
    }

    /**
     * Waits for the source.
     *
     * @param waiter woken once, unless it is abandoned before; a new one for each wait
     * @return false if there is no need to wait: {@link #proceed}. If this throws, the read is over and the slot free
     */
    public boolean await(Readiness.Waiter waiter) {
        boolean waits;
        try {
            waits = readiness.await(waiter);
        } catch (Throwable e) {
            slot = owner;
            throw e;
        }
        slot = waiter; // so whoever finds it there finds one that waits, or was woken
        return waits;
    }

    /** Ends a read that has asked for more, and cannot {@linkplain #await wait} for it. */
    public void quit() {
        slot = owner;
        forgetIfClosed();
    }

    /**
     * Goes on with a read that waited.
     *
     * @param waiter who has waited
     * @param take the take that {@link #start} was called with
     * @return as {@code start}
     * @throws AsynchronousCloseException if this was closed meanwhile
     * @throws IllegalStateException if the read was abandoned, perhaps by another read as it was {@linkplain Readiness.Waiter#isGivenUp
     *     given up}
     * @throws IOException what the take or the source throws
     */
    public Object proceed(Readiness.Waiter waiter, ReadOp<?> take) throws IOException {
        for (int tries = 0; !SLOT.compareAndSet(this, waiter, BUSY); tries++) {
            Object holder = slot;
            if (holder != BUSY && holder != waiter) {
                throw new IllegalStateException("the read was abandoned");
            } else if (holder == BUSY && readiness.closeCause() != null) {
                throw closedMeanwhile(); // whoever has closed this may keep the slot
            }
            pause(tries); // somebody has seized it for a moment
        }
        try {
            if (readiness.closeCause() != null) {
                throw closedMeanwhile();
            }
            drained = false;
            return run(take);
        } catch (Throwable e) {
            slot = owner;
            leftBy(e);
            throw e;
        }
    }

    /**
     * Ends a wait without a read. The slot is free when this returns; does nothing once somebody else has it.
     *
     * @param waiter who waits no more
     */
    public void abandon(Readiness.Waiter waiter) {
        readiness.cancel(waiter);
        if (SLOT.compareAndSet(this, waiter, BUSY)) {
            drained = false; // the news may have reached this waiter, and would not be told again
            slot = owner;
        }
    }

    /** An owner that has the input while its outer one waits for it to {@linkplain Input#disown end}. */
    public interface Nested {
        /**
         * Returns the owner that opened this one, which must be the input's owner when this one is to own it.
         *
         * @return null for an outermost one
         */
        Object outer();
    }

    private static Object outerOf(Object owner) {
        return owner instanceof Nested nested ? nested.outer() : null;
    }

    /**
     * From now on reads are begun on the owner's behalf only, until it {@linkplain #disown disowns} this.
     *
     * @param next the owner; perhaps {@link Nested} in the one that owns this
     * @throws ReadPendingException if a read is under way, or somebody else owns this
     * @throws ClosedChannelException if this is closed
     */
    public void own(Object next) throws ClosedChannelException {
        acquire(outerOf(next));
        owner = next;
        slot = next;
    }

    /**
     * For the owner: from now on what is read is kept too, until it {@linkplain #disown disowns} this.
     *
     * @param limit how many bytes are kept at most
     * @throws ClosedChannelException if this is closed
     */
    public void hold(int limit) throws ClosedChannelException {
        occupy(owner);
        try {
            buffer.hold(limit);
        } finally {
            slot = owner;
        }
    }

    /**
     * How much was read since {@link #hold}.
     *
     * @return a count of bytes
     */
    public int kept() {
        return buffer.kept();
    }

    /**
     * From now on the outer owner, or anybody, may begin a read, if this is owned by the one that is named or by one within it. Without an
     * outer owner, what was read is gone. A read on the owner's behalf that still waits is over: its {@link #proceed} fails.
     *
     * @param last the owner
     */
    public void disown(Object last) {
        Readiness.Waiter waiter = disown(last, Integer.MAX_VALUE);
        if (waiter != null) {
            waiter.wake();
        }
    }

    /**
     * As {@link #disown(Object)}, but puts back what was read last.
     *
     * @param last the owner
     * @param mark how much of what is {@linkplain #kept kept} is not put back
     * @return a waiter that the caller has to wake, when it holds no lock; null if nobody waited
     */
    public Readiness.Waiter disown(Object last, int mark) {
        Object holder = seize();
        if (!isOwnedWithin(last)) {
            slot = holder;
            return null;
        }
        Object next = outerOf(last);
        try {
            boolean discarded = leftover == null && readiness.closeCause() != null;
            if (mark < buffer.kept() && !discarded) { // a close may be on its way to leave what is buffered
                buffer.giveBack(buffer.kept() - mark);
            }
            if (left) {
                leave(buffer, source, leftover);
            }
            if (next == null) {
                buffer.letGo();
            }
            drained = false;
        } finally {
            owner = next;
            slot = next;
        }
        return holder instanceof Readiness.Waiter waiter && readiness.cancel(waiter) ? waiter : null;
    }

    private boolean isOwnedWithin(Object other) {
        Object current = owner;
        while (current != null && current != other) {
            current = outerOf(current);
        }
        return current == other;
    }

    /**
     * Somebody reads again and again, and must not lose this to a drain while they are busy with what they have read last.
     *
     * @param reader until {@link #leave}
     */
    public void enter(BusyReader reader) {
        busyReaders.add(reader);
    }

    /**
     * Somebody reads no more.
     *
     * @param reader that has entered
     */
    public void leave(BusyReader reader) {
        busyReaders.remove(reader);
    }

    /** Whether somebody is going to read on. */
    public boolean hasBusyReader(Object stopper) {
        return busyReaders.stream().anyMatch(reader -> reader.readsOn(stopper));
    }

    /**
     * Begins to drain this.
     *
     * @return to be {@linkplain #endDrain ended}
     * @throws ReadPendingException if somebody is reading, or owns this
     * @throws ClosedChannelException if this is closed, or another drain has dropped something
     */
    public DrainOp drain() throws ClosedChannelException {
        acquire(null);
        try {
            DrainOp drainOp = new DrainOp(!buffer.isUnused());
            owner = drainOp;
            return drainOp;
        } finally {
            slot = owner;
        }
    }

    /**
     * Ends a drain, whatever it is doing: closes this, unless somebody else has come to read.
     *
     * @param drainOp of this
     * @param waiter who waits for it, if anybody does; it is not woken any more
     */
    public void endDrain(DrainOp drainOp, Readiness.Waiter waiter) {
        for (int tries = 0; owner == drainOp && readiness.closeCause() == null; tries++) {
            if (SLOT.compareAndSet(this, drainOp, BUSY)) { // the slot stays busy, so a late reader finds this closed
                try {
                    close();
                    buffer.discard();
                } catch (Throwable e) {
                    if (readiness.closeCause() == null) {
                        slot = drainOp;
                    }
                    throw e;
                }
            } else {
                abandon(waiter);
                pause(tries);
            }
        }
    }

    /**
     * Ends a drain that has dropped nothing, and leaves this open. One that has dropped something goes on.
     *
     * @param drainOp of this
     * @return true if it has ended, now or before
     */
    public boolean giveUpDrain(DrainOp drainOp) {
        for (int tries = 0; owner == drainOp && readiness.closeCause() == null; tries++) {
            Object holder = slot;
            if (drainOp.hasDropped()) {
                return false;
            } else if (isOfADrain(holder)) {
                takePlaceOf(holder);
            } else {
                pause(tries);
            }
        }
        return true;
    }

    /** Has the slot, whoever waits with it. Somebody who reads at this moment is soon through. Returns who had it. */
    private Object seize() {
        return seize(Integer.MAX_VALUE);
    }

    /** As {@link #seize()}; BUSY if it has not got the slot after so many tries. */
    private Object seize(int patience) {
        for (int tries = 0; tries < patience; tries++) {
            Object holder = slot;
            if (holder != BUSY && SLOT.compareAndSet(this, holder, BUSY)) {
                return holder;
            }
            pause(tries);
        }
        return BUSY;
    }

    /**
     * Keeps something else alive, which would be closed if it became garbage while this is in use.
     *
     * @param companion of this
     */
    public void keep(Object companion) {
        kept = companion;
    }

    /**
     * When nothing more is going to be read.
     *
     * @return completes when a read has reported the final end, or this was closed here; each call gives a new one
     */
    public CompletableFuture<Void> over() {
        return over.copy();
    }

    /**
     * How much is buffered here: a moment's value.
     *
     * @return a count of bytes
     */
    public int buffered() {
        return readiness.closeCause() == null ? Math.max(buffer.size(), 0) : 0;
    }

    /**
     * How the source works.
     *
     * @return the mode
     */
    public ReadMode mode() {
        return source == null ? ReadMode.SELECTOR : source.mode();
    }

    /**
     * Closes the stream: a waiting read fails with {@link AsynchronousCloseException}, later ones with {@link ClosedChannelException}.
     * Once is enough, more do no harm.
     *
     * @throws UncheckedIOException if the source can't be closed
     */
    public void close() {
        Readiness.Waiter waiter = readiness.close(CloseOnce.BY_OWNER);
        try {
            closeSource();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            forgetIfClosed();
            if (waiter != null) {
                waiter.wake();
            }
            over.complete(null);
        }
    }

    /** Leaves what is buffered, and closes the source in any case. A second call returns when the first one is through. */
    private void closeSource() throws IOException {
        synchronized (release) {
            try {
                leaveBuffered();
            } finally {
                release.close();
            }
        }
    }

    /**
     * What is buffered is left before the source lets others open the number. A read that comes late finds {@link #left}. One that never
     * ends, because an Error has struck between its steps, must not hold this up: then nothing is left.
     */
    private void leaveBuffered() {
        Object holder = leftover == null ? BUSY : seize(CLOSE_PATIENCE);
        if (holder != BUSY) {
            try {
                left = true;
                leave(buffer, source, leftover);
            } finally {
                slot = holder;
            }
        }
    }

    private static void leave(InputBuffer buffer, ByteSource source, Leftover leftover) {
        boolean untoldEnd = buffer.ended() && !source.endIsFinal();
        leftover.putBack(buffer.takeRest(), untoldEnd);
        if (untoldEnd) {
            buffer.ended(false);
        }
    }

    /** Lets the memory of a closed input go. If a read is under way, that read does so when it is over. */
    private void forgetIfClosed() {
        if (readiness.closeCause() != null) {
            Object holder = slot;
            if (holder != BUSY && SLOT.compareAndSet(this, holder, BUSY)) {
                if (leftover == null || left && buffer.kept() == 0) { // else it is still to be left
                    buffer.discard();
                }
                slot = holder;
            }
        }
    }

    /**
     * What messages call it.
     *
     * @return for example {@code stdout of cat}
     */
    public String name() {
        return name.toString();
    }

    /**
     * What it is doing: a moment's value.
     *
     * @return for example {@code a read waits}
     */
    public String state() {
        if (readiness.closeCause() != null) {
            return "closed";
        } else if (source == null) {
            return whyEmpty;
        } else if (over.isDone()) {
            return "at its end";
        } else if (owner instanceof DrainOp) {
            return "being drained";
        } else if (slot instanceof Readiness.Waiter) {
            return "a read waits";
        } else if (buffer.ended() && buffer.size() == 0) {
            return "at its end";
        }
        return buffer.isUnused() ? "never read" : "open";
    }

    /** The name of the stream, and its state. */
    @Override
    public String toString() {
        return name + ", " + state();
    }

    private void acquire(Object reader) throws ClosedChannelException {
        requireOpen();
        occupy(reader);
    }

    private void requireOpen() throws ClosedChannelException {
        if (readiness.closeCause() != null) {
            forgetIfClosed();
            throw CloseExceptions.before(name + closing(), readiness.closeCause());
        }
    }

    private void occupy(Object reader) throws ClosedChannelException {
        for (int tries = 0; !SLOT.compareAndSet(this, reader, BUSY); tries++) {
            contend(reader, tries);
        }
    }

    /** The slot was taken: returns if it is worth another try. */
    private void contend(Object reader, int tries) throws ClosedChannelException {
        Object holder = slot;
        if (holder == BUSY && (tries < PATIENCE || owner instanceof DrainOp)) {
            requireOpen();
            pause(tries); // it may be a drain, which is soon through, and waits or has dropped something
        } else if (!(reader instanceof DrainOp) && isOfADrain(holder)) {
            goBefore(holder);
        } else if (holder instanceof Readiness.Waiter waiter && waiter.isGivenUp()) {
            abandon(waiter);
        } else if (holder != reader) {
            refuse();
        }
    }

    private static boolean isOfADrain(Object holder) {
        return holder instanceof DrainOp || holder instanceof Readiness.Waiter waiter && waiter.yields();
    }

    private void goBefore(Object drain) throws ClosedChannelException {
        if (!takePlaceOf(drain)) {
            refuse();
        }
    }

    /** Ends a drain, which finds that out when it is woken; false if it has dropped something, and goes on. */
    private boolean takePlaceOf(Object drain) {
        boolean waited = drain instanceof Readiness.Waiter waiter && readiness.cancel(waiter);
        boolean hole = false;
        if (SLOT.compareAndSet(this, drain, BUSY)) {
            Object next = drain;
            try {
                hole = hasHole();
                if (!hole) {
                    drained = false; // the news may have reached the drain
                    owner = null;
                    next = null;
                }
            } finally {
                slot = next;
            }
        }
        if (waited) {
            ((Readiness.Waiter) drain).wake();
        }
        return !hole;
    }

    private boolean hasHole() {
        return owner instanceof DrainOp drainOp && drainOp.hasDropped();
    }

    private void refuse() throws ClosedChannelException {
        if (hasHole()) {
            throw CloseExceptions.before(name + " was closed by the stop of its child, which has dropped output", null);
        }
        boolean owned = owner != null && !(owner instanceof DrainOp);
        throw CloseExceptions.pending(
                name + (owned ? " is read by an atomically block or a transfer" : " is being read")
                        + ": one read at a time");
    }

    /** Lets somebody go on who is soon through. That may be a virtual thread that needs the one that this one runs on. */
    private static void pause(int tries) {
        if (tries < SPINS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** Runs a take until it has a value, or there is nothing now. Frees the slot behind a value; the caller does if this throws. */
    private Object run(ReadOp<?> take) throws IOException {
        Object value;
        boolean endTold;
        do {
            endTold = buffer.ended() && buffer.size() == 0 && !take.onlyLooks();
            value = attempt(take);
        } while (value == ReadOp.MORE && fill());
        if (value == ReadOp.MORE) {
            Threads.requireStack(SPARE_FRAMES);
        } else {
            endTold |= buffer.ended() && take.toldTheEnd();
            if (buffer.ended()) {
                leaveEnd(endTold);
            }
            SLOT.setRelease(this, owner);
            if (endTold) {
                overIfEndIsFinal();
            }
            forgetIfClosed();
        }
        return value;
    }

    /** Tries a take once. If it throws, it has taken nothing. */
    private Object attempt(ReadOp<?> take) throws IOException {
        int mark = buffer.mark();
        try {
            return take.from(buffer);
        } catch (Throwable e) {
            buffer.undo(mark);
            if (e instanceof IncompleteReadException) {
                leaveEnd(true);
            }
            throw e;
        }
    }

    /** Called after a read that saw the end. If the read has reported it, an end that is not final is over. */
    private void leaveEnd(boolean reported) {
        if (reported && !endIsFinal()) {
            buffer.passEnd();
        }
        buffer.discardIfEmpty();
    }

    /** Called after a read that threw, when the slot is free. */
    private void leftBy(Throwable failure) {
        if (failure instanceof IncompleteReadException) {
            overIfEndIsFinal();
        }
        forgetIfClosed();
    }

    private void overIfEndIsFinal() {
        if (endIsFinal()) {
            over.complete(null);
        }
    }

    private boolean endIsFinal() {
        return source == null || source.endIsFinal();
    }

    /** Reads once. False if there is nothing now. */
    private boolean fill() throws IOException {
        if (drained) {
            return false;
        } else if (left) {
            throw closedMeanwhile();
        } else if (failure != null) {
            throw failure;
        }
        ByteBuffer space = buffer.space();
        int room = space.remaining();
        int count;
        try {
            count = source.read(space);
        } catch (ClosedChannelException e) {
            throw readiness.closeCause() == null ? e : closedMeanwhile();
        } catch (IOException e) {
            if (source.endIsFinal()) {
                failure = e; // else another try may succeed: a FIFO that could not be opened anew
            }
            throw e;
        }
        if (count < 0) {
            buffer.ended(true);
            drained = false;
            if (source.endIsFinal()) {
                release.close();
            }
            return true;
        }
        buffer.filled(count);
        drained = count == 0 || count < room && source.isEmptyAfterShortRead();
        return count > 0;
    }

    private AsynchronousCloseException closedMeanwhile() {
        return CloseExceptions.meanwhile(name + closing() + " while a read waited", readiness.closeCause());
    }

    private String closing() {
        return readiness.closeCause() == CloseOnce.BY_OWNER ? " was closed here" : " was closed with its loop";
    }
}
