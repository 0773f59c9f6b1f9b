package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.support.ChunkSize;
import dev.aiopipe.engine.write.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Reads or writes a pipe or socket that other processes share, so that its flags must not be changed: each call asks
 * not to wait ({@code MSG_DONTWAIT} for sockets, {@code RWF_NOWAIT} for pipes). The calls are short, so that a close
 * may wait for one. An instance serves one direction.
 */
public final class SharedDescriptorStream implements ByteSource, ByteSink {
    private final int fd;
    private final boolean isSocket;

    @GuardedBy("this")
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(ChunkSize.BYTES);

    @GuardedBy("this")
    private boolean closed;

    /** Creates one direction of a descriptor, which is not closed here. */
    public SharedDescriptorStream(int fd, boolean isSocket) {
        this.fd = fd;
        this.isSocket = isSocket;
    }

    @Override
    public synchronized int read(ByteBuffer target) throws IOException {
        requireOpen();
        bytes.clear().limit(Math.min(bytes.capacity(), target.remaining()));
        long count = isSocket ? LibC.receive(fd, bytes) : LibC.read(fd, bytes);
        if (count < 0) {
            return nothing("read");
        } else if (count == 0) {
            return -1;
        }
        target.put(bytes.limit((int) count));
        return (int) count;
    }

    @Override
    public synchronized int write(ByteBuffer source) throws IOException {
        requireOpen();
        int size = Math.min(bytes.capacity(), source.remaining());
        bytes.clear().put(source.slice(source.position(), size)).flip();
        long count = isSocket ? LibC.send(fd, bytes) : LibC.write(fd, bytes);
        if (count < 0) {
            return nothing("write");
        }
        source.position(source.position() + (int) count);
        return (int) count;
    }

    /** Returns 0 if the last call would have had to wait; otherwise throws its failure. */
    private int nothing(String call) throws IOException {
        if (LibC.wouldBlock()) {
            return 0;
        }
        throw LibC.failure(call + " of descriptor " + fd);
    }

    @GuardedBy("this")
    private void requireOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    /** Returns null: all bytes go through this. */
    @Override
    public @Nullable DescriptorCopy copy() {
        return null;
    }

    /** When this returns, the fd is not used here any more. */
    @Override
    public synchronized void close() {
        closed = true;
    }
}
