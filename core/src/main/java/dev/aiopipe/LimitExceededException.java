package dev.aiopipe;

import java.io.IOException;

/**
 * Thrown by a read whose value would be larger than its limit. The bytes stay readable, in pieces, or can be skipped.
 */
public class LimitExceededException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The limit in bytes. */
    private final int limit;

    /**
     * A limit that was passed.
     *
     * @param limit in bytes
     */
    public LimitExceededException(int limit) {
        super("more than " + limit + " bytes");
        this.limit = limit;
    }

    /**
     * A limit that was passed.
     *
     * @param limit in bytes
     * @param message what passed it
     */
    public LimitExceededException(int limit, String message) {
        super(message);
        this.limit = limit;
    }

    /**
     * The limit that was passed.
     *
     * @return a count of bytes
     */
    public int limit() {
        return limit;
    }
}
