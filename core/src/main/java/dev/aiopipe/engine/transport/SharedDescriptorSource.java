package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.InputBuffer;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Reads a number that others share, and whose flags are therefore not ours: each call says for itself that it must not wait
 * ({@code MSG_DONTWAIT} for sockets, {@code RWF_NOWAIT} for pipes). The calls are short, so that closing may wait for one.
 */
public final class SharedDescriptorSource implements ByteSource {
    private final int number;
    private final boolean socket;
    private final Closeable owner;
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(InputBuffer.READ_SIZE);
    private boolean closed; // guarded by this

    public SharedDescriptorSource(int number, boolean socket, Closeable owner) {
        this.number = number;
        this.socket = socket;
        this.owner = owner;
    }

    @Override
    public synchronized int read(ByteBuffer target) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        bytes.clear().limit(Math.min(bytes.capacity(), target.remaining()));
        long count = socket ? LibC.receive(number, bytes) : LibC.read(number, bytes);
        if (count < 0) {
            if (LibC.wouldBlock()) {
                return 0;
            }
            throw LibC.failure("read of descriptor " + number);
        } else if (count == 0) {
            return -1;
        }
        target.put(bytes.limit((int) count));
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
