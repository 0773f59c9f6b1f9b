package dev.aiopipe.jvm;

import dev.aiopipe.engine.Blocking;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A blocking channel, written to on a thread for that. What is under way there can't be called back. */
final class BlockingTarget implements Transfer.Target {
    private final WritableByteChannel channel;
    private volatile boolean busy;

    BlockingTarget(WritableByteChannel channel) {
        if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException("channel is in non-blocking mode: " + channel);
        }
        this.channel = channel;
    }

    @Override
    public CompletableFuture<?> write(ByteBuffer chunk) {
        busy = true;
        CompletableFuture<@Nullable Void> written = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterruptIfRunning) {
                return false;
            }
        };
        Blocking.EXECUTOR.execute(() -> {
            Throwable failure = null;
            try {
                while (chunk.hasRemaining()) {
                    channel.write(chunk);
                }
            } catch (Throwable e) {
                failure = e;
            }
            busy = false;
            if (failure == null) {
                written.complete(null);
            } else {
                written.completeExceptionally(failure);
            }
        });
        return written;
    }

    @Override
    public boolean isBusy() {
        return busy;
    }
}
