package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.TargetFile;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A blocking channel, or a file that this opens and closes. The call of it that is under way can't be called back. */
public final class BlockingTarget implements Transfer.Target {
    /** Before another try where a channel takes nothing, though it is blocking. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final WritableByteChannel channel;
    private final @Nullable TargetFile file;
    private @Nullable Call current; // of the thread that runs the transfer's step

    public BlockingTarget(WritableByteChannel channel) {
        if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException("channel is in non-blocking mode: " + channel);
        }
        this.channel = channel;
        this.file = null;
    }

    public BlockingTarget(TargetFile file) {
        this.channel = file;
        this.file = file;
    }

    @Override
    public boolean blocks() {
        return true;
    }

    @Override
    public CompletableFuture<?> open() {
        TargetFile closed = file;
        return closed == null
                ? CompletableFuture.completedFuture(null)
                : begin(new Call() {
                    @Override
                    void call() throws IOException {
                        closed.open();
                    }
                });
    }

    @Override
    public CompletableFuture<?> write(ByteBuffer chunk) {
        return begin(new Write(chunk));
    }

    private Call begin(Call call) {
        current = call;
        return call;
    }

    @Override
    public void proceed() {
        Call begun = current;
        if (begun != null) {
            current = null;
            begun.run();
        }
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }

    @Override
    public void closeLater() {
        if (file != null) {
            BlockingPool.run(() -> Threads.guarded(this::closeGivenUp));
        }
    }

    private void closeGivenUp() {
        try {
            close();
        } catch (IOException e) {
            Threads.report(e); // nobody waits for it any more
        }
    }

    /** A call that blocks. To cancel it has no effect on it, and it is done later. */
    private abstract static class Call extends CompletableFuture<@Nullable Void> {
        abstract void call() throws IOException;

        final void run() {
            try {
                call();
                complete(null);
            } catch (Throwable e) {
                completeExceptionally(e);
            }
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            return false;
        }
    }

    /** The writes of a chunk. To cancel it ends it after the call that is under way. */
    private final class Write extends Call {
        private final ByteBuffer chunk;
        private volatile boolean givenUp;
        private volatile @Nullable Thread thread;

        Write(ByteBuffer chunk) {
            this.chunk = chunk;
        }

        @Override
        void call() throws IOException {
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
