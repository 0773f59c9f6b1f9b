package dev.aiopipe.engine.read;

import dev.aiopipe.ReadMode;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where an {@link Input} gets its bytes. One thread at a time reads; {@code close} may come from another. */
public interface ByteSource extends Closeable {
    /**
     * Reads without waiting.
     *
     * @param target with room for one byte or more
     * @return how many bytes were put into it, 0 if there are none now, -1 at the end
     * @throws IOException if the stream has failed, or was closed
     */
    int read(ByteBuffer target) throws IOException;

    /**
     * Whether a read that gave fewer bytes than there was room for has emptied the stream, so that one may wait for more at once.
     *
     * @return false if only a read that gives nothing leads to a signal
     */
    default boolean isEmptyAfterShortRead() {
        return true;
    }

    /**
     * Whether the end, once seen, is final. Behind the end of a terminal or a FIFO more may come.
     *
     * @return false if a read behind the end is to try again
     */
    default boolean endIsFinal() {
        return true;
    }

    /**
     * How it works.
     *
     * @return the mode
     */
    default ReadMode mode() {
        return ReadMode.SELECTOR;
    }

    /** Refuses later reads, and closes what the source itself has opened. The input closes the descriptor afterwards. */
    @Override
    default void close() throws IOException {}
}
