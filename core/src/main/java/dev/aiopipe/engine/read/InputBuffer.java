package dev.aiopipe.engine.read;

import dev.aiopipe.LineEnds;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Bytes that were read and not yet taken: finds lines and delimiters in them, and decodes lines. No I/O, no locks: the
 * buffer belongs to the read that has the slot of its {@link Input}.
 */
public final class InputBuffer extends BufferStorage {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long LOW_BITS = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long NEWLINES = '\n' * LOW_BITS;
    private static final long RETURNS = '\r' * LOW_BITS;

    private final Supplier<String> stream;

    /**
     * There is no line end from the head up to here. An index of the array; void if it is not after the head. All reads
     * of a stream look for the same line ends.
     */
    private int lineScanned;

    /** Whether there is no byte above 0x7F either. */
    private boolean scannedAscii;

    /** Whether a '\r' has ended the last line, and a '\n' that comes next belongs to its line end. */
    private boolean newlinePending;

    /** How many of these were dropped for good, because nothing before them can be put back. Only differences count. */
    private int newlinesDropped;

    /**
     * Creates an empty buffer.
     *
     * @param stream the name of the stream in messages
     */
    public InputBuffer(Supplier<String> stream) {
        this.stream = stream;
    }

    @Override
    void forgetScan() {
        lineScanned = 0;
        newlinePending = false;
    }

    /**
     * Completes the line end of the last line: drops a '\n' that came after its '\r'. To be called before each read.
     */
    void skipPendingNewline() {
        if (newlinePending && size() > 0) {
            newlinePending = false;
            if (get(0) == '\n' && retained() > 0) {
                advance(1);
            } else if (get(0) == '\n') {
                head++; // it belongs to a line that was taken before, and does not count for a block
                newlinesDropped++;
            }
        }
    }

    /**
     * Returns whether the next bytes may bypass this: nothing is buffered, not even the end, and the bytes need not be
     * seen or kept here.
     */
    public boolean isBypassable() {
        return size() == 0 && !ended() && !newlinePending && !retains();
    }

    boolean isNewlinePending() {
        return newlinePending;
    }

    int newlinesDropped() {
        return newlinesDropped;
    }

    /** Sets what {@link #isNewlinePending} is where the reading goes on. */
    void setNewlinePending(boolean pending) {
        newlinePending = pending;
    }

    @Override
    public ByteBuffer space() {
        int before = head;
        ByteBuffer space = super.space();
        lineScanned = Math.max(lineScanned - (before - head), 0); // a stream without line reads never sets it
        return space;
    }

    /** Returns how many bytes stand before the first line end, or -1 if none is buffered. */
    int indexOfLineEnd(LineEnds ends) {
        return ends == LineEnds.LF ? indexOfNewline() : indexOfNewlineOrReturn();
    }

    private int indexOfNewlineOrReturn() {
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
            long marks = marksOf(x ^ NEWLINES) | marksOf(x ^ RETURNS);
            seen |= x;
            if (marks != 0) {
                return scanned(from + (Long.numberOfTrailingZeros(marks) >>> 3), seen);
            }
        }
        for (; from < end; from++) {
            if (array[from] == '\n' || array[from] == '\r') {
                return scanned(from, seen);
            }
            seen |= array[from];
        }
        scanned(end, seen);
        return -1;
    }

    /** Returns how many bytes stand before the first newline, or -1 if none is buffered. */
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
            // includes the bytes after the newline: they may make an ASCII line look like another, never the reverse
            seen |= x;
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
     * Returns the offset of a byte, or -1.
     *
     * @param wanted the byte
     * @param from the offset where the search begins
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

    /** Marks bytes of eight that are zero. The lowest mark is in the lowest such byte; higher marks may be wrong. */
    private static long marksOf(long x) {
        return (x - LOW_BITS) & ~x & HIGH_BITS;
    }

    /**
     * Returns the offset of the first byte of a sequence, or -1.
     *
     * @param wanted the sequence, not empty
     * @param from the offset where the search begins
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
     * Takes a line and its line end, {@code "\n"}, {@code "\r\n"} or {@code "\r"}.
     *
     * @param lineEnd the result of {@link #indexOfLineEnd}
     * @param limit bytes of the line at most
     * @param decoder decodes it
     * @return the text without the line end
     * @throws dev.aiopipe.LimitExceededException if the line is longer; or as {@link #take(int)}, but the line end does
     *     not count
     * @throws CharacterCodingException from the decoder
     */
    public String takeLine(int lineEnd, int limit, TextDecoder decoder)
            throws dev.aiopipe.LimitExceededException, CharacterCodingException {
        boolean isNewline = get(lineEnd) == '\n';
        int end = isNewline && lineEnd > 0 && get(lineEnd - 1) == '\r' ? lineEnd - 1 : lineEnd;
        String text = takeText(end, afterLineEnd(lineEnd) - end, limit, decoder);
        if (!isNewline) {
            lineTaken();
        }
        return text;
    }

    /** Returns the offset of the byte after a line end that {@link #indexOfLineEnd} has found. */
    int afterLineEnd(int lineEnd) {
        boolean isPair = get(lineEnd) == '\r' && lineEnd + 1 < size() && get(lineEnd + 1) == '\n';
        return lineEnd + (isPair ? 2 : 1);
    }

    /** Called after a line was taken with its line end: a '\n' may still come after a '\r'. */
    void lineTaken() {
        newlinePending = head == tail && bytes[head - 1] == '\r';
    }

    /**
     * Takes all that is buffered as a line without a line end. Call it after {@link #indexOfLineEnd} has found none.
     *
     * @param limit as {@link #takeLine}
     * @param decoder as {@link #takeLine}
     * @return the text
     * @throws dev.aiopipe.LimitExceededException as {@link #takeLine}
     * @throws CharacterCodingException from the decoder
     */
    public String takeLastLine(int limit, TextDecoder decoder)
            throws dev.aiopipe.LimitExceededException, CharacterCodingException {
        return takeText(size(), 0, limit, decoder);
    }

    /**
     * Returns the text of the first bytes, without taking them.
     *
     * @param count at most {@link #size}
     */
    String text(int count, TextDecoder decoder) throws CharacterCodingException {
        return decoder.decode(bytes, head, count);
    }

    // The deprecated constructor looks neither for other bytes nor at a charset, and takes 2/3 of the time.
    @SuppressWarnings("deprecation")
    private String takeText(int count, int lineEnd, int limit, TextDecoder decoder)
            throws dev.aiopipe.LimitExceededException, CharacterCodingException {
        if (count > limit) {
            throw exceeds("line", "maxLineBytes", limit);
        }
        // the scan for the line end has seen all of the line
        String text = scannedAscii && decoder.isUtf8()
                ? new String(bytes, 0, head, count)
                : decoder.decode(bytes, head, count);
        take(count + lineEnd, lineEnd);
        return text;
    }

    @Override
    dev.aiopipe.LimitExceededException exceeds(String subject, String setting, int limit) {
        return new LimitExceededException(
                limit, subject + " of " + stream.get() + " is longer than " + setting + " = " + limit + " bytes");
    }

    /** Has the name of its superclass, for logs of simple names. */
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
}
