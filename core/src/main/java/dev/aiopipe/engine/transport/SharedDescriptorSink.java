package dev.aiopipe.engine.transport;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.read.InputBuffer;
import dev.aiopipe.engine.write.ByteSink;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/** Writes a number that others share, as {@link SharedDescriptorSource} reads one. */
public final class SharedDescriptorSink implements ByteSink {
    private final int number;
    private final boolean socket;
    private final Closeable owner;
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(InputBuffer.READ_SIZE);
    private boolean closed; // guarded by this

    public SharedDescriptorSink(int number, boolean socket, Closeable owner) {
        this.number = number;
        this.socket = socket;
        this.owner = owner;
    }

    @Override
    public synchronized int write(ByteBuffer source) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        int size = Math.min(bytes.capacity(), source.remaining());
        bytes.clear().put(source.slice(source.position(), size)).flip();
        long count = socket ? LibC.send(number, bytes) : LibC.write(number, bytes);
        if (count < 0) {
            if (LibC.wouldBlock()) {
                return 0;
            }
            throw new BrokenPipeException("nobody reads descriptor " + number, LibC.failure("write"));
        }
        source.position(source.position() + (int) count);
        return (int) count;
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
        }
        owner.close();
    }

    @Override
    public String toString() {
        return "descriptor " + number;
    }
}
