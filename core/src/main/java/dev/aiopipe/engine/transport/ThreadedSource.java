package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.DescriptorKind;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.ChunkSize;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a blocking stream: one read at a time, on a thread of {@link BlockingPool}, and only when a reader wants bytes;
 * never more than that reader has room for.
 *
 * <pre>
 *     IDLE ── read, if ready ──► READING ── bytes, end or failure ──► FILLED ── read: all handed out ──► IDLE
 *
 *     any ── close ──► CLOSED        (while READING the read goes on; its bytes are left to the next opening)
 * </pre>
 */
public final class ThreadedSource extends ThreadedStream<InputStream> implements ByteSource {
    /** The blocking stream. */
    public interface Stream extends Opener<InputStream> {
        /**
         * Returns whether a read would not wait, as far as that can be known. If it would, readiness is signalled when
         * that changes.
         */
        default boolean isReady() throws IOException {
            return true;
        }

        /**
         * Returns whether a failed read means the end: of a terminal that hung up (EIO), or a child's stream that the
         * JDK has closed.
         */
        default boolean endsByFailure() {
            return false;
        }

        /**
         * Returns whether a read of 0 bytes, which {@code InputStream} reports as the end, means that there are no
         * bytes now.
         */
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

    private final Stream stream;
    private final ReadMode mode;
    private final DescriptorKind kind;
    private final Readiness readiness;
    private final Leftover leftover;

    /** Belongs to the blocking thread while this is READING. */
    private final byte[] chunk = new byte[ChunkSize.BYTES];

    @GuardedBy("this")
    private State state = State.IDLE;

    @GuardedBy("this")
    private int position;

    /** Of the bytes in the chunk; negative at the end. */
    @GuardedBy("this")
    private int limit;

    @GuardedBy("this")
    private @Nullable IOException failure;

    /**
     * Creates a source whose stream is opened by the first read.
     *
     * @param kind the end of a terminal or FIFO is not final
     * @param leftover gets the bytes that were read ahead, when this is closed
     */
    public ThreadedSource(Stream stream, ReadMode mode, DescriptorKind kind, Readiness readiness, Leftover leftover) {
        this(stream, null, mode, kind, readiness, leftover);
    }

    /** Creates a source of an open stream, which is closed also if nobody reads. Its end is final. */
    public ThreadedSource(Stream stream, InputStream open, Readiness readiness, Leftover leftover) {
        this(stream, open, ReadMode.THREAD, DescriptorKind.PIPE, readiness, leftover);
    }

    private ThreadedSource(
            Stream stream,
            @Nullable InputStream open,
            ReadMode mode,
            DescriptorKind kind,
            Readiness readiness,
            Leftover leftover) {
        super(stream, open);
        this.stream = stream;
        this.mode = mode;
        this.kind = kind;
        this.readiness = readiness;
        this.leftover = leftover;
    }

    @Override
    public synchronized int read(ByteBuffer target) throws IOException {
        switch (state) {
            case IDLE -> {
                if (stream.isReady()) {
                    // This may throw. The task waits for the lock that is held here.
                    int most = Math.min(target.remaining(), chunk.length);
                    BlockingPool.EXECUTOR.execute(() -> readChunk(most));
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

    /** Returns whether no read is under way, and nothing is left of the last one. */
    synchronized boolean isIdle() {
        return state == State.IDLE;
    }

    @Override
    @GuardedBy("this")
    boolean isClosed() {
        return state == State.CLOSED;
    }

    @GuardedBy("this")
    private int handOut(ByteBuffer target) throws IOException {
        if (failure != null) {
            throw failure;
        }
        if (limit < 0) {
            state = endIsFinal() ? State.FILLED : State.IDLE;
            return -1;
        }
        int count = Math.min(limit - position, target.remaining());
        target.put(chunk, position, count);
        position += count;
        if (position == limit) {
            state = State.IDLE;
        }
        return count;
    }

    private void readChunk(int most) {
        int count = 0;
        IOException problem = null;
        try {
            InputStream open = opened();
            count = open == null ? 0 : readFrom(open, most);
        } catch (IOException e) {
            problem = e;
        } catch (Throwable e) {
            // If an Error were not reported, the reader would wait for ever.
            problem = new IOException(e);
        }
        if (finish(count, problem)) {
            readiness.announce();
        } else {
            leftover.arrived();
        }
    }

    private int readFrom(InputStream open, int most) throws IOException {
        try {
            int count = open.read(chunk, 0, most);
            return count < 0 && stream.isOnlyEmpty() ? 0 : count;
        } catch (IOException e) {
            if (stream.endsByFailure()) {
                return -1;
            }
            throw e;
        }
    }

    /** Ends a read. Returns false if this was closed meanwhile. */
    private boolean finish(int count, @Nullable IOException problem) {
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
            System.getLogger("dev.aiopipe")
                    .log(System.Logger.Level.WARNING, "a stream can't be closed after a late read", e);
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

    @Override
    public boolean isEmptyAfterShortRead() {
        // The next read begins only when a reader asks for it.
        return false;
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
        State before;
        synchronized (this) {
            before = state;
            state = State.CLOSED;
            if (before == State.FILLED && failure == null) {
                leave(position, limit);
            } else if (before == State.READING) {
                // This comes before the input lets others open the descriptor.
                leftover.expect();
            }
        }
        if (before != State.READING || stream.isInterruptible()) {
            closeStream();
        }
    }
}
