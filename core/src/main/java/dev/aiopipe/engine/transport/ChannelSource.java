package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.read.ByteSource;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;

/** Reads a non-blocking NIO channel. Closing is the owner's matter: a registration's, or half a socket's. */
public final class ChannelSource implements ByteSource {
    private final String name;
    private final ReadableByteChannel channel;
    private final Closeable owner;
    private final int terminal;

    public ChannelSource(String name, ReadableByteChannel channel, Closeable owner) {
        this(name, channel, owner, -1);
    }

    /**
     * A channel that may be a terminal's.
     *
     * @param terminal a number of the terminal that this is, or -1: its end is not final, its hanging up (EIO) is an end, and it may be
     *     set up so that a read gives 0 bytes when there are none
     */
    public ChannelSource(String name, ReadableByteChannel channel, Closeable owner, int terminal) {
        this.name = name;
        this.channel = channel;
        this.owner = owner;
        this.terminal = terminal;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        try {
            int count = channel.read(target);
            return count < 0 && isTerminal() && LibC.isOnlyEmpty(terminal) ? 0 : count;
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            if (isTerminal()) {
                return -1;
            }
            throw e;
        }
    }

    @Override
    public boolean endIsFinal() {
        return !isTerminal();
    }

    private boolean isTerminal() {
        return terminal >= 0;
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
