package dev.aiopipe;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.linux.DescriptorHeadroom;
import java.io.IOException;
import java.nio.channels.Pipe;

/** A pipe of the operating system: what is written to {@link #tx} is read from {@link #rx}. */
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
     * @return two ends that are still to be opened, or handed to a child
     * @throws IOException if the system has no descriptor left
     */
    public static AioPipe create() throws IOException {
        Pipe pipe = open();
        return new AioPipe(pipe, "pipe@" + Integer.toHexString(pipe.hashCode()));
    }

    /** One whose two ends messages call by that name. */
    static AioPipe create(String name) throws IOException {
        return new AioPipe(open(), name);
    }

    private static Pipe open() throws IOException {
        DescriptorHeadroom.warmUp();
        return Pipe.open();
    }

    /**
     * The end to read from.
     *
     * @return always the same one
     */
    public ReadEnd rx() {
        return rx;
    }

    /**
     * The end to write to.
     *
     * @return always the same one
     */
    public WriteEnd tx() {
        return tx;
    }

    /**
     * For Kotlin's {@code val (rx, tx) = aioPipe()}.
     *
     * @return {@link #rx}
     */
    public ReadEnd component1() {
        return rx;
    }

    /**
     * For Kotlin's {@code val (rx, tx) = aioPipe()}.
     *
     * @return {@link #tx}
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
