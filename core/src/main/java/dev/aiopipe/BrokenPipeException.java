package dev.aiopipe;

import java.io.IOException;

/** A write failed because nobody is left who could read. Every later write to a pipe fails in the same way. */
public class BrokenPipeException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * A failed write.
     *
     * @param message what was written to
     * @param cause the operating system's error, or null
     */
    public BrokenPipeException(String message, Throwable cause) {
        super(message, cause);
    }
}
