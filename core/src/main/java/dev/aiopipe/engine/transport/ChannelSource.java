package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.read.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import org.jspecify.annotations.Nullable;

/** Reads a pipe, or a FIFO, through its channel. */
public final class ChannelSource implements ByteSource {
    private final Pipe.SourceChannel channel;
    private final DescriptorCopy copy;
    private final @Nullable CapacityGrowth growth;

    /** Reads a channel that is non-blocking. The input closes it after this. */
    public ChannelSource(Pipe.SourceChannel channel) {
        this(channel, false);
    }

    /**
     * As {@link #ChannelSource(Pipe.SourceChannel)}. If {@code grows}, the pipe gets a larger capacity when it is busy.
     */
    public ChannelSource(Pipe.SourceChannel channel, boolean grows) {
        this.channel = channel;
        this.copy = new DescriptorCopy(channel);
        this.growth = grows ? new CapacityGrowth(copy) : null;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        int count = channel.read(target);
        if (growth != null) {
            growth.read(count);
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
