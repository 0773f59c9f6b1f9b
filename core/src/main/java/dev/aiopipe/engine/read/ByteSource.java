package dev.aiopipe.engine.read;

import dev.aiopipe.ReadMode;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives an {@link Input} its bytes. One thread at a time reads; {@code close} may come from another. */
public interface ByteSource extends Closeable {
    /** A source at its end. */
    ByteSource EMPTY = new ByteSource() {
        @Override
        public int read(ByteBuffer target) {
            return -1;
        }

        @Override
        public void close() {
            // holds nothing
        }
    };

    /**
     * Reads without waiting.
     *
     * @param target has room for at least one byte
     * @return how many bytes were put into the target, 0 if there are none now, -1 at the end
     * @throws IOException if the stream has failed, or was closed
     */
    int read(ByteBuffer target) throws IOException;

    /**
     * Whether a read that gave fewer bytes than there was room for has emptied the stream, so that one may wait for
     * more at once.
     *
     * @return false if only a read that gives nothing leads to a signal
     */
    default boolean isEmptyAfterShortRead() {
        return true;
    }

    /**
     * Whether the end, once seen, is final. More may come after the end of a terminal or a FIFO.
     *
     * @return false if a read after the end must try again
     */
    default boolean endIsFinal() {
        return true;
    }

    /** Returns how the source works. */
    default ReadMode mode() {
        return ReadMode.SELECTOR;
    }

    /**
     * Refuses later reads, and closes what the source itself has opened. The input closes the descriptor afterwards.
     */
    @Override
    default void close() throws IOException {}
}
