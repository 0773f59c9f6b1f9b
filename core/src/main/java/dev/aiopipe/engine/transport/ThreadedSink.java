package dev.aiopipe.engine.transport;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.write.ByteSink;
import dev.aiopipe.engine.write.Message;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Writes what can only be written blocking: a copied chunk at a time, on a thread of {@link BlockingPool}.
 *
 * <pre>
 *     IDLE ── write: takes a chunk ──► WRITING ── written, or failed ──► IDLE
 *
 *     any ── close ──► CLOSED        (while WRITING the stream is closed after the write, unless it is interruptible)
 * </pre>
 */
public final class ThreadedSink implements ByteSink {
    /** What is written. */
    public interface Stream {
        /** Opens it; called on the blocking thread by the first write. */
        OutputStream open() throws IOException;

        /** Whether closing the stream ends a write that waits. */
        default boolean isInterruptible() {
            return false;
        }
    }

    private enum State {
        IDLE,
        WRITING,
        CLOSED
    }

    private static final int CHUNK_SIZE = 64 * 1024;

    private final String name;
    private final Stream endpoint;
    private final boolean toReader;
    private final Readiness readiness;
    private final Closeable owner;
    private final byte[] chunk = new byte[CHUNK_SIZE];
    private OutputStream stream; // guarded by this, as is all that follows
    private State state = State.IDLE;
    private Throwable failure;
    private boolean broken; // and told, or about to be

    /** With {@code toReader} a failure means that nobody reads; files have others. */
    public ThreadedSink(String name, Stream endpoint, boolean toReader, Readiness readiness, Closeable owner) {
        this.name = name;
        this.endpoint = endpoint;
        this.toReader = toReader;
        this.readiness = readiness;
        this.owner = owner;
    }

    /** Of a stream that is open, and is to be closed also if nobody writes it. */
    public ThreadedSink(String name, OutputStream open, Readiness readiness) {
        this(name, () -> open, true, readiness, () -> {});
        stream = open;
    }

    @Override
    public synchronized int write(ByteBuffer source) throws IOException {
        if (!isFlushed()) {
            return 0;
        }
        int count = Math.min(source.remaining(), CHUNK_SIZE);
        source.get(source.position(), chunk, 0, count);
        BlockingPool.EXECUTOR.execute(() -> pump(count)); // may throw, and nothing is written then
        source.position(source.position() + count);
        state = State.WRITING;
        return count;
    }

    @Override
    public synchronized boolean isFlushed() throws IOException {
        if (state == State.CLOSED) {
            throw new ClosedChannelException();
        }
        Throwable failed = failure;
        failure = null;
        Message.rethrow(failed);
        return state == State.IDLE;
    }

    @Override
    public int sliceSize() {
        return CHUNK_SIZE;
    }

    private void pump(int count) {
        Throwable problem = null;
        try {
            OutputStream open = opened();
            if (open != null) {
                open.write(chunk, 0, count);
                open.flush();
            }
        } catch (IOException e) {
            problem = toReader ? new BrokenPipeException("nobody reads " + name, e) : e;
        } catch (Throwable e) { // whoever waits must learn of it all the same
            problem = e;
        }
        boolean closed;
        synchronized (this) {
            failure = problem;
            broken |= problem != null;
            closed = state == State.CLOSED;
            if (!closed) {
                state = State.IDLE;
            }
        }
        if (closed) {
            closeLate();
        }
        readiness.announce();
    }

    /** Null if this was aborted. */
    private OutputStream opened() throws IOException {
        synchronized (this) {
            if (state == State.CLOSED || stream != null) {
                return state == State.CLOSED ? null : stream;
            }
        }
        OutputStream fresh = endpoint.open();
        synchronized (this) {
            stream = fresh;
            return state == State.CLOSED ? null : fresh;
        }
    }

    private void closeLate() {
        try {
            closeStream();
        } catch (IOException e) {
            System.getLogger("dev.aiopipe").log(System.Logger.Level.DEBUG, name + " was aborted", e);
        }
    }

    private void closeStream() throws IOException {
        OutputStream open;
        synchronized (this) {
            open = stream;
            stream = null;
        }
        if (open != null) {
            open.close();
        }
    }

    @Override
    public void close() throws IOException {
        try (owner) {
            boolean unused;
            boolean told;
            synchronized (this) {
                unused = state != State.WRITING;
                state = State.CLOSED;
                told = broken;
            }
            if (unused || endpoint.isInterruptible()) {
                closeStream(told);
            }
        }
    }

    private void closeStream(boolean told) throws IOException {
        try {
            closeStream();
        } catch (IOException e) {
            if (!told) { // else it may have kept what it could not write, and tries once more
                throw e;
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
