package dev.aiopipe.engine;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;

/** Reads a non-blocking NIO channel. Closing is the owner's matter: a registration's, or half a socket's. */
final class ChannelSource implements ByteSource {
    private final String name;
    private final ReadableByteChannel channel;
    private final Closeable owner;
    private final boolean terminal;

    /** Of a terminal the end is not final, and its hanging up (EIO) is an end. */
    ChannelSource(String name, ReadableByteChannel channel, Closeable owner, boolean terminal) {
        this.name = name;
        this.channel = channel;
        this.owner = owner;
        this.terminal = terminal;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        try {
            return channel.read(target);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            if (terminal) {
                return -1;
            }
            throw e;
        }
    }

    @Override
    public boolean endIsFinal() {
        return !terminal;
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
