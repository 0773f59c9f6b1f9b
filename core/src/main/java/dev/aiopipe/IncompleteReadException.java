package dev.aiopipe;

import java.io.EOFException;

/** The stream ended before all of what was asked for had come. The bytes that came stay readable. */
public class IncompleteReadException extends EOFException {
    private static final long serialVersionUID = 1L;

    /** The bytes that were asked for. */
    private final int expected;

    /** The bytes that are there. */
    private final int available;

    /**
     * An end that came too early.
     *
     * @param expected how many bytes were asked for; -1 if that depends on a delimiter
     * @param available how many are there, and stay readable
     */
    public IncompleteReadException(int expected, int available) {
        super("end of stream after " + available + " bytes, expected "
                + (expected < 0 ? "a delimiter" : Integer.toString(expected)));
        this.expected = expected;
        this.available = available;
    }

    /**
     * What was asked for.
     *
     * @return a count of bytes; -1 if a delimiter was searched
     */
    public int expected() {
        return expected;
    }

    /**
     * What is there, and can be read.
     *
     * @return a count of bytes
     */
    public int available() {
        return available;
    }
}
