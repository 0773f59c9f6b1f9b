package dev.aiopipe.jvm.internal.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A blocking channel. The call of it that is under way can't be called back. */
public final class BlockingTarget implements Transfer.Target {
    /** Before another try where a channel takes nothing, though it is blocking. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final WritableByteChannel channel;
    private @Nullable Write current; // of the thread that runs the transfer's step

    public BlockingTarget(WritableByteChannel channel) {
        if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException("channel is in non-blocking mode: " + channel);
        }
        this.channel = channel;
    }

    @Override
    public boolean blocks() {
        return true;
    }

    @Override
    public CompletableFuture<?> write(ByteBuffer chunk) {
        Write begun = new Write(chunk);
        current = begun;
        return begun;
    }

    @Override
    public void proceed() {
        Write begun = current;
        if (begun != null) {
            current = null;
            begun.run();
        }
    }

    /** The writes of a chunk. To cancel it ends it after the call that is under way. */
    private final class Write extends CompletableFuture<@Nullable Void> {
        private final ByteBuffer chunk;
        private volatile boolean givenUp;
        private volatile @Nullable Thread thread;

        Write(ByteBuffer chunk) {
            this.chunk = chunk;
        }

        void run() {
            try {
                writeAll();
                complete(null);
            } catch (Throwable e) {
                completeExceptionally(e);
            }
        }

        private void writeAll() throws IOException {
            while (chunk.hasRemaining() && !givenUp) {
                if (channel.write(chunk) == 0) {
                    thread = Thread.currentThread();
                    if (!givenUp) {
                        LockSupport.parkNanos(this, PAUSE_NANOS);
                    }
                }
            }
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            givenUp = true;
            LockSupport.unpark(thread);
            return false;
        }
    }
}
