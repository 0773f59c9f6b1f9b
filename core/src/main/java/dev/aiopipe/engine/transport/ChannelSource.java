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
    private final boolean onlyReader;
    private final DescriptorCopy copy;
    private final @Nullable CapacityGrowth growth;

    /**
     * Reads a pipe, or FIFO, that others may read, too. The channel is non-blocking. The input closes it after this.
     */
    public static ChannelSource ofShared(Pipe.SourceChannel channel) {
        return new ChannelSource(channel, false, false);
    }

    /**
     * Reads a pipe that nobody else reads. The channel is non-blocking. The input closes it after this.
     *
     * @param grows whether the pipe gets a larger capacity when it is busy
     */
    public static ChannelSource ofOwn(Pipe.SourceChannel channel, boolean grows) {
        return new ChannelSource(channel, true, grows);
    }

    private ChannelSource(Pipe.SourceChannel channel, boolean onlyReader, boolean grows) {
        this.channel = channel;
        this.onlyReader = onlyReader;
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
    public boolean isOnlyReader() {
        return onlyReader;
    }

    @Override
    public void close() throws IOException {
        if (growth != null) {
            growth.close();
        }
        copy.close();
    }
}
