package dev.aiopipe.engine;

import dev.aiopipe.ReadMode;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Reads what can only be read blocking: one read at a time, on a thread of {@link Blocking}, and only when somebody wants bytes.
 *
 * <pre>
 *     IDLE ── read: nothing here ──► READING ── bytes, end or failure ──► FILLED ── read: all handed out ──► IDLE
 *
 *     any ── close ──► CLOSED        (while READING the stream is closed behind the read, which nothing can stop)
 * </pre>
 */
final class PumpedSource implements ByteSource {
    /** Opens the stream; called on the blocking thread, by the first read, and by the next one behind an end that is not final. */
    interface Opener {
        InputStream open() throws IOException;
    }

    private enum State {
        IDLE,
        READING,
        FILLED,
        CLOSED
    }

    private static final int CHUNK_SIZE = 64 * 1024;

    private final Opener opener;
    private final ReadMode mode;
    private final Kind kind;
    private final Readiness readiness;
    private final Closeable owner;
    private final boolean failureIsEnd;
    private final byte[] chunk = new byte[CHUNK_SIZE];
    private InputStream
            stream; // used by the reading thread while READING, guarded by this otherwise, as is all that follows
    private State state = State.IDLE;
    private int position;
    private int limit;
    private IOException failure;

    /** Of a terminal, or a FIFO, the end is not final; and a terminal's hanging up (EIO) is an end. */
    PumpedSource(Opener opener, ReadMode mode, Kind kind, Readiness readiness, Closeable owner) {
        this(opener, mode, kind, readiness, owner, kind == Kind.TERMINAL);
    }

    /** Of a child's stream, which is open and must be closed also if nobody reads it. It fails only if the JDK has closed it: an end. */
    PumpedSource(InputStream open, Readiness readiness) {
        this(() -> open, ReadMode.THREAD, Kind.PIPE, readiness, () -> {}, true);
        stream = open;
    }

    private PumpedSource(
            Opener opener, ReadMode mode, Kind kind, Readiness readiness, Closeable owner, boolean failureIsEnd) {
        this.opener = opener;
        this.mode = mode;
        this.kind = kind;
        this.readiness = readiness;
        this.owner = owner;
        this.failureIsEnd = failureIsEnd;
    }

    @Override
    public synchronized int read(ByteBuffer target) throws IOException {
        switch (state) {
            case IDLE -> {
                Blocking.EXECUTOR.execute(this::pump); // may throw; it begins with its work outside of the lock
                state = State.READING;
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
        synchronized (this) {
            if (state == State.CLOSED) { // what was there is somebody else's
                closeStream();
                return;
            }
        }
        int count = -1;
        IOException problem = null;
        try {
            if (stream == null) {
                stream = opener.open();
            }
            count = readStream();
            if (count < 0 && !endIsFinal()) {
                stream.close();
                stream = null;
            }
        } catch (IOException e) {
            problem = e;
        } catch (Throwable e) { // whoever waits is to be told all the same
            problem = new IOException(e);
        }
        synchronized (this) {
            position = 0;
            limit = count;
            failure = problem;
            if (state == State.READING) {
                state = State.FILLED;
            } else {
                closeStream();
            }
        }
        readiness.announce();
    }

    private int readStream() throws IOException {
        try {
            return stream.read(chunk);
        } catch (IOException e) {
            if (failureIsEnd) {
                return -1;
            }
            throw e;
        }
    }

    private void closeStream() {
        try {
            if (stream != null) {
                stream.close();
            }
        } catch (IOException e) {
            failure = e; // nobody is left to be told
        }
    }

    @Override
    public boolean isEmptyAfterShortRead() {
        return false; // the next read is begun by being asked for
    }

    @Override
    public boolean endIsFinal() {
        return kind != Kind.TERMINAL && kind != Kind.FIFO;
    }

    @Override
    public ReadMode mode() {
        return mode;
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            boolean unused = state == State.IDLE || state == State.FILLED;
            state = State.CLOSED;
            if (unused && stream != null) {
                stream.close();
            }
        }
        owner.close();
    }

    @Override
    public String toString() {
        return "PumpedSource[" + mode + "]";
    }
}
