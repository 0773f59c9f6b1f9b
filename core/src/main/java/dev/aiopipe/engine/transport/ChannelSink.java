package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.write.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import org.jspecify.annotations.Nullable;

/** Writes to a pipe, or a FIFO, through its channel. */
public final class ChannelSink implements ByteSink {
    private final Pipe.SinkChannel channel;
    private final DescriptorCopy copy;
    private final @Nullable CapacityGrowth growth;

    /** Writes to a channel that is non-blocking. The output closes it after this. */
    public ChannelSink(Pipe.SinkChannel channel) {
        this(channel, false);
    }

    /** As {@link #ChannelSink(Pipe.SinkChannel)}. If {@code grows}, the pipe gets a larger capacity when it is busy. */
    public ChannelSink(Pipe.SinkChannel channel, boolean grows) {
        this.channel = channel;
        this.copy = new DescriptorCopy(channel);
        this.growth = grows ? new CapacityGrowth(copy) : null;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int size = source.remaining();
        int count = channel.write(source);
        if (growth != null) {
            growth.written(count, size);
        }
        return count;
    }

    @Override
    public DescriptorCopy copy() {
        return copy;
    }

    @Override
    public void close() throws IOException {
        if (growth != null) {
            growth.close();
        }
        copy.close();
    }
}
