package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.read.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;

/**
 * Reads a terminal by a non-blocking channel. Its end is not final, and to hang up (EIO) is an end. It may be set up so
 * that a read gives 0 bytes when there are none.
 *
 * @param channel of the terminal
 * @param fd of the same terminal
 */
public record TerminalSource(ReadableByteChannel channel, int fd) implements ByteSource {
    @Override
    public int read(ByteBuffer target) throws IOException {
        try {
            int count = channel.read(target);
            return count < 0 && LibC.isOnlyEmpty(fd) ? 0 : count;
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            return -1;
        }
    }

    @Override
    public boolean endIsFinal() {
        return false;
    }
}
