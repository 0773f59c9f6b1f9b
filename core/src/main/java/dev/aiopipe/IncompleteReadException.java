package dev.aiopipe;

import java.io.EOFException;

/** Thrown by a read when the stream ends before all the bytes that it needs. The bytes that are there stay readable. */
public class IncompleteReadException extends EOFException {
    private static final long serialVersionUID = 1L;

    /** The bytes that were asked for. */
    private final int expected;

    /** The bytes that are there. */
    private final int available;

    /**
     * Makes an exception.
     *
     * @param expected how many bytes the read needs; -1 if it searches a delimiter
     * @param available how many bytes are there, and stay readable
     */
    public IncompleteReadException(int expected, int available) {
        super("end of stream after " + available + " bytes, expected "
                + (expected < 0 ? "a delimiter" : Integer.toString(expected)));
        this.expected = expected;
        this.available = available;
    }

    /**
     * Returns how many bytes the read needs.
     *
     * @return a count of bytes; -1 if it searches a delimiter
     */
    public int expected() {
        return expected;
    }

    /**
     * Returns how many bytes are there and can be read.
     *
     * @return a count of bytes
     */
    public int available() {
        return available;
    }
}
