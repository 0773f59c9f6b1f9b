package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.InputBuffer;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import dev.aiopipe.jvm.internal.future.SerialTask;
import dev.aiopipe.jvm.internal.write.WriteInProgress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes: looks at what is there, has it written, and takes it only then. Meanwhile the reader is this transfer's
 * own.
 *
 * <pre>
 *     look ── some bytes ──► write ── sent ──► take what was sent ──► look …
 *       └── none, or enough moved ──► done
 * </pre>
 */
public final class Transfer extends ReadTask implements PipeFuture.Operation {
    /** Where the bytes go. */
    public interface Target {
        /**
         * Moves the chunk's position behind what was sent.
         *
         * @return done, on any thread, when that is final. If it is cancelled, a write that goes on is done later
         * @throws IOException if nothing was sent
         */
        CompletableFuture<?> write(ByteBuffer chunk) throws IOException;
    }

    private final Look look;
    private final Target target;
    private final ReadScope scope;
    private final Object lock;
    private final PipeFuture<Long> future;
    private final SerialTask turns;
    private final WriteInProgress sending = new WriteInProgress();
    private @Nullable ByteBuffer chunk; // guarded by the lock: not taken yet

    public static Transfer of(ReaderView view, long count, Target target) {
        if (count < 0) {
            throw new IllegalArgumentException("count < 0: " + count);
        }
        return new Transfer(view, new ReadScope(view.scope()), new Look(view.ops(), count), target);
    }

    private Transfer(ReaderView view, ReadScope scope, Look look, Target target) {
        super(view.in(scope), look);
        this.look = look;
        this.target = target;
        this.scope = scope;
        this.lock = scope.root();
        this.future = new PipeFuture<>(view.callbacks(), this);
        this.turns = new SerialTask(future, this::turn, this::refused);
    }

    public PipeFuture<Long> begin() {
        try {
            scope.begin(view.core(), false);
        } catch (ClosedChannelException | IllegalStateException e) {
            stop();
            future.fail(e);
            return future;
        }
        turns.schedule();
        return future;
    }

    @Override
    protected void onWake() {
        turns.schedule();
    }

    private void turn() {
        try {
            while (step() && !turns.isUsedUp()) {
                continue;
            }
        } catch (Throwable e) {
            refused(e);
        }
    }

    /** Sends a chunk. False if that was the last one, or has to be waited for. */
    private boolean step() throws Throwable {
        CompletableFuture<?> sent = sending.current();
        if (sent != null && !sent.isDone()) {
            return false;
        } else if (sent != null) {
            takeSent();
            if (sent.isCompletedExceptionally()) {
                throw FutureFailures.of(sent);
            }
        }
        Object value = take();
        if (value == ReadOp.MORE) {
            return false;
        }
        ByteBuffer bytes = (ByteBuffer) value;
        if (bytes.hasRemaining()) {
            return send(bytes);
        } else if (stop()) {
            release();
            future.succeed(look.moved);
        }
        return false;
    }

    private boolean send(ByteBuffer bytes) throws IOException {
        synchronized (lock) {
            chunk = bytes;
        }
        if (!sending.begin(() -> target.write(bytes))) {
            return false;
        }
        CompletableFuture<?> write = sending.current();
        if (write == null || write.isDone()) {
            return true;
        }
        write.whenComplete((ignored, failure) -> turns.schedule());
        return false;
    }

    /** Takes what was sent, once. */
    private void takeSent() throws IOException {
        synchronized (lock) {
            sending.forget();
            if (chunk != null) {
                int sent = chunk.position();
                chunk = null;
                look.moved += sent;
                view.start(view.ops().transferred(sent)); // is buffered, so it does not wait
            }
        }
    }

    private void refused(Throwable why) {
        if (giveUp()) {
            future.fail(why);
        }
    }

    @Override
    public boolean withdraw() {
        return giveUp();
    }

    /** Ends this; what the target got by then, or still gets, is taken. */
    private boolean giveUp() {
        if (!stop()) {
            return false;
        }
        sending.end(this::end);
        return true;
    }

    private void end(@Nullable CompletableFuture<?> write) {
        if (write != null && !write.isDone()) {
            write.cancel(false);
        }
        if (write != null && !write.isDone()) {
            write.whenComplete((ignored, failure) -> takeSentAndRelease());
        } else {
            takeSentAndRelease();
        }
    }

    private void takeSentAndRelease() {
        try {
            takeSent();
        } catch (IOException | IllegalStateException e) {
            return; // closed, or the block around this has ended and given back: what was sent is not this one's any
            // more
        } finally {
            release();
        }
    }

    private void release() {
        scope.end(true);
    }

    /** What is there and may be taken, without taking it; nothing at the end, and when enough has been moved. */
    private static final class Look implements ReadOp<ByteBuffer> {
        private final ReadOps ops;
        private final long count;
        private long moved;

        Look(ReadOps ops, long count) {
            this.ops = ops;
            this.count = count;
        }

        @Override
        public @Nullable Object attempt(InputBuffer in) throws IOException {
            return count == moved
                    ? ByteBuffer.allocate(0)
                    : ops.toTransfer(count - moved).attempt(in);
        }

        /** Behind the last byte that is wanted it does not tell the end. */
        @Override
        public boolean consumesNothing() {
            return count == moved;
        }
    }
}
