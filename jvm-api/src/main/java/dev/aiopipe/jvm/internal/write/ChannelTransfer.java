package dev.aiopipe.jvm.internal.write;

import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.ChunkSize;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a blocking channel has up to its end, chunk by chunk. The channel is read on a thread for blocking calls.
 *
 * <pre>
 *     TURN ── the output has no other message ──► READING ── a chunk ──► SENDING ── sent ──► TURN …
 *                                                    └────── the end ──► OVER
 *
 *     any ── withdraw, or a failure ──► OVER: a chunk that was read is still sent, or owed
 * </pre>
 */
public final class ChannelTransfer implements PipeFuture.Operation {
    /** Before another try where a channel has nothing, though it is blocking. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Output output;
    private final ReadableByteChannel source;
    private final PipeFuture<Long> future;
    private final ByteBuffer chunk = ByteBuffer.allocate(ChunkSize.BYTES);
    private long moved;

    private boolean over; // guarded by this, as is what follows
    private @Nullable Message waiting;

    /** Makes a transfer that has not begun. */
    public ChannelTransfer(Output output, ReadableByteChannel source, CallbackExecutor callbacks) {
        if (source instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException("channel is in non-blocking mode: " + source);
        }
        this.output = output;
        this.source = source;
        this.future = new PipeFuture<>(callbacks, this);
    }

    /** Begins. */
    public PipeFuture<Long> begin() {
        proceed(null);
        return future;
    }

    /** Goes on, on a thread for blocking calls, after a message that has this outcome. */
    private void proceed(@Nullable Throwable failure) {
        if (failure != null) {
            end(null, failure);
            return;
        }
        try {
            BlockingPool.EXECUTOR.execute(this::run);
        } catch (Throwable e) {
            end(null, e);
        }
    }

    private void run() {
        try {
            while (offer(Message.barrier())) {
                chunk.clear();
                int count = source.read(chunk);
                if (count < 0) {
                    end(moved, null);
                    return;
                } else if (count == 0) {
                    LockSupport.parkNanos(this, PAUSE_NANOS);
                    continue;
                }
                moved += count;
                Message message = Message.of(chunk.flip());
                message.commit(); // the bytes can't be had again
                if (!offer(message)) {
                    return;
                }
            }
        } catch (Throwable e) {
            end(null, e);
        }
    }

    /**
     * Offers a message. Returns true if this may go on at once. If the message has to wait, this goes on after it; if
     * this is over, gives the message up, so that its bytes are owed.
     */
    private boolean offer(Message message) throws IOException {
        synchronized (this) {
            boolean sent = output.offer(message);
            if (over) {
                output.cancel(message);
                return false;
            } else if (sent) {
                return true;
            }
            waiting = message;
        }
        output.await(message, this::proceed);
        return false;
    }

    private void end(@Nullable Long count, @Nullable Throwable failure) {
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
        }
        future.settle(count, failure);
    }

    @Override
    public boolean withdraw() {
        synchronized (this) {
            if (over) {
                return false;
            }
            over = true;
            if (waiting != null) {
                output.cancel(waiting);
            }
            return true;
        }
    }
}
