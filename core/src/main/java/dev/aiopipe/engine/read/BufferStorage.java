package dev.aiopipe.engine.read;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/**
 * The storage of an {@link InputBuffer}: one array, what of it is in use, and what can be put back.
 *
 * <pre>
 *     0        head-retained     head            tail          bytes.length
 *     │  free  │ taken, retained  │   buffered    │     free     │
 * </pre>
 *
 * <p>While the buffer {@linkplain #retain retains}, it keeps the bytes that are taken, so that {@link #putBack} can
 * undo the taking.
 */
public abstract sealed class BufferStorage permits InputBuffer {
    /** The most that one fill asks the kernel for: the capacity of a pipe. */
    public static final int READ_SIZE = 64 * 1024;

    /** Little, as a stream of small messages needs no more, and there may be thousands of them. */
    private static final int INITIAL_CAPACITY = 1024;

    private static final int GROWTH = 8;

    /** A larger array is dropped once it is empty. Leaves room for a whole read after the start of a line. */
    private static final int LASTING_CAPACITY = 2 * READ_SIZE;

    /** Up to so much is moved to the front before each read, so that the reads go through little memory. */
    private static final int CHEAP_TO_MOVE = 1024;

    private static final int MAX_CAPACITY = Integer.MAX_VALUE - 8;

    private static final byte[] UNUSED = {};
    private static final byte[] DISCARDED = {};

    byte[] bytes = UNUSED;
    int head;
    int tail;

    private int retained;
    private int retainLimit = -1;
    private boolean ended;

    /** The end was reported to a reader that may still put back what came before it. */
    private boolean endPassed;

    /** Overflows: only differences count. */
    private int putBackCount;

    /**
     * Called when bytes were put back or dropped unread: whatever is known about the buffered bytes no longer holds.
     */
    abstract void forgetScan();

    /**
     * Returns the exception for something that is larger than its limit. The message names the stream.
     *
     * @param subject what is too large
     * @param setting the name of the limit where it is set
     * @param limit bytes
     */
    abstract dev.aiopipe.LimitExceededException exceeds(String subject, String setting, int limit);

    /** Returns how many bytes are buffered. */
    public int size() {
        return tail - head;
    }

    /** Whether no byte was ever asked for: true before the first {@link #space}. */
    public boolean isUnused() {
        return bytes == UNUSED;
    }

    /** Whether the end of the stream was seen: no byte follows the buffered ones. */
    public boolean ended() {
        return ended;
    }

    /**
     * Sets or clears the end of the stream.
     *
     * @param end whether no byte follows the buffered ones
     */
    public void ended(boolean end) {
        ended = end;
    }

    /**
     * Clears an end that was reported, so that later reads find what follows it. While the buffer retains, the end
     * stays until {@link #stopRetaining}, because bytes that are put back come before it.
     */
    public void passEnd() {
        endPassed = retainLimit >= 0;
        ended = endPassed;
    }

    /**
     * Returns room for the next read. The bytes that are put there count after {@link #filled}.
     *
     * @return a view of 1 to {@value #READ_SIZE} bytes
     */
    public ByteBuffer space() {
        int start = head - retained;
        int used = tail - start;
        boolean scarce = bytes.length - tail < READ_SIZE;
        int capacity = capacityFor(used, scarce);
        if (capacity != bytes.length || (start > 0 && (scarce || used <= CHEAP_TO_MOVE))) {
            byte[] target = capacity == bytes.length ? bytes : new byte[capacity];
            System.arraycopy(bytes, start, target, 0, used);
            bytes = target;
            head -= start;
            tail -= start;
        }
        return ByteBuffer.wrap(bytes, tail, Math.min(bytes.length - tail, READ_SIZE));
    }

