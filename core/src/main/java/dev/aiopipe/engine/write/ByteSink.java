package dev.aiopipe.engine.write;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where an {@link Output} puts its bytes. One thread at a time writes; {@code close} may come from another. */
public interface ByteSink extends Closeable {
    /**
     * Writes without waiting.
     *
     * @param source not empty
     * @return how many bytes were taken; fewer than remain if it is full now
     * @throws IOException if nothing can be written any more; {@link dev.aiopipe.BrokenPipeException} if that is because nobody reads
     */
    int write(ByteBuffer source) throws IOException;

    /**
     * What {@link #write} is given at most. A 64 KiB pipe filled in one go makes writer and reader take turns; less lets them overlap.
     *
     * @return a count of bytes, WriteEnd.PIPE_BUF or more
     */
    default int sliceSize() {
        return 8 * 1024;
    }

    /**
     * Whether the kernel has all that {@link #write} took. While it has not, readiness is signalled when that changes.
     *
     * @return false if some is still on its way
     * @throws IOException if it failed on its way
     */
    default boolean isFlushed() throws IOException {
        return true;
    }
}
