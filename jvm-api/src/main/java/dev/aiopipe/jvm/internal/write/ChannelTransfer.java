package dev.aiopipe.jvm.internal.write;

import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.ChunkSize;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a blocking channel has up to its end, chunk by chunk. The channel is read on a thread for blocking calls.
 *
 * <pre>
 *     WAITING ── the output has no other message ──► READING ── a chunk, and its turn ──► SENDING ── sent ──► WAITING …
 *        │                                              └────── the end ──► OVER             │
 *        └── withdraw: nothing was read ──► OVER                       withdraw: it is owed ─┴─► OVER
 *
 *     READING ── withdraw ──► LEAVING ── a chunk, and its turn: it is owed; or the end ──► OVER, cancelled
 * </pre>
 */
public final class ChannelTransfer implements PipeFuture.Operation {
    private enum State {
        WAITING,
        READING,
        LEAVING,
        SENDING,
        OVER
    }

    /** Lets one transfer at a time send to a writer, so that one chunk at most is owed. */
    public static final class Turn {
        private final Queue<Runnable> queue = new ArrayDeque<>();
        private boolean isTaken;

        /** Takes the turn. Returns false if another transfer has it: {@code next} runs when this one has got it. */
        private synchronized boolean take(Runnable next) {
            if (isTaken) {
                queue.add(next);
                return false;
            }
            isTaken = true;
            return true;
        }

        private void pass() {
            Runnable next;
            synchronized (this) {
                next = queue.poll();
                isTaken = next != null;
            }
            if (next != null) {
                next.run();
            }
        }
    }

    /** Before another try where a channel has nothing, though it is blocking. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Output output;
    private final ReadableByteChannel source;
    private final @Nullable SourceFile file; // the source, if this opens and closes it
    private final Turn turn;
    private final PipeFuture<Long> future;
    private final ByteBuffer chunk = ByteBuffer.allocateDirect(ChunkSize.BYTES);
    private long moved;

    private State state = State.WAITING; // guarded by this, as is what follows
    private @Nullable Message waiting; // of WAITING or SENDING

    /**
     * Makes a transfer that has not begun.
     *
     * @param turn shared by all transfers to the output
     */
    public ChannelTransfer(Output output, ReadableByteChannel source, Turn turn, CallbackExecutor callbacks) {
        if (source instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException("channel is in non-blocking mode: " + source);
        }
        this.output = output;
        this.source = source;
        this.file = source instanceof SourceFile opened ? opened : null;
        this.turn = turn;
        this.future = new PipeFuture<>(callbacks, this);
    }

    /** Begins. */
    public PipeFuture<Long> begin() {
        onThread(this::open);
        return future;
    }

    private boolean open() {
        try {
            if (file != null) {
                file.open();
            }
        } catch (Throwable e) {
            end(null, e);
            return false;
        }
        return awaitIdle();
    }

    /** Runs a step on a thread for blocking calls. If it has sent a chunk, that thread goes on with the next ones. */
    private void onThread(BooleanSupplier step) {
        try {
            BlockingPool.EXECUTOR.execute(() -> {
                try {
                    boolean sent = step.getAsBoolean();
                    while (sent) {
                        sent = awaitIdle();
                    }
                } catch (Throwable e) {
                    end(null, e);
                }
            });
        } catch (Throwable e) {
            end(null, e);
        }
    }

    /** Reads when no other message waits to be sent. As all steps, returns true if a chunk was sent without a wait. */
    private boolean awaitIdle() {
        return offer(Message.barrier(), State.WAITING, this::read) && read();
    }

    private boolean read() {
        if (!move(State.WAITING, State.READING)) {
            return false;
        }
        chunk.clear();
        int count;
        try {
            count = source.read(chunk);
            while (count == 0) {
                LockSupport.parkNanos(this, PAUSE_NANOS);
                count = isLeaving() ? -1 : source.read(chunk);
            }
        } catch (Throwable e) {
            end(null, e);
            return false;
        }
        if (count < 0) {
            end(moved, null);
            return false;
        }
        chunk.flip();
        return turn.take(() -> onThread(this::awaitOwed)) && awaitOwed();
    }

    /** Has the turn. Waits until nothing is owed. */
    private boolean awaitOwed() {
        Message barrier = Message.barrier();
        try {
            if (output.owed() > 0 && !output.offer(barrier)) {
                output.await(barrier, failure -> onThread(this::awaitOwed));
                return false;
            }
        } catch (Throwable e) { // closed: the next offer says so
            endTurn(e);
            return false;
        }
        return send();
    }

    private boolean send() {
        Message message = Message.of(chunk);
        message.commit(); // the bytes can't be had again
        int count = chunk.remaining();
        boolean isSent = false;
        Throwable failure = null;
        synchronized (this) {
            try {
                isSent = output.offer(message);
                moved += count;
                if (state == State.LEAVING) {
                    output.cancel(message);
                    failure = new CancellationException();
                } else {
                    state = State.SENDING;
                    waiting = isSent ? null : message;
                }
            } catch (Throwable e) {
                failure = e;
            }
        }
        if (failure != null) {
            endTurn(failure);
            return false;
        } else if (isSent) {
            return sent(null);
        }
        output.await(message, why -> {
            if (sent(why)) {
                onThread(this::awaitIdle);
            }
        });
        return false;
    }

    private boolean sent(@Nullable Throwable failure) {
        turn.pass();
        if (failure != null) {
            end(null, failure);
        }
        return failure == null && move(State.SENDING, State.WAITING);
    }

    /** Offers a message in a state. Returns true if it is done; if it has to wait, {@code next} runs after it. */
    private boolean offer(Message message, State in, BooleanSupplier next) {
        Throwable refusal = null;
        synchronized (this) {
            if (state != in) {
                return false;
            }
            try {
                if (output.offer(message)) {
                    return true;
                }
                waiting = message;
            } catch (Throwable e) {
                refusal = e;
            }
        }
        if (refusal != null) {
            end(null, refusal);
            return false;
        }
        output.await(message, failure -> {
            if (failure == null) {
                onThread(next);
            } else {
                end(null, failure);
            }
        });
        return false;
    }

    private synchronized boolean move(State from, State to) {
        if (state != from) {
            return false;
        }
        state = to;
        waiting = null;
        return true;
    }

    private synchronized boolean isLeaving() {
        return state == State.LEAVING;
    }

    private void endTurn(Throwable failure) {
        turn.pass();
        end(null, failure);
    }

    private void end(@Nullable Long count, @Nullable Throwable failure) {
        Throwable outcome = failure;
        synchronized (this) {
            if (state == State.OVER) {
                return;
            } else if (state == State.LEAVING && failure == null) {
                outcome = new CancellationException();
            }
            state = State.OVER;
        }
        if (file == null) {
            future.settle(count, outcome);
        } else {
            closeAndSettle(file, count, outcome);
        }
    }

    /** Settles the future when the file is closed. */
    private void closeAndSettle(SourceFile open, @Nullable Long count, @Nullable Throwable failure) {
        BlockingPool.run(() -> {
            Throwable outcome = failure;
            try {
                open.close();
            } catch (Throwable e) {
                if (failure == null) {
                    outcome = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
            future.settle(outcome == null ? count : null, outcome);
        });
    }

    @Override
    public synchronized boolean withdraw() {
        switch (state) {
            case WAITING, SENDING -> {
                state = State.OVER;
                if (waiting != null) {
                    output.cancel(waiting);
                }
                if (file != null) {
                    file.closeLater();
                }
                return true;
            }
            case READING -> state = State.LEAVING;
            default -> {} // decided, or withdrawn before
        }
        return false;
    }
}
