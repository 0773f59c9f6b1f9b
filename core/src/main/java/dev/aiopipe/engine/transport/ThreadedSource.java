package dev.aiopipe.engine.transport;

import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.support.BlockingPool;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Reads what can only be read blocking: one read at a time, on a thread of {@link BlockingPool}, and only when somebody wants bytes.
 *
 * <pre>
 *     IDLE ── read: a read would give something ──► READING ── bytes, end or failure ──► FILLED ── read: all handed out ──► IDLE
 *
 *     any ── close ──► CLOSED        (while READING the read goes on; what it gives is left to the next opening)
 * </pre>
 */
public final class ThreadedSource implements ByteSource {
    /** What is read. */
    public interface Stream {
        /** Opens it; called on the blocking thread, by the first read. */
        InputStream open() throws IOException;

        /** Whether a read would not wait, as far as can be known. If not, the readiness is signalled when it changes. */
        default boolean isReady() throws IOException {
            return true;
        }

        /** Whether closing the stream ends a read that waits. */
        default boolean isInterruptible() {
            return false;
        }

        /** Whether a failed read means the end: a terminal that hung up (EIO), a child's stream that the JDK has closed. */
        default boolean endsByFailure() {
            return false;
        }

        /** Whether a read of 0 bytes, which {@code InputStream} takes for the end, means that there is nothing now. */
        default boolean isOnlyEmpty() throws IOException {
            return false;
        }
    }

    private enum State {
        IDLE,
        READING,
        FILLED,
        CLOSED
    }

    private static final int CHUNK_SIZE = 64 * 1024;

    private final String name;
    private final Stream endpoint;
    private final ReadMode mode;
    private final DescriptorKind kind;
    private final Readiness readiness;
    private final Leftover leftover;
    private final Closeable owner;
    private final byte[] chunk = new byte[CHUNK_SIZE];
    private InputStream stream; // guarded by this, as is all that follows
    private State state = State.IDLE;
    private int position;
    private int limit;
    private IOException failure;

    /**
     * Nothing is opened before the first read.
     *
     * @param kind the end of a terminal or FIFO is not final
     * @param leftover gets what nobody took, when this is closed
     */
    public ThreadedSource(
            String name,
            Stream endpoint,
            ReadMode mode,
            DescriptorKind kind,
            Readiness readiness,
            Leftover leftover,
            Closeable owner) {
        this.name = name;
        this.endpoint = endpoint;
        this.mode = mode;
        this.kind = kind;
        this.readiness = readiness;
        this.leftover = leftover;
        this.owner = owner;
    }

    /** Of a stream that is open, and is to be closed also if nobody reads it. Its end is final. */
    public ThreadedSource(String name, Stream endpoint, InputStream open, Readiness readiness, Leftover leftover) {
        this(name, endpoint, ReadMode.THREAD, DescriptorKind.PIPE, readiness, leftover, () -> {});
        stream = open;
    }

    @Override
    public synchronized int read(ByteBuffer target) throws IOException {
        switch (state) {
            case IDLE -> {
                if (endpoint.isReady()) {
                    BlockingPool.EXECUTOR.execute(this::pump); // may throw; it begins with its work outside of the lock
                    state = State.READING;
                }
                return 0;
            }
            case READING -> {
                return 0;
            }
            case FILLED -> {
                return handOut(target);
            }
            default -> throw new ClosedChannelException();
        }
    }

    /** Whether no read is under way, and nothing is left of the last one. */
    synchronized boolean isIdle() {
        return state == State.IDLE;
    }

    private int handOut(ByteBuffer target) throws IOException {
        if (failure != null) {
            throw failure;
        }
        int count = Math.min(limit - position, target.remaining());
        if (limit < 0) {
            state = endIsFinal() ? State.FILLED : State.IDLE;
            return -1;
        }
        target.put(chunk, position, count);
        position += count;
        if (position == limit) {
            state = State.IDLE;
        }
        return count;
    }

    private void pump() {
        int count = 0;
        IOException problem = null;
        try {
            InputStream open = opened();
            count = open == null ? 0 : readFrom(open);
        } catch (IOException e) {
            problem = e;
        } catch (Throwable e) { // whoever waits must learn of it all the same
            problem = new IOException(e);
        }
        if (finish(count, problem)) {
            readiness.announce();
        } else {
            leftover.arrived();
        }
    }

    /** Null if nobody wants to read any more: what is there is somebody else's. */
    private InputStream opened() throws IOException {
        synchronized (this) {
            if (state == State.CLOSED || stream != null) {
                return state == State.CLOSED ? null : stream;
            }
        }
        InputStream fresh = endpoint.open();
        synchronized (this) {
            stream = fresh;
            return state == State.CLOSED ? null : fresh;
        }
    }

    private int readFrom(InputStream open) throws IOException {
        try {
            int count = open.read(chunk);
            return count < 0 && endpoint.isOnlyEmpty() ? 0 : count;
        } catch (IOException e) {
            if (endpoint.endsByFailure()) {
                return -1;
            }
            throw e;
        }
    }

    /** False if this was closed meanwhile. */
    private boolean finish(int count, IOException problem) {
        synchronized (this) {
            if (state == State.READING) {
                position = 0;
                limit = count;
                failure = problem;
                state = State.FILLED;
                return true;
            }
        }
        leave(0, count);
        try {
            closeStream();
        } catch (IOException e) {
            System.getLogger("dev.aiopipe").log(System.Logger.Level.WARNING, name + " can't be closed", e);
        }
        return false;
    }

    private void leave(int from, int to) {
        if (to > from) {
            leftover.add(chunk, from, to);
        } else if (to < 0 && !endIsFinal()) {
            leftover.addEnd();
        }
    }

    private void closeStream() throws IOException {
        InputStream open;
        synchronized (this) {
            open = stream;
            stream = null;
        }
        if (open != null) {
            open.close();
        }
    }

    @Override
    public boolean isEmptyAfterShortRead() {
        return false; // the next read is begun by being asked for
    }

    @Override
    public boolean endIsFinal() {
        return kind != DescriptorKind.TERMINAL && kind != DescriptorKind.FIFO;
    }

    @Override
    public ReadMode mode() {
        return mode;
    }

    @Override
    public void close() throws IOException {
        try (owner) {
            State before;
            synchronized (this) {
                before = state;
                state = State.CLOSED;
                if (before == State.FILLED && failure == null) {
                    leave(position, limit);
                } else if (before == State.READING) {
                    leftover.expect(); // before the owner lets others open it
                }
            }
            if (before != State.READING || endpoint.isInterruptible()) {
                closeStream();
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
