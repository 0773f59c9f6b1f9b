package dev.aiopipe.engine;

import dev.aiopipe.BrokenPipeException;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Writes what can only be written blocking: a copied chunk at a time, on a thread of {@link Blocking}.
 *
 * <pre>
 *     IDLE ── write: takes a chunk ──► WRITING ── written, or failed ──► IDLE
 *
 *     any ── close ──► CLOSED        (while WRITING the stream is closed behind the write, which nothing can stop)
 * </pre>
 */
final class PumpedSink implements ByteSink {
    /** Opens the stream; called on the blocking thread by the first write. */
    interface Opener {
        OutputStream open() throws IOException;
    }

    private enum State {
        IDLE,
        WRITING,
        CLOSED
    }

    private static final int CHUNK_SIZE = 64 * 1024;

    private final Opener opener;
    private final boolean toReader;
    private final Readiness readiness;
    private final Closeable owner;
    private final byte[] chunk = new byte[CHUNK_SIZE];
    private OutputStream
            stream; // used by the writing thread while WRITING, guarded by this otherwise, as is all that follows
    private State state = State.IDLE;
    private Throwable failure;
    private boolean broken; // and told, or about to be

    /** With {@code toReader} a failure means that nobody reads; files have others. */
    PumpedSink(Opener opener, boolean toReader, Readiness readiness, Closeable owner) {
        this.opener = opener;
        this.toReader = toReader;
        this.readiness = readiness;
        this.owner = owner;
    }

    /** Of a stream that is open, and is to be closed also if nobody writes it. */
    PumpedSink(OutputStream open, Readiness readiness) {
        this(() -> open, true, readiness, () -> {});
        stream = open;
    }

    @Override
    public synchronized int write(ByteBuffer source) throws IOException {
        if (!isFlushed()) {
            return 0;
        }
        int count = Math.min(source.remaining(), CHUNK_SIZE);
        source.get(source.position(), chunk, 0, count);
        Blocking.EXECUTOR.execute(() -> pump(count)); // may throw, and nothing is written then
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
        synchronized (this) {
            if (state == State.CLOSED) {
                closeStream();
                return;
            }
        }
        Throwable problem = null;
        try {
            if (stream == null) {
                stream = opener.open();
            }
            stream.write(chunk, 0, count);
            stream.flush();
        } catch (IOException e) {
            problem = toReader ? new BrokenPipeException("nobody reads", e) : e;
        } catch (Throwable e) { // whoever waits is to be told all the same
            problem = e;
        }
        synchronized (this) {
            failure = problem;
            broken |= problem != null;
            if (state == State.WRITING) {
                state = State.IDLE;
            } else {
                closeStream();
            }
        }
        readiness.announce();
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
    public void close() throws IOException {
        synchronized (this) {
            boolean unused = state == State.IDLE;
            state = State.CLOSED;
            if (unused && stream != null) {
                try {
                    stream.close();
                } catch (IOException e) {
                    if (!broken) { // else it may have kept what it could not write, and tries once more
                        throw e;
                    }
                }
            }
        }
        owner.close();
    }

    @Override
    public String toString() {
        return "PumpedSink";
    }
}
