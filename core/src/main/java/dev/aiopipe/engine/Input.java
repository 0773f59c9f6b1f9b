package dev.aiopipe.engine;

import dev.aiopipe.IncompleteReadException;
import dev.aiopipe.ReadMode;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.concurrent.locks.LockSupport;

/**
 * The reading side of a stream: runs one {@link Take} at a time over what its source gives. Drivers (suspend functions, futures)
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
 *     {@linkplain Drainage drain} that owns this
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
    private final Release release;
    private final Leftover leftover; // of an inherited number, else null
    private final InputBuffer buffer = new InputBuffer(); // this and what follows belongs to the holder of the slot
    private IOException failure;
    private boolean left; // closed, so what is buffered belongs to the next opening
    private boolean drained; // the last read was short: wait before the next one
    private volatile Object owner;
    private volatile Object slot;

    /**
     * A stream that is open.
     *
     * @param source where the bytes come from; this owns it from now on. Null for a stream that is at its end
     * @param readiness tells when another read may succeed; closed to fail the reader
     */
    public Input(ByteSource source, Readiness readiness) {
        this.source = source;
        this.readiness = readiness;
        this.leftover = null;
        this.release = source == null ? Release.NOTHING : Release.of(this, "PipeReader", source);
    }

    /** A stream on an inherited number: it begins with what an earlier one has left, and leaves what it has not given. */
    Input(ByteSource source, Readiness readiness, Leftover leftover) {
        ByteSource whole = leftover.before(source, readiness);
        this.source = whole;
        this.readiness = readiness;
        this.leftover = leftover;
        this.release = Release.of(this, "PipeReader", new Leaving(buffer, whole, leftover));
    }

    /** What is closed also when the Input is garbage; it must not reach that. */
    private record Leaving(InputBuffer buffer, ByteSource source, Leftover leftover) implements Closeable {
        @Override
        public void close() throws IOException {
            leave(buffer, source, leftover);
            source.close();
        }

        @Override
        public String toString() {
            return source.toString();
        }
    }

    /**
     * A stream without a byte.
     *
     * @return at its end
     */
    public static Input atEnd() {
        Input input = new Input(null, new Readiness(Readiness.NO_SIGNALS));
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
    public Object start(Take<?> take) throws IOException {
        return start(take, null);
    }

    /**
     * Begins a read.
     *
     * @param take what to read
     * @param reader on whose behalf: the owner's, or null
     * @return its value; or {@link Take#MORE}, then the slot stays with the caller, who has to {@link #await}
     * @throws ReadPendingException if another read is under way, which is not disturbed; or if this is owned by somebody else
     * @throws ClosedChannelException if this is closed
     * @throws IOException what the take or the source throws
     */
    public Object start(Take<?> take, Object reader) throws IOException {
        acquire(reader);
        return run(take);
    }

    /**
     * Waits for the source.
     *
     * @param waiter woken once, unless it is abandoned before; a new one for each wait
     * @return false if there is no need to wait: {@link #proceed}
     */
    public boolean await(Readiness.Waiter waiter) {
        boolean waits = readiness.await(waiter);
        slot = waiter; // so whoever finds it there finds one that waits, or was woken
        return waits;
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
    public Object proceed(Readiness.Waiter waiter, Take<?> take) throws IOException {
        for (int tries = 0; !SLOT.compareAndSet(this, waiter, BUSY); tries++) {
            Object holder = slot;
            if (holder != BUSY && holder != waiter) {
                throw new IllegalStateException("the read was abandoned");
            }
            pause(tries); // somebody has seized it for a moment
        }
        if (readiness.closeCause() != null) {
            free();
            throw closed(new AsynchronousCloseException());
        }
        drained = false;
        return run(take);
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
            free();
        }
    }

    /**
     * From now on reads are begun on the owner's behalf only, until it {@linkplain #disown disowns} this.
     *
     * @param next the owner
     * @throws ReadPendingException if a read is under way, or there is an owner already
     * @throws ClosedChannelException if this is closed
     */
    public void own(Object next) throws ClosedChannelException {
        acquire(null);
        owner = next;
        free();
    }

    /**
     * For the owner: from now on what is read is kept too, until it {@linkplain #disown disowns} this.
     *
     * @param limit how many bytes are kept at most
     * @throws ClosedChannelException if this is closed
     */
    public void hold(int limit) throws ClosedChannelException {
        occupy(owner);
        buffer.hold(limit);
        free();
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
     * For the owner: puts back what was read last. A read of its that waits finds it.
     *
     * @param count bytes, at most {@link #kept}
     */
    public void giveBack(int count) {
        if (count > 0) {
            Object holder = seize();
            buffer.giveBack(count);
            if (left) {
                leave(buffer, source, leftover);
            }
            drained = false;
            slot = holder;
            wakeEarly(holder);
        }
    }

    /**
     * From now on anybody may begin a read, if this is owned by the one that is named. What was read is gone, and a read on the owner's
     * behalf that still waits is over: its {@link #proceed} fails.
     *
     * @param last the owner
     */
    public void disown(Object last) {
        Object holder = seize();
        if (owner != last) {
            slot = holder;
            return;
        }
        buffer.letGo();
        drained = false;
        owner = null;
        slot = null;
        wakeEarly(holder);
    }

    /**
     * Begins to drain this.
     *
     * @return to be {@linkplain #endDrain ended}
     * @throws ReadPendingException if somebody is reading, or owns this
     * @throws ClosedChannelException if this is closed, or another drain has dropped something
     */
    public Drainage drain() throws ClosedChannelException {
        acquire(null);
        Drainage drainage = new Drainage(!buffer.isUnused());
        owner = drainage;
        free();
        return drainage;
    }

    /**
     * Ends a drain that neither reads nor waits any more: closes this, unless somebody else has come to read.
     *
     * @param drainage of this
     */
    public void endDrain(Drainage drainage) {
        for (int tries = 0; owner == drainage && readiness.closeCause() == null; tries++) {
            if (SLOT.compareAndSet(this, drainage, BUSY)) { // and stays so: who is late finds this closed
                close();
            } else {
                pause(tries);
            }
        }
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

    private void wakeEarly(Object holder) {
        if (holder instanceof Readiness.Waiter waiter && readiness.cancel(waiter)) {
            waiter.wake();
        }
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
        Readiness.Waiter waiter = readiness.close(Release.BY_OWNER);
        try {
            if (leftover == null) {
                release.close();
            } else {
                closeInherited();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (waiter != null) {
                waiter.wake();
            }
        }
    }

    /**
     * What is buffered is left before the source lets others open the number. A read that comes late finds {@link #left}. One that never
     * ends, because an Error has struck between its steps, must not hold this up: then nothing is left.
     */
    private void closeInherited() throws IOException {
        Object holder = seize(CLOSE_PATIENCE);
        if (holder != BUSY) {
            left = true;
            leave(buffer, source, leftover);
            slot = holder;
        }
        if (release.forget()) { // else the end has closed it
            source.close();
        }
    }

    private static void leave(InputBuffer buffer, ByteSource source, Leftover leftover) {
        boolean untoldEnd = buffer.ended() && !source.endIsFinal();
        leftover.putBack(buffer.takeRest(), untoldEnd);
        if (untoldEnd) {
            buffer.ended(false);
        }
    }

    @Override
    public String toString() {
        return source == null ? "at its end" : source.toString();
    }

    private void acquire(Object reader) throws ClosedChannelException {
        requireOpen();
        occupy(reader);
    }

    private void requireOpen() throws ClosedChannelException {
        if (readiness.closeCause() != null) {
            throw closed(new ClosedChannelException());
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
        if (holder == BUSY && (tries < PATIENCE || owner instanceof Drainage)) {
            requireOpen();
            pause(tries); // it may be a drain, which is soon through, and waits or has dropped something
        } else if (!(reader instanceof Drainage) && isOfADrain(holder)) {
            goBefore(holder);
        } else if (holder instanceof Readiness.Waiter waiter && waiter.isGivenUp()) {
            abandon(waiter);
        } else if (holder != reader) {
            refuse();
        }
    }

    private static boolean isOfADrain(Object holder) {
        return holder instanceof Drainage || holder instanceof Readiness.Waiter waiter && waiter.yields();
    }

    /** Takes the place of a drain, which finds that out when it is woken, unless it has dropped something. */
    private void goBefore(Object drain) throws ClosedChannelException {
        boolean waited = drain instanceof Readiness.Waiter waiter && readiness.cancel(waiter);
        boolean hole = false;
        if (SLOT.compareAndSet(this, drain, BUSY)) {
            hole = hasHole();
            if (!hole) {
                drained = false; // the news may have reached the drain
                owner = null;
            }
            slot = hole ? drain : null;
        }
        if (waited) {
            ((Readiness.Waiter) drain).wake();
        }
        if (hole) {
            refuse();
        }
    }

    private boolean hasHole() {
        return owner instanceof Drainage drainage && drainage.hasDropped();
    }

    private void refuse() throws ClosedChannelException {
        if (hasHole()) {
            throw new ClosedChannelException();
        }
        throw new ReadPendingException();
    }

    /** Lets somebody go on who is soon through. That may be a virtual thread that needs the one that this one runs on. */
    private static void pause(int tries) {
        if (tries < SPINS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private void free() {
        SLOT.setRelease(this, owner);
    }

    private Object run(Take<?> take) throws IOException {
        boolean waiting = false;
        boolean endTold = false;
        try {
            Object value;
            do {
                endTold = buffer.ended() && buffer.size() == 0 && !take.onlyLooks();
                value = take.from(buffer);
            } while (value == Take.MORE && fill());
            waiting = value == Take.MORE;
            endTold |= !waiting && buffer.ended() && take.toldTheEnd();
            return value;
        } catch (IncompleteReadException e) {
            endTold = true;
            throw e;
        } finally {
            if (!waiting) {
                if (endTold && source != null && !source.endIsFinal()) {
                    buffer.passEnd(); // the caller was told; what came before the end did not tell
                }
                free();
            }
        }
    }

    /** Reads once. False if there is nothing now. */
    private boolean fill() throws IOException {
        if (drained) {
            return false;
        } else if (left) {
            throw closed(new AsynchronousCloseException());
        } else if (failure != null) {
            throw failure;
        }
        ByteBuffer space = buffer.space();
        int room = space.remaining();
        int count;
        try {
            count = source.read(space);
        } catch (ClosedChannelException e) {
            throw readiness.closeCause() == null ? e : closed(new AsynchronousCloseException());
        } catch (IOException e) {
            if (source.endIsFinal()) {
                failure = e; // else another try may succeed: a FIFO that could not be opened anew
            }
            throw e;
        }
        if (count < 0) {
            buffer.ended(true);
            drained = false;
            if (source.endIsFinal() && release.forget()) {
                source.close();
            }
            return true;
        }
        buffer.filled(count);
        drained = count == 0 || count < room && source.isEmptyAfterShortRead();
        return count > 0;
    }

    private ClosedChannelException closed(ClosedChannelException exception) {
        return Release.because(exception, readiness.closeCause());
    }
}
