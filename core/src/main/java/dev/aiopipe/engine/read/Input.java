package dev.aiopipe.engine.read;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.NamedCloseable;
import dev.aiopipe.engine.support.Threads;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The reading side of a stream: runs one {@link ReadOp} at a time over the bytes of its source. Has three layers, one
 * class each, so that no call goes through a reference: {@link ReadSlot}, who may read now; {@link BufferedSource},
 * what the bytes are; and this one, how the stream is opened and closed, and what others know of it. Drivers (suspend
 * functions, futures) do the waiting:
 *
 * <pre>
 *     value = start(op, reader)                 the slot is theirs until there is a value
 *     while (value == MORE) {
 *         if (await(waiter))                    false: no need to wait
 *             ... until waiter.wake() ...       cancelled meanwhile: abandon(waiter)
 *         value = proceed(waiter, op)
 *     }
 * </pre>
 *
 * <p>An operation runs on the thread of the driver that calls. A wake-up carries no byte to its waiter: it says that
 * another attempt may succeed. That is why an abandoned read has taken nothing.
 */
public final class Input extends BufferedSource {
    /** A second, or less. */
    private static final int CLOSE_TRIES = 11_000;

    /** Copied with each change: there is one at most, as a rule. */
    private volatile Set<BusyReader> busyReaders = Set.of();

    private final CloseOnce release;
    private final @Nullable String whyEmpty;

    @SuppressWarnings("unused") // keeps it alive
    private @Nullable Object companion;

    /**
     * Creates an open stream that has the name of its source.
     *
     * @param source gives the bytes; this owns it from now on
     * @param readiness reports when another read may succeed; closed to fail the reader
     */
    public Input(ByteSource source, Readiness readiness) {
        this(source, readiness, source);
    }

    /**
     * Creates an open stream.
     *
     * @param source gives the bytes; this owns it from now on
     * @param readiness reports when another read may succeed; closed to fail the reader
     * @param name what messages call the stream
     */
    public Input(ByteSource source, Readiness readiness, Object name) {
        this(source, readiness, name, () -> {});
    }

    /** Creates an open stream; {@code resource} is closed after the source. */
    public Input(ByteSource source, Readiness readiness, Object name, Closeable resource) {
        super(source, readiness, name, null);
        CloseOnce closing =
                CloseOnce.of(this, "PipeReader", new NamedCloseable(name, CloseOnce.both(source, resource)));
        this.release = closing;
        this.whyEmpty = null;
        readiness.onClose(closing::closeWithLoop); // the readiness must not reach this object, which may be collected
    }

    /**
     * Creates a stream over an inherited descriptor: it begins with the bytes that an earlier reader of it has left,
     * and leaves those that its own reader has not taken. {@code resource} is closed after the source.
     */
    public Input(ByteSource source, Readiness readiness, Object name, Leftover leftover, Closeable resource) {
        super(leftover.before(source, readiness), readiness, name, leftover);
        ByteSource whole = this.source; // these two: the clean-up must not reach this object
        InputBuffer unread = this.buffer;
        this.release = CloseOnce.of(
                this,
                "PipeReader",
                new NamedCloseable(name, CloseOnce.both(whole, resource)),
                () -> handOver(unread, whole, leftover));
        this.whyEmpty = null;
        WeakReference<Input> self = new WeakReference<>(this); // a collected one is closed as lost
        readiness.onClose(cause -> {
            Input open = self.get();
            if (open != null && cause != CloseOnce.BY_OWNER) {
                Threads.guarded(open::closeWithLoop);
            }
        });
    }

    private Input(String name, String whyEmpty) {
        super(ByteSource.EMPTY, new Readiness(Readiness.NO_SIGNALS), name, null);
        this.release = CloseOnce.NOTHING;
        this.whyEmpty = whyEmpty;
        buffer.ended(true);
    }

    /**
     * Creates a stream without a byte.
     *
     * @param name what messages call it
     * @param reason why there is nothing to read, as {@link #state} reports it
     */
    public static Input atEnd(String name, String reason) {
        return new Input(name, reason);
    }

    /**
     * Closes the stream: a waiting read fails with {@link AsynchronousCloseException}, later ones with
     * {@link ClosedChannelException}. A second call does nothing.
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
            discardIfClosed();
            if (waiter != null) {
                waiter.wake();
            }
            finish();
        }
    }

    private void closeWithLoop() {
        try {
            closeSource();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Hands over what is buffered, and closes the source in any case. A second call returns when the first one is
     * through.
     */
    private void closeSource() throws IOException {
        synchronized (release) {
            try {
                handOverBuffered();
            } finally {
                release.close();
            }
        }
    }

    /**
     * Hands over what is buffered, before the source lets others open the descriptor. A read that comes late finds
     * {@link #handedOver}. If an Error has struck a read between its steps, its slot is never free, and nothing is
     * handed over: the close must not hang.
     */
    private void handOverBuffered() {
        Object holder = leftover == null ? BUSY : seize(CLOSE_TRIES);
        if (holder != BUSY) {
            try {
                handedOver = true;
                handOver(buffer, source, leftover);
            } finally {
                slot = holder;
            }
        }
    }

    @Override
    void releaseSource() throws IOException {
        release.close();
    }

    /**
     * Registers a reader that reads again and again: while it is busy with its last value, no drain may begin.
     *
     * @param reader until {@link #leave}
     */
    public synchronized void enter(BusyReader reader) {
        Set<BusyReader> more = new HashSet<>(busyReaders);
        more.add(reader);
        busyReaders = more;
    }

    /** Removes a reader that has {@linkplain #enter entered}. */
    public synchronized void leave(BusyReader reader) {
        Set<BusyReader> fewer = new HashSet<>(busyReaders);
        fewer.remove(reader);
        busyReaders = fewer;
    }

    /** Whether a registered reader is going to read on, if {@code stopper} stops the child. */
    public boolean hasBusyReader(@Nullable Object stopper) {
        return busyReaders.stream().anyMatch(reader -> reader.readsOn(stopper));
    }

    /**
     * Keeps another object alive, which would be closed if it became garbage while this is in use.
     *
     * @param other kept as long as this
     */
    public void keep(Object other) {
        companion = other;
    }

    /** Returns what messages call the stream, for example {@code stdout of cat}. */
    public String name() {
        return name.toString();
    }

    /** Returns what the stream is doing, for example {@code a read waits}: a moment's value. */
    public String state() {
        if (!isOpen()) {
            return "closed";
        } else if (whyEmpty != null) {
            return whyEmpty;
        } else if (isFinished()) {
            return "at its end";
        } else if (exclusive instanceof Drain) {
            return "being drained";
        } else if (slot instanceof Readiness.Waiter) {
            return "a read waits";
        } else if (buffer.ended() && buffer.size() == 0) {
            return "at its end";
        }
        return buffer.isUnused() ? "never read" : "open";
    }

    /** Returns the name of the stream, and its state. */
    @Override
    public String toString() {
        return name + ", " + state();
    }
}
