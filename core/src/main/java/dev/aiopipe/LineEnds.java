package dev.aiopipe;

/** The line ends that a reader recognizes, see {@link PipeOptions#withLineEnds}. */
public enum LineEnds {
    /** {@code \n} ends a line, and {@code \r\n} is one line end. A lone {@code \r} is data. */
    LF,

    /**
     * A lone {@code \r} ends a line, too: progress bars end their lines so. The line is there as soon as the {@code \r}
     * is; a {@code \n} that comes after it belongs to the same line end, and no read returns it.
     */
    ANY
}
