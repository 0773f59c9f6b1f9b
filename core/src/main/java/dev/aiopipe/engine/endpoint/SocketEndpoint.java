package dev.aiopipe.engine.endpoint;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Input;
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
import org.jspecify.annotations.Nullable;

/**
 * One direction of a connected socket. The close of the writing direction shuts the output down, so that the peer sees
 * the end; the close of the second direction closes the socket.
 */
public final class SocketEndpoint implements Endpoint {
    private final Socket socket;
    private final boolean forReading;

    private SocketEndpoint(Socket socket, boolean forReading) {
        this.socket = socket;
        this.forReading = forReading;
    }

    /**
     * Creates both directions of a socket.
     *
     * @param channel used by nobody else from now on
     * @return the reading one, then the writing one
     */
    public static SocketEndpoint[] of(SocketChannel channel) {
        Socket socket = new Socket(Objects.requireNonNull(channel, "channel"));
        return new SocketEndpoint[] {new SocketEndpoint(socket, true), new SocketEndpoint(socket, false)};
    }

    @Override
    public Input openInput(Loop loop) throws IOException {
        Registered registered = socket.register(loop);
        Source source = new Source(socket.channel, registered.watch);
        return new Input(source, registered.registration.input(), toString(), this);
    }

    @Override
    public Output openOutput(Loop loop) throws IOException {
        Registered registered = socket.register(loop);
        return new Output(socket.channel::write, registered.registration.output(), registered.watch, toString(), this);
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

    /** A socket in its loop. */
    private record Registered(Loop loop, Registration registration, ReaderWatch watch) {}

    /** The socket that the two directions share. */
    private static final class Socket {
        private final SocketChannel channel;

        @GuardedBy("this")
        private @Nullable Registered registered;

        @GuardedBy("this")
        private boolean inputClosed;

        @GuardedBy("this")
        private boolean outputClosed;

        Socket(SocketChannel channel) {
            this.channel = channel;
        }

        /** Registers the channel for both directions, which share one selection key, and so need the same loop. */
        synchronized Registered register(Loop loop) throws IOException {
            if (!channel.isConnected()) {
                throw new NotYetConnectedException();
            }
            Registered known = registered;
            if (known == null) {
                ReaderWatch watch = ReaderWatch.ofSocket(() -> ChannelDescriptor.fdOf(channel), loop);
                known = new Registered(loop, loop.register(channel), watch);
                registered = known;
            } else if (known.loop != loop) {
                throw new IllegalStateException(
                        "both directions of a socket need one loop: " + known.loop + ", " + loop);
            }
            return known;
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
                Closeable open = registered == null ? channel : registered.registration;
                open.close();
            }
        }
    }

    /** Reports to the watch that the peer has gone, when a read finds its end or fails. */
    private record Source(SocketChannel channel, ReaderWatch watch) implements ByteSource {
        @Override
        public int read(ByteBuffer target) throws IOException {
            int count = -1;
            try {
                count = channel.read(target);
                return count;
            } finally {
                if (count < 0) {
                    watch.noteReaderGone();
                }
            }
        }
    }
}
