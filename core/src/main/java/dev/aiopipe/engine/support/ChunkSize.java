package dev.aiopipe.engine.support;

/** How many bytes move in one go. */
public final class ChunkSize {
    /**
     * What a Linux pipe holds, unless it was asked for more (pipe(7)): the most that one read can give, and that is
     * sent before other streams have their turn.
     */
    public static final int BYTES = 64 * 1024;

    private ChunkSize() {}
}
