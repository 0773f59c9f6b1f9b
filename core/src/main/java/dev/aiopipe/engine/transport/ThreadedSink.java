package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.ChunkSize;
import dev.aiopipe.engine.support.Threads;
import dev.aiopipe.engine.write.ByteSink;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Writes a blocking stream: copies one chunk at a time, and writes it on a thread of {@link BlockingPool}.
 *
 * <pre>
 *     IDLE ── write: takes a chunk ──► WRITING ── written, or failed ──► IDLE
 *
 *     any ── close ──► CLOSED        (while WRITING the stream is closed after the write, unless it is interruptible)
 * </pre>
 */
public final class ThreadedSink extends ThreadedStream<OutputStream> implements ByteSink {
    private enum State {
        IDLE,
        WRITING,
        CLOSED
    }

    private final boolean toReader;
    private final Readiness readiness;
    private final boolean isInterruptible;

    /** Belongs to the blocking thread while this is WRITING. */
    private final byte[] chunk = new byte[ChunkSize.BYTES];

    @GuardedBy("this")
    private State state = State.IDLE;

    /** Of the last write, until it is reported. */
    @GuardedBy("this")
    private @Nullable Throwable failure;

    /** Whether a write has failed. */
    @GuardedBy("this")
    private boolean broken;

    /**
     * Creates a sink whose stream is opened by the first write. With {@code toReader}, a failure means that nobody
     * reads.
     */
    public ThreadedSink(Opener<OutputStream> opener, boolean toReader, Readiness readiness) {
        super(opener, null);
        this.toReader = toReader;
        this.readiness = readiness;
        this.isInterruptible = opener.isInterruptible();
    }

    /** Creates a sink of an open stream, which is closed also if nobody writes. */
    public ThreadedSink(OutputStream open, Readiness readiness) {
        super(() -> open, open);
        this.toReader = true;
        this.readiness = readiness;
        this.isInterruptible = false;
    }

    @Override
    public synchronized int write(ByteBuffer source) throws IOException {
        if (!isFlushed()) {
            return 0;
        }
        int count = Math.min(source.remaining(), chunk.length);
        source.get(source.position(), chunk, 0, count);
        // If this throws, nothing is written.
        BlockingPool.EXECUTOR.execute(() -> writeChunk(count));
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
        Threads.rethrow(failed);
        return state == State.IDLE;
    }

    @Override
    public boolean signalsRoom() {
        return false;
    }

    @Override
    public boolean failsWithoutReader() {
        return toReader;
    }

    @Override
    @GuardedBy("this")
    boolean isClosed() {
        return state == State.CLOSED;
    }

    private void writeChunk(int count) {
        Throwable problem = null;
        try {
            OutputStream open = opened();
            if (open != null) {
                open.write(chunk, 0, count);
                open.flush();
            }
        } catch (Throwable e) {
            // This may be an Error. If it were not reported, the writer would wait for ever.
            problem = e;
        }
        boolean closed;
        synchronized (this) {
            failure = problem;
            broken |= problem != null;
            closed = isClosed();
            if (!closed) {
                state = State.IDLE;
            }
        }
        if (closed) {
            closeLate();
        }
        readiness.announce();
    }

    private void closeLate() {
        try {
            closeStream();
        } catch (IOException e) {
            System.getLogger("dev.aiopipe").log(System.Logger.Level.DEBUG, "an aborted stream can't be closed", e);
        }
    }

    @Override
    public void close() throws IOException {
        boolean unused;
        boolean reported;
        synchronized (this) {
            unused = state != State.WRITING;
            state = State.CLOSED;
            reported = broken;
        }
        if (unused || isInterruptible) {
            close(reported);
        }
    }

    /**
     * After a failed write the stream may have kept its bytes, and write them once more: then this failure is no news.
     */
    private void close(boolean reported) throws IOException {
        try {
            closeStream();
        } catch (IOException e) {
            if (!reported) {
                throw e;
            }
        }
    }
}
