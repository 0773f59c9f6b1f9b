package dev.aiopipe;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Thrown by a write when no reader is left. Every later write to a pipe fails in the same way. */
public class BrokenPipeException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception.
     *
     * @param message names the stream
     * @param cause the operating system's error, or null
     */
    public BrokenPipeException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
