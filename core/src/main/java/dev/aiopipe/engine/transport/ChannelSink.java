package dev.aiopipe.engine.transport;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.write.ByteSink;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;

/** Writes a non-blocking NIO channel. Closing is the owner's matter: a registration's, or half a socket's. */
public final class ChannelSink implements ByteSink {
    private final String name;
    private final WritableByteChannel channel;
    private final Closeable owner;

    public ChannelSink(String name, WritableByteChannel channel, Closeable owner) {
        this.name = name;
        this.channel = channel;
        this.owner = owner;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        try {
            return channel.write(source);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (
                IOException
                        e) { // a pipe, terminal or socket that is open fails in no other way; the text is in the user's
            // language
            throw new BrokenPipeException("nobody reads " + name, e);
        }
    }

    @Override
    public void close() throws IOException {
        owner.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
