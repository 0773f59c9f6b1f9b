package dev.aiopipe.engine.read;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Bytes that were read and are not yet taken. No I/O, no locks: whoever holds the read slot of {@link Input} owns it.
 *
 * <pre>
 *     0        head-kept        head            tail          bytes.length
 *     │  free  │  taken, kept   │   buffered    │     free     │
 * </pre>
 *
 * <p>While the buffer {@linkplain #hold holds}, what is taken is kept, so that {@link #giveBack} can undo it.
 */
public final class InputBuffer {
    /** What one fill asks the kernel for at most: the capacity of a pipe. */
    public static final int READ_SIZE = 64 * 1024;

    private static final int INITIAL_CAPACITY = 8 * 1024;

    /** Larger arrays are dropped once they are empty. Room for a whole read behind the start of a line. */
    private static final int LASTING_CAPACITY = 2 * READ_SIZE;

    /** So much is moved to the front before each read, so that the reads go through little memory. */
    private static final int LITTLE = 1024;

    private static final int MAX_CAPACITY = Integer.MAX_VALUE - 8;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long LOW_BITS = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long NEWLINES = '\n' * LOW_BITS;
    private static final byte[] UNUSED = {};
    private static final byte[] DISCARDED = {};

    private final Supplier<String> stream;
    private byte[] bytes = UNUSED;
    private int head;
    private int tail;
    private int kept;
    private int keepLimit = -1;
    private int lineScanned; // no '\n' in head..lineScanned
    private boolean scannedAscii; // nor, if this is true, a byte above 0x7F
    private boolean ended;
    private boolean endPassed; // and known to the one who holds, who may still give back what came before it
    private int givenBack; // overflows: only differences count

    /**
     * A buffer of nothing.
     *
     * @param stream what messages call the stream
     */
    public InputBuffer(Supplier<String> stream) {
        this.stream = stream;
    }

    /**
     * How much is buffered.
     *
     * @return a count of bytes
     */
    public int size() {
        return tail - head;
    }

    /**
     * Whether nothing was ever asked for.
     *
     * @return true before the first {@link #space}
     */
    public boolean isUnused() {
        return bytes == UNUSED;
    }

    /**
     * Whether the end of the stream was seen: what is buffered is all that comes.
     *
     * @return true behind the last byte
     */
    public boolean ended() {
        return ended;
    }

    /**
     * Sets or clears the end of the stream.
     *
     * @param end whether nothing follows what is buffered
     */
    public void ended(boolean end) {
        ended = end;
    }

    /**
     * What follows the end may be read, as the end was told. While this holds it stays: what is given back comes before it.
     */
    public void passEnd() {
        endPassed = keepLimit >= 0;
        ended = endPassed;
    }

    /**
     * Room for the next read. What is put there counts after {@link #filled}.
     *
     * @return at least one and at most {@value #READ_SIZE} bytes of room
     */
    public ByteBuffer space() {
        int start = head - kept;
        int used = tail - start;
        boolean scarce = bytes.length - tail < READ_SIZE;
        int capacity = capacityFor(used, scarce);
        if (capacity != bytes.length || start > 0 && (scarce || used <= LITTLE)) {
            byte[] target = capacity == bytes.length ? bytes : new byte[capacity];
            System.arraycopy(bytes, start, target, 0, used);
            bytes = target;
            head -= start;
            tail -= start;
            lineScanned = Math.max(lineScanned - start, 0); // who reads no lines never sets it
        }
        return ByteBuffer.wrap(bytes, tail, Math.min(bytes.length - tail, READ_SIZE));
    }

    /** Grows as long as the reads fill it, or when most of it is in use. */
    private int capacityFor(int used, boolean scarce) {
        int capacity = bytes.length;
        if (capacity == 0) {
            return INITIAL_CAPACITY;
        } else if (capacity < LASTING_CAPACITY) {
            return tail == capacity ? 2 * capacity : capacity;
        } else if (used == 0) {
            return LASTING_CAPACITY;
        } else if (!scarce || capacity - used >= capacity / 4) {
            return capacity;
        } else if (used == MAX_CAPACITY) {
            throw new OutOfMemoryError("more than " + MAX_CAPACITY + " bytes buffered");
        }
        return (int) Math.min(2L * capacity, MAX_CAPACITY);
    }

    /**
     * Counts what was put into {@link #space} in.
     *
     * @param count bytes
     */
    public void filled(int count) {
        tail += count;
    }

    /**
     * The offset of the first newline.
     *
     * @return bytes before it, or -1 if none is buffered
     */
    public int indexOfNewline() {
        int from = lineScanned;
        if (from <= head) {
            from = head;
            scannedAscii = true;
        }
        byte[] array = bytes;
        int end = tail;
        long seen = 0;
        for (; from <= end - Long.BYTES; from += Long.BYTES) {
            long x = (long) LONGS.get(array, from);
            long marks = marksOf(x ^ NEWLINES);
            seen |= x; // of the newline's eight, too: what stands behind it may make it unknown, but not wrong
            if (marks != 0) {
                return scanned(from + (Long.numberOfTrailingZeros(marks) >>> 3), seen);
            }
        }
        for (; from < end; from++) {
            if (array[from] == '\n') {
                return scanned(from, seen);
            }
            seen |= array[from];
        }
        scanned(end, seen);
        return -1;
    }

    private int scanned(int end, long seen) {
        lineScanned = end;
        scannedAscii &= (seen & HIGH_BITS) == 0;
        return end - head;
    }

    /**
     * The offset of a byte.
     *
     * @param wanted the byte
     * @param from where to begin, an offset
     * @return its offset, or -1
     */
    public int indexOf(byte wanted, int from) {
        long pattern = (wanted & 0xFFL) * LOW_BITS;
        byte[] array = bytes;
        int end = tail;
        int i = head + from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long marks = marksOf((long) LONGS.get(array, i) ^ pattern);
            if (marks != 0) {
                return i + (Long.numberOfTrailingZeros(marks) >>> 3) - head;
            }
        }
        for (; i < end; i++) {
            if (array[i] == wanted) {
                return i - head;
            }
        }
        return -1;
    }

    /** Of eight bytes: the lowest mark is in the lowest byte that is zero. */
    private static long marksOf(long x) {
        return (x - LOW_BITS) & ~x & HIGH_BITS;
    }

    /**
     * The offset of a sequence of bytes.
     *
     * @param wanted the sequence, not empty
     * @param from where to begin, an offset
     * @return the offset of its first byte, or -1
     */
    public int indexOf(byte[] wanted, int from) {
        int last = size() - wanted.length;
        for (int i = indexOf(wanted[0], from); i >= 0 && i <= last; i = indexOf(wanted[0], i + 1)) {
            int start = head + i;
            if (Arrays.equals(bytes, start, start + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        return -1;
    }

    /**
     * One byte.
     *
     * @param offset below {@link #size}
     * @return the byte there
     */
    public byte get(int offset) {
        return bytes[head + offset];
    }

    /**
     * Copies bytes out, without taking them.
     *
     * @param count at most {@link #size}
     * @return the first bytes
     */
    public byte[] copy(int count) {
        return Arrays.copyOfRange(bytes, head, head + count);
    }

    /**
     * Takes a line and its line end, {@code "\n"} or {@code "\r\n"}.
     *
     * @param newline what {@link #indexOfNewline} has found
     * @param limit bytes of the line at most
     * @param charset how it is decoded; malformed input becomes U+FFFD
     * @return the text without the line end
     * @throws dev.aiopipe.LimitExceededException if there are more; or as {@link #take(int)}, but the line end does not count
     */
    public String takeLine(int newline, int limit, Charset charset) throws dev.aiopipe.LimitExceededException {
        int end = newline > 0 && bytes[head + newline - 1] == '\r' ? newline - 1 : newline;
        return takeText(end, newline + 1 - end, limit, charset);
    }

    /**
     * Takes all there is as a line without a line end, behind an {@link #indexOfNewline} that has found none.
     *
     * @param limit as {@link #takeLine}
     * @param charset as {@link #takeLine}
     * @return the text
     * @throws dev.aiopipe.LimitExceededException as {@link #takeLine}
     */
    public String takeLastLine(int limit, Charset charset) throws dev.aiopipe.LimitExceededException {
        return takeText(size(), 0, limit, charset);
    }

    @SuppressWarnings(
            "deprecation") // the constructor that neither looks for other bytes nor at a charset: 2/3 of the time
    private String takeText(int count, int lineEnd, int limit, Charset charset)
            throws dev.aiopipe.LimitExceededException {
        if (count > limit) {
            throw exceeds("line", "maxLineBytes", limit);
        }
        String text = scannedAscii && charset == StandardCharsets.UTF_8 // and all of it was scanned
                ? new String(bytes, 0, head, count)
                : new String(bytes, head, count, charset);
        take(count + lineEnd, lineEnd);
        return text;
    }

    /**
     * Drops bytes from the front.
     *
     * @param count at most {@link #size}
     * @throws dev.aiopipe.LimitExceededException if the buffer holds and would have to keep more than its limit; nothing is dropped
     */
    public void take(int count) throws dev.aiopipe.LimitExceededException {
        take(count, 0);
    }

    private void take(int count, int lineEnd) throws dev.aiopipe.LimitExceededException {
        requireTakeable(count, lineEnd);
        advance(count);
    }

    private void requireTakeable(int count, int lineEnd) throws dev.aiopipe.LimitExceededException {
        if (keepLimit >= 0 && count > 0 && (kept >= keepLimit || count - lineEnd > takeable())) {
            throw exceeds("an atomically block's part", "maxLineBytes", keepLimit);
        }
    }

    /**
     * Something is larger than its limit.
     *
     * @param what is too large
     * @param setting what the limit is called where it is set
     * @param limit bytes
     * @return an exception that names the stream too
     */
    dev.aiopipe.LimitExceededException exceeds(String what, String setting, int limit) {
        return new LimitExceededException(
                limit, what + " of " + stream.get() + " is longer than " + setting + " = " + limit + " bytes");
    }

    /** Called as its superclass, for logs of simple names. */
    private static final class LimitExceededException extends dev.aiopipe.LimitExceededException {
        private static final long serialVersionUID = 1L;

        private final String message;

        LimitExceededException(int limit, String message) {
            super(limit);
            this.message = message;
        }

        @Override
        public String getMessage() {
            return message;
        }

        @Override
        public String toString() {
            return dev.aiopipe.LimitExceededException.class.getName() + ": " + message;
        }
    }

    private void advance(int count) {
        if (keepLimit >= 0) {
            kept += count;
        }
        head += count;
    }

    /**
     * How much may be taken: while this holds, no more than it can keep.
     *
     * @return a count of bytes
     */
    public int takeable() {
        return keepLimit < 0 ? MAX_CAPACITY : Math.max(keepLimit - kept, 0);
    }

    /**
     * Drops bytes from the front and copies them.
     *
     * @param target where they go
     * @param count at most {@link #size} and the target's remaining
     * @throws dev.aiopipe.LimitExceededException as {@link #take(int)}; nothing is copied either
     */
    public void take(ByteBuffer target, int count) throws dev.aiopipe.LimitExceededException {
        requireTakeable(count, 0);
        target.put(bytes, head, count); // may refuse this thread
        advance(count);
    }

    /**
     * Where the next take begins.
     *
     * @return for {@link #undo}; good until the next {@link #space}
     */
    int mark() {
        return head;
    }

    /** Puts back what was taken since a {@link #mark}, unless more than that was given back already. */
    void undo(int mark) {
        if (head > mark) {
            if (keepLimit >= 0) {
                kept -= head - mark;
            }
            head = mark;
            lineScanned = mark;
        }
    }

    /** Lets the memory go, if nothing of it is in use. */
    void discardIfEmpty() {
        if (head == tail && kept == 0) {
            discard();
        }
    }

    /** Drops what is buffered or kept, and lets the memory go. */
    void discard() {
        if (bytes != UNUSED) {
            bytes = DISCARDED;
            head = 0;
            tail = 0;
            kept = 0;
            lineScanned = 0;
        }
    }

    /**
     * Drops all that is buffered, and nothing of what is kept.
     *
     * @return what was dropped
     */
    byte[] takeRest() {
        byte[] rest = copy(size());
        tail = head;
        lineScanned = head;
        return rest;
    }

    /**
     * From now on what is taken is kept too.
     *
     * @param limit how many bytes are kept at most, besides the end of the last line
     */
    public void hold(int limit) {
        keepLimit = limit;
    }

    /**
     * How much was taken since {@link #hold}.
     *
     * @return a count of bytes
     */
    public int kept() {
        return kept;
    }

    /**
     * Puts back what was taken last.
     *
     * @param count bytes, at most {@link #kept}
     */
    public void giveBack(int count) {
        Objects.checkFromToIndex(0, count, kept);
        head -= count;
        kept -= count;
        lineScanned = head;
        endPassed = false;
        givenBack += count;
    }

    /**
     * How much was given back since the beginning. When it has changed, offsets do not count any more.
     *
     * @return a count of bytes, which may overflow
     */
    public int givenBack() {
        return givenBack;
    }

    /** Ends {@link #hold}: what was taken is gone. */
    public void letGo() {
        boolean atEnd = ended;
        kept = 0;
        keepLimit = -1;
        if (endPassed) {
            endPassed = false;
            ended = false;
        }
        if (atEnd) {
            discardIfEmpty();
        }
    }
}
