package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.read.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;

/** Reads a pipe, or a FIFO, through its channel. */
public final class ChannelSource implements ByteSource {
    private final Pipe.SourceChannel channel;
    private final DescriptorCopy copy;

    /** Reads a channel that is non-blocking. The input closes it after this. */
    public ChannelSource(Pipe.SourceChannel channel) {
        this.channel = channel;
        this.copy = new DescriptorCopy(channel);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return channel.read(target);
    }

    @Override
    public DescriptorCopy copy() {
        return copy;
    }

    @Override
    public void close() throws IOException {
        copy.close();
    }
}
