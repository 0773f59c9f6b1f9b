package dev.aiopipe;

import dev.aiopipe.engine.endpoint.SocketEndpoint;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.write.Output;
import java.nio.channels.SocketChannel;

/** Both directions of a conversation: an end to read from and an end to write to. Each is used on its own. */
public final class DuplexEnd implements AutoCloseable {
    private final ReadEnd rx;
    private final WriteEnd tx;

    DuplexEnd(ReadEnd rx, WriteEnd tx) {
        this.rx = rx;
        this.tx = tx;
        Halves halves = new Halves(rx, tx);
        rx.halves = halves;
        tx.halves = halves;
    }

    /**
     * Returns both ends of a connected socket. Closing the writer shuts the output down, so that the peer sees the end
     * of stream. The socket is closed when reader and writer are closed. Both must be opened with the same loop. They
     * can't be handed to a child.
     *
     * @param channel belongs to the ends from now on: it becomes non-blocking, and only they close it
     * @return two ends; opening them throws {@link java.nio.channels.NotYetConnectedException} if the socket is not
     *     connected
     */
    public static DuplexEnd of(SocketChannel channel) {
        SocketEndpoint[] directions = SocketEndpoint.of(channel);
        return new DuplexEnd(new ReadEnd(directions[0]), new WriteEnd(directions[1]));
    }

    /**
     * Returns the end to read from: the bytes that the other side writes.
     *
     * @return always the same one
     */
    public ReadEnd rx() {
        return rx;
    }

    /**
     * Returns the end to write to: the bytes go to the other side.
     *
     * @return always the same one
     */
    public WriteEnd tx() {
        return tx;
    }

    /**
     * Returns {@link #rx}, for Kotlin's {@code val (rx, tx) = end}.
     *
     * @return the end to read from
     */
    public ReadEnd component1() {
        return rx;
    }

    /**
     * Returns {@link #tx}, for Kotlin's {@code val (rx, tx) = end}.
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
        return "DuplexEnd[" + rx + ", " + tx + "]";
    }

    /**
     * Keeps both halves of a conversation in memory while one is in use. If the other one were garbage-collected, it
     * would be closed, and the peer would see an end of stream. A half is its end, and later the stream opened from it.
     */
    static final class Halves {
        @SuppressWarnings("unused") // a reference that keeps it from being garbage-collected
        private Object reading;

        @SuppressWarnings("unused") // as above
        private Object writing;

        private Halves(ReadEnd reading, WriteEnd writing) {
            this.reading = reading;
            this.writing = writing;
        }

        void opened(Input input) {
            reading = input;
            input.keep(this);
        }

        void opened(Output output) {
            writing = output;
            output.keep(this);
        }
    }
}
