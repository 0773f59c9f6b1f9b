package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.transport.ChannelSink;
import dev.aiopipe.engine.transport.ChannelSource;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.ReaderWatch;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * One direction of a connected socket. Closing the writing one shuts the output down, so that the peer sees the end; the socket is
 * closed together with the second one.
 */
public final class SocketEndpoint implements Endpoint {
    private final Socket socket;
    private final boolean forReading;

    private SocketEndpoint(Socket socket, boolean forReading) {
        this.socket = socket;
        this.forReading = forReading;
    }

    /**
     * Both directions of a socket.
     *
     * @param channel that nobody else uses from now on
     * @return the reading one, then the writing one
     */
    public static SocketEndpoint[] of(SocketChannel channel) {
        Socket socket = new Socket(Objects.requireNonNull(channel, "channel"));
        return new SocketEndpoint[] {new SocketEndpoint(socket, true), new SocketEndpoint(socket, false)};
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        Registration registration = socket.register(loop);
        return new Input(
                new Source(new ChannelSource(toString(), socket.channel, this), socket.watch), registration.input());
    }

    @Override
    public Output openOutput(Loop loop) throws IOException {
        Registration registration = socket.register(loop);
        return new Output(new ChannelSink(toString(), socket.channel, this), registration.output(), socket.watch);
    }

    @Override
    public boolean opensAtOnce() {
        return true;
    }

    @Override
    public boolean canBeHandedOver() {
        return false;
    }

    @Override
    public Redirect redirect(BooleanSupplier usable) throws IOException {
        throw new IOException("a socket can't be handed over: " + this);
    }

    @Override
    public String path(String self) throws IOException {
        throw new IOException("a socket can't be handed over: " + this);
    }

    @Override
    public void close() throws IOException {
        socket.close(forReading);
    }

    @Override
    public String toString() {
        return socket.channel.toString();
    }

    /** What the two directions share. */
    private static final class Socket {
        private final SocketChannel channel;
        private Registration registration; // guarded by this, as is all that follows
        private ReaderWatch watch; // since then
        private Loop loop;
        private boolean inputClosed;
        private boolean outputClosed;

        Socket(SocketChannel channel) {
            this.channel = channel;
        }

        /** One key serves both directions, so both are of one loop. */
        synchronized Registration register(Loop wanted) throws IOException {
            if (!channel.isConnected()) {
                throw new NotYetConnectedException();
            } else if (registration == null) {
                registration = wanted.register(channel);
                loop = wanted;
                watch = ReaderWatch.ofSocket(() -> ChannelDescriptor.fdOf(channel), loop);
            } else if (loop != wanted) {
                throw new IllegalStateException("both directions of a socket need one loop: " + loop + ", " + wanted);
            }
            return registration;
        }

        synchronized void close(boolean input) throws IOException {
            if (input) {
                inputClosed = true;
            } else if (!outputClosed) {
                outputClosed = true;
                if (!inputClosed && channel.isConnected()) {
                    channel.shutdownOutput();
                }
            }
            if (inputClosed && outputClosed) {
                Closeable open = registration == null ? channel : registration;
                open.close();
            }
        }
    }

    /** A peer that has gone shows in its end of input, or in a failure to read. */
    private record Source(ByteSource from, ReaderWatch watch) implements ByteSource {
        @Override
        public int read(ByteBuffer target) throws IOException {
            int count = -1;
            try {
                count = from.read(target);
                return count;
            } finally {
                if (count < 0) {
                    watch.readerGone();
                }
            }
        }

        @Override
        public void close() throws IOException {
            from.close();
        }

        @Override
        public String toString() {
            return from.toString();
        }
    }
}
