package dev.aiopipe.engine.read;

import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.linux.DescriptorCopy;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

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
     * Returns the copy of the pipe's descriptor, by which a transfer may take bytes that this has not read. It is
     * closed before the descriptor. A read finds everything that the copy does not take, and the end.
     *
     * @return null if all bytes have to be read; the answer may change between two reads
     */
    default @Nullable DescriptorCopy copy() {
        return null;
    }

    /**
     * Whether nobody else reads the stream, another process for example. Then bytes that were seen by the {@link #copy}
     * stay there until they are taken by it.
     */
    default boolean isOnlyReader() {
        return false;
    }

    /**
     * Refuses later reads, and closes what the source itself has opened. The input closes the descriptor afterwards.
     */
    @Override
    default void close() throws IOException {}
}
