package dev.aiopipe;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.linux.DescriptorHeadroom;
import java.io.IOException;
import java.nio.channels.Pipe;

/** A pipe of the operating system: the bytes written to {@link #tx} are read from {@link #rx}. */
public final class AioPipe implements AutoCloseable {
    private final ReadEnd rx;
    private final WriteEnd tx;

    private AioPipe(Pipe pipe, String name) {
        rx = new ReadEnd(new ChannelEndpoint(pipe.source(), true, name));
        tx = new WriteEnd(new ChannelEndpoint(pipe.sink(), true, name));
    }

    /**
     * Makes a pipe.
     *
     * @return two ends, each to be opened or handed to a child
     * @throws IOException if the system has no descriptor left
     */
    public static AioPipe create() throws IOException {
        DescriptorHeadroom.warmUp();
        Pipe pipe = Pipe.open();
        return new AioPipe(pipe, "pipe@" + Integer.toHexString(pipe.hashCode()));
    }

    /**
     * Returns the end to read from.
     *
     * @return always the same one
     */
    public ReadEnd rx() {
        return rx;
    }

    /**
     * Returns the end to write to.
     *
     * @return always the same one
     */
    public WriteEnd tx() {
        return tx;
    }

    /**
     * Returns {@link #rx}, for Kotlin's {@code val (rx, tx) = aioPipe()}.
     *
     * @return the end to read from
     */
    public ReadEnd component1() {
        return rx;
    }

    /**
     * Returns {@link #tx}, for Kotlin's {@code val (rx, tx) = aioPipe()}.
     *
     * @return the end to write to
     */
    public WriteEnd component2() {
        return tx;
    }

    /** Closes the ends that were neither opened nor handed over. */
    @Override
    public void close() {
        rx.close();
        tx.close();
    }

    @Override
    public String toString() {
        return "AioPipe[" + rx + ", " + tx + "]";
    }
}
