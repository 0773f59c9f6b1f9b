package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.write.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;

/** Writes to a pipe, or a FIFO, through its channel. */
public final class ChannelSink implements ByteSink {
    private final Pipe.SinkChannel channel;
    private final DescriptorCopy copy;

    /** Writes to a channel that is non-blocking. The output closes it after this. */
    public ChannelSink(Pipe.SinkChannel channel) {
        this.channel = channel;
        this.copy = new DescriptorCopy(channel);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return channel.write(source);
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
