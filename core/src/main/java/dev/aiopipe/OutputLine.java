package dev.aiopipe;

import java.util.Objects;

/**
 * A line of a child's output.
 *
 * @param source the stream that it came from
 * @param text the line without its line end
 */
public record OutputLine(Source source, String text) {
    /** The stream of a child that a line came from. */
    public enum Source {
        /** The child's output proper. */
        STDOUT,
        /** The child's messages. */
        STDERR
    }

    /**
     * Makes a line.
     *
     * @param source the stream that it came from
     * @param text the line without its line end
     */
    public OutputLine {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(text, "text");
    }
}
