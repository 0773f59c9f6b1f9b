package dev.aiopipe;

import dev.aiopipe.engine.endpoint.SocketEndpoint;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.write.Output;
import java.nio.channels.SocketChannel;

/** Both directions of a conversation: an end to read from and an end to write to, each of which is used on its own. */
public final class DuplexEnd implements AutoCloseable {
    private final ReadEnd rx;
    private final WriteEnd tx;

    DuplexEnd(ReadEnd rx, WriteEnd tx) {
        this.rx = rx;
        this.tx = tx;
        Halves halves = new Halves(rx, tx);
        rx.join(halves);
        tx.join(halves);
    }

    /**
     * A connected socket. Closing the writer shuts its output down, so that the peer sees the end; the socket is closed when reader and
     * writer are. Both have to be opened with one loop. They can't be handed to a child.
     *
     * @param channel belongs to the ends from now on: it becomes non-blocking, and is closed through them alone
     * @return an end whose opening fails with {@link java.nio.channels.NotYetConnectedException} if the socket is not connected
     */
    public static DuplexEnd of(SocketChannel channel) {
        SocketEndpoint[] directions = SocketEndpoint.of(channel);
        return new DuplexEnd(new ReadEnd(directions[0]), new WriteEnd(directions[1]));
    }

    /**
     * What the other side writes.
     *
     * @return always the same one
     */
    public ReadEnd rx() {
        return rx;
    }

    /**
     * What the other side reads.
     *
     * @return always the same one
     */
    public WriteEnd tx() {
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
     * Keeps the halves of a conversation alive together: if one were closed as garbage while the other is in use, the peer would see an
     * end. Each is its end, and later its stream.
     */
    static final class Halves {
        private Object reading; // never read, as the other one: this is what keeps it
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
