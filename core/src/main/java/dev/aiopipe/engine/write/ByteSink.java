package dev.aiopipe.engine.write;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.support.ChunkSize;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Takes the bytes of an {@link Output}. One thread at a time writes; {@code close} may come from another. */
public interface ByteSink extends Closeable {
    /**
     * Writes without waiting.
     *
     * @param source not empty
     * @return how many bytes were taken; fewer than remain if the sink is full now
     * @throws IOException if nothing can be written any more
     */
    int write(ByteBuffer source) throws IOException;

    /** Returns how many bytes {@link #write} is given at most, {@code WriteEnd.PIPE_BUF} or more. */
    default int sliceSize() {
        return ChunkSize.BYTES;
    }

    /**
     * Returns whether the kernel has all bytes that {@link #write} took. When that changes, readiness is signalled.
     *
     * @throws IOException if they failed on their way
     */
    default boolean isFlushed() throws IOException {
        return true;
    }

    /**
     * Returns whether readiness is signalled whenever there is room for a write. Otherwise there is room if
     * {@link #isFlushed}.
     */
    default boolean signalsRoom() {
        return true;
    }

    /**
     * Returns whether a failed write means that nobody reads: true of a pipe, FIFO, terminal or socket, not of a file.
     */
    default boolean failsWithoutReader() {
        return true;
    }

    /**
     * Returns the copy of the pipe's descriptor, by which a transfer may give it bytes. It is closed before the
     * descriptor.
     *
     * @return null if all bytes have to be written
     */
    default @Nullable DescriptorCopy copy() {
        return null;
    }

    /**
     * Refuses later writes, and closes what the sink itself has opened. The output closes the descriptor afterwards.
     */
    @Override
    default void close() throws IOException {}
}
