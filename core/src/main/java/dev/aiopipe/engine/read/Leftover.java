package dev.aiopipe.engine.read;

import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.loop.Readiness;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Bytes that were read ahead from an inherited number and that nobody took. They belong to the number: the next opening of it reads
 * them first.
 *
 * <p>A read that blocks a thread can outlive the reader that asked for it. Such a read is <em>late</em>: the next opening waits for it,
 * because its bytes come before all that is still in the descriptor.
 */
public final class Leftover {
    private byte[] bytes = {}; // guarded by this, as is all that follows
    private boolean end; // follows the bytes
    private int late;
    private boolean discarded;
    private Readiness heir;

    /** Puts back what the reader had buffered: it comes before what is here. With {@code thenEnd} an untold end follows it. */
    synchronized void putBack(byte[] first, boolean thenEnd) {
        if (discarded) {
            return;
        }
        byte[] joined = Arrays.copyOf(first, first.length + bytes.length);
        System.arraycopy(bytes, 0, joined, first.length, bytes.length);
        bytes = joined;
        end |= thenEnd;
    }

    /** Adds what a thread had read for a source that is being closed: it comes after what is here. */
    public synchronized void add(byte[] chunk, int from, int to) {
        if (discarded) {
            return;
        }
        int size = bytes.length;
        bytes = Arrays.copyOf(bytes, size + to - from);
        System.arraycopy(chunk, from, bytes, size, to - from);
    }

    /** An end was read and not told. */
    public synchronized void addEnd() {
        end = true;
    }

    /** One read is still under way. {@link #arrived} must follow. */
    public synchronized void expect() {
        late++;
    }

    /** A late read is over; what it gave was added before. Wakes the reader that waits for it. */
    public void arrived() {
        Readiness waiting;
        synchronized (this) {
            late--;
            waiting = heir;
        }
        if (waiting != null) {
            waiting.announce();
        }
    }

    /** Drops everything, now and later: the number is closed. */
    public synchronized void discard() {
        discarded = true;
        bytes = new byte[0];
        end = false;
    }

    /** A source of the next opening. It reads what is here before what {@code source} gives; if nothing is, it is {@code source}. */
    synchronized ByteSource before(ByteSource source, Readiness readiness) {
        if (isEmpty()) {
            return source;
        }
        heir = readiness;
        return new Inheriting(source);
    }

    private boolean isEmpty() {
        return discarded || (bytes.length == 0 && !end && late == 0);
    }

    /** Reads from here. Null once there is nothing here any more and nothing will come. */
    private synchronized Integer read(ByteBuffer target) {
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

    private synchronized void leave() {
        heir = null;
    }

    /** The leftover, then the source. */
    private final class Inheriting implements ByteSource {
        private final ByteSource source;
        private boolean exhausted; // belongs to the thread that reads

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
        public void close() throws IOException {
            leave();
            source.close();
        }

        @Override
        public String toString() {
            return source.toString();
        }
    }
}
