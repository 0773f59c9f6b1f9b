package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.support.BlockingPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A blocking channel, written to on a thread for that. The call that is under way there can't be called back. */
public final class BlockingTarget implements Transfer.Target {
    /** Before another try where a channel takes nothing, though it is blocking. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final WritableByteChannel channel;

    public BlockingTarget(WritableByteChannel channel) {
        if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException("channel is in non-blocking mode: " + channel);
        }
        this.channel = channel;
    }

    @Override
    public CompletableFuture<?> write(ByteBuffer chunk) {
        Write write = new Write();
        BlockingPool.EXECUTOR.execute(() -> {
            try {
                writeAll(chunk, write);
                write.complete(null);
            } catch (Throwable e) {
                write.completeExceptionally(e);
            }
        });
        return write;
    }

    private void writeAll(ByteBuffer chunk, Write write) throws IOException {
        while (chunk.hasRemaining() && !write.givenUp) {
            if (channel.write(chunk) == 0) {
                write.thread = Thread.currentThread();
                if (!write.givenUp) {
                    LockSupport.parkNanos(this, PAUSE_NANOS);
                }
            }
        }
    }

    /** To cancel it ends it after the call that is under way. */
    private static final class Write extends CompletableFuture<@Nullable Void> {
        private volatile boolean givenUp;
        private volatile @Nullable Thread thread;

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            givenUp = true;
            LockSupport.unpark(thread);
            return false;
        }
    }
}