    /** Grows as long as the reads fill the array, or when most of it is in use. */
    private int capacityFor(int used, boolean scarce) {
        int capacity = bytes.length;
        if (capacity == 0) {
            return INITIAL_CAPACITY;
        } else if (capacity < LASTING_CAPACITY) {
            return tail == capacity ? Math.min(GROWTH * capacity, LASTING_CAPACITY) : capacity;
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
     * Counts bytes that were put into {@link #space}.
     *
     * @param count how many
     */
    public void filled(int count) {
        tail += count;
    }

    /**
     * Returns one byte.
     *
     * @param offset below {@link #size}
     */
    public byte get(int offset) {
        return bytes[head + offset];
    }

    /**
     * Copies the first bytes, without taking them.
     *
     * @param count at most {@link #size}
     */
    public byte[] copy(int count) {
        return Arrays.copyOfRange(bytes, head, head + count);
    }

    /**
     * Copies the first bytes to a target until that is full, without taking them.
     *
     * @param target has room for at most {@link #size}
     */
    void copy(ByteBuffer target) {
        target.put(bytes, head, target.remaining());
    }

    /**
     * Drops bytes from the front.
     *
     * @param count at most {@link #size}
     * @throws dev.aiopipe.LimitExceededException if the buffer would have to retain more than its limit; then nothing
     *     is dropped
     */
    public void take(int count) throws dev.aiopipe.LimitExceededException {
        take(count, 0);
    }

    /** As {@link #take(int)}, but a line end of so many bytes does not count for the limit. */
    void take(int count, int lineEnd) throws dev.aiopipe.LimitExceededException {
        requireTakeable(count, lineEnd);
        advance(count);
    }

    /**
     * Moves bytes from the front to a target.
     *
     * @param target gets them
     * @param count at most {@link #size} and the target's remaining
     * @throws dev.aiopipe.LimitExceededException as {@link #take(int)}; then nothing is copied either
     */
    public void take(ByteBuffer target, int count) throws dev.aiopipe.LimitExceededException {
        requireTakeable(count, 0);
        target.put(bytes, head, count); // may refuse this thread
        advance(count);
    }

    /** Returns how many bytes may be taken: while the buffer retains, only as many as it can retain. */
    public int takeable() {
        return retains() ? Math.max(retainLimit - retained, 0) : MAX_CAPACITY;
    }

    /** Whether the bytes that are taken are kept, so that they can be put back. */
    final boolean retains() {
        return retainLimit >= 0;
    }

    private void requireTakeable(int count, int lineEnd) throws dev.aiopipe.LimitExceededException {
        if (retainLimit >= 0 && count > 0 && (retained >= retainLimit || count - lineEnd > takeable())) {
            throw exceeds("an atomically block's part", "maxLineBytes", retainLimit);
        }
    }

    final void advance(int count) {
        if (retainLimit >= 0) {
            retained += count;
        }
        head += count;
    }

    /** Returns where the next taking begins, for {@link #undo}. Valid until the next {@link #space}. */
    int mark() {
        return head;
    }

    /** Puts back what was taken since a {@link #mark}, unless more than that was put back already. */
    void undo(int mark) {
        if (head > mark) {
            if (retainLimit >= 0) {
                retained -= head - mark;
            }
            head = mark;
            forgetScan();
        }
    }

    /** From now on retains the bytes that are taken, up to the limit and the end of the last line. */
    public void retain(int limit) {
        retainLimit = limit;
    }

    /** Returns how many bytes were taken since {@link #retain}, and not put back. */
    public int retained() {
        return retained;
    }

    /**
     * Puts back the bytes that were taken last.
     *
     * @param count at most {@link #retained}
     */
    public void putBack(int count) {
        Objects.checkFromToIndex(0, count, retained);
        head -= count;
        retained -= count;
        endPassed = false;
        putBackCount += count;
        forgetScan();
    }

    /** Returns how many bytes were ever put back, which may overflow. When it has changed, earlier offsets are void. */
    public int putBackCount() {
        return putBackCount;
    }

    /** Ends {@link #retain}: the bytes that were taken are gone. */
    public void stopRetaining() {
        boolean atEnd = ended;
        retained = 0;
        retainLimit = -1;
        if (endPassed) {
            endPassed = false;
            ended = false;
        }
        if (atEnd) {
            discardIfEmpty();
        }
    }

    /** Releases the memory, if none of it is in use. */
    void discardIfEmpty() {
        if (head == tail && retained == 0) {
            discard();
        }
    }

    /** Releases the memory of a stream that has had no byte yet: it may wait for long. */
    void releaseUnfilled() {
        if (tail == 0 && bytes.length == INITIAL_CAPACITY) {
            bytes = DISCARDED;
        }
    }

    /** Notes bytes that went past this: it is no longer {@linkplain #isUnused unused}. */
    void bypassed() {
        if (bytes == UNUSED) {
            bytes = DISCARDED;
        }
    }

    /** Drops all bytes, retained ones too, and releases the memory. */
    void discard() {
        if (bytes != UNUSED) {
            bytes = DISCARDED;
            head = 0;
            tail = 0;
            retained = 0;
            forgetScan();
        }
    }

    /** Drops all buffered bytes, none of the retained ones, and returns what it dropped. */
    byte[] takeRest() {
        byte[] rest = copy(size());
        tail = head;
        forgetScan();
        return rest;
    }
}
