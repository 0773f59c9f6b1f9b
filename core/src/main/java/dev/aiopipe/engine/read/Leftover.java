package dev.aiopipe.engine.read;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.loop.Readiness;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the bytes that were read ahead from an inherited descriptor and that no read has taken. They belong to the
 * descriptor: the next opening of it reads them first.
 *
 * <p>A read that blocks a thread can outlive the reader that asked for it. Such a read is <em>late</em>: the next
 * opening waits for it, because its bytes come before all that is still in the descriptor.
 */
public final class Leftover {
    @GuardedBy("this")
    private byte[] bytes = {};

    /** Whether the end of the stream follows the bytes. */
    @GuardedBy("this")
    private boolean end;

    @GuardedBy("this")
    private int lateReads;

    @GuardedBy("this")
    private boolean discarded;

    /** Of the next opening, as long as that reads from here. */
    @GuardedBy("this")
    private @Nullable Readiness heir;

    /**
     * Puts bytes before those that are here.
     *
     * @param first the bytes that a closed reader had buffered
     * @param thenEnd whether an end that no read has reported follows them
     */
    synchronized void putBack(byte[] first, boolean thenEnd) {
        if (discarded) {
            return;
        }
        byte[] joined = Arrays.copyOf(first, first.length + bytes.length);
        System.arraycopy(bytes, 0, joined, first.length, bytes.length);
        bytes = joined;
        end |= thenEnd;
    }

    /** Adds bytes after those that are here: a thread has read them for a source that is being closed. */
    public synchronized void add(byte[] chunk, int from, int to) {
        if (discarded) {
            return;
        }
        int size = bytes.length;
        bytes = Arrays.copyOf(bytes, size + to - from);
        System.arraycopy(chunk, from, bytes, size, to - from);
    }

    /** Adds an end of the stream that no read has reported. */
    public synchronized void addEnd() {
        end = true;
    }

    /** Announces a late read. {@link #arrived} must follow. */
    public synchronized void expect() {
        lateReads++;
    }

    /** Ends a late read, whose bytes were added before. Wakes the reader that waits for it. */
    public void arrived() {
        Readiness waiting;
        synchronized (this) {
            lateReads--;
            waiting = heir;
        }
        if (waiting != null) {
            waiting.announce();
        }
    }

    /** Drops everything, now and later: the descriptor is closed. */
    public synchronized void discard() {
        discarded = true;
        bytes = new byte[0];
        end = false;
    }

    /**
     * Returns the source of the next opening: it reads the bytes here first, then {@code source}. Is {@code source} if
     * there are none.
     */
    synchronized ByteSource before(ByteSource source, Readiness readiness) {
        if (isEmpty()) {
            return source;
        }
        heir = readiness;
        return new Inheriting(source);
    }

    @GuardedBy("this")
    private boolean isEmpty() {
        return discarded || (bytes.length == 0 && !end && lateReads == 0);
    }

    /** Reads from here, as {@link ByteSource#read}. Returns null once there is nothing here and nothing will come. */
    private synchronized @Nullable Integer read(ByteBuffer target) {
        if (isEmpty()) {
            heir = null;
            return null;
        } else if (bytes.length > 0) {
            int count = Math.min(bytes.length, target.remaining());
            target.put(bytes, 0, count);
            bytes = Arrays.copyOfRange(bytes, count, bytes.length);
            return count;
        } else if (end) {
            end = false;
            return -1;
        }
        return 0; // a late read is still under way
    }

    private synchronized void forgetHeir() {
        heir = null;
    }

    /** Reads the leftover, then the source. */
    private final class Inheriting implements ByteSource {
        private final ByteSource source;

        /** Belongs to the thread that reads. */
        private boolean exhausted;

        Inheriting(ByteSource source) {
            this.source = source;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            if (!exhausted) {
                Integer count = Leftover.this.read(target);
                if (count != null) {
                    return count;
                }
                exhausted = true;
            }
            return source.read(target);
        }

        @Override
        public boolean isEmptyAfterShortRead() {
            return exhausted && source.isEmptyAfterShortRead();
        }

        @Override
        public boolean endIsFinal() {
            return source.endIsFinal();
        }

        @Override
        public ReadMode mode() {
            return source.mode();
        }

        @Override
        public @Nullable DescriptorCopy copy() {
            return exhausted ? source.copy() : null;
        }

        @Override
        public void close() throws IOException {
            forgetHeir();
            source.close();
        }

        @Override
        public String toString() {
            return source.toString();
        }
    }
}
