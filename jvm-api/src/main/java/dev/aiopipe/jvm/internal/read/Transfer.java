package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.InputBuffer;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.splice.SpliceRun;
import dev.aiopipe.engine.splice.Splicing;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import dev.aiopipe.jvm.internal.write.WriteInProgress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes: looks at what is there, has it written, and takes it only then. Nobody else can read meanwhile.
 *
 * <pre>
 *     look ── some bytes ──► write ── sent ──► take what was sent ──► look …
 *       └── none, or enough moved ──► done
 * </pre>
 */
public final class Transfer extends ReadLoop implements PipeFuture.Operation {
    /** Where the bytes go. */
    public interface Target {
        /**
         * Writes a chunk, and moves its position past what was sent.
         *
         * @return completes, on any thread, when the position is final. A write that goes on after a cancel completes
         *     later
         * @throws IOException if nothing was sent
         */
        CompletableFuture<?> write(ByteBuffer chunk) throws IOException;
    }

    private final Look look;
    private final Target target;
    private final ReadScope scope;
    private final Object lock;
    private final PipeFuture<Long> future;
    private final WriteInProgress sending = new WriteInProgress();
    private final @Nullable Splicing splicing;
    private @Nullable ByteBuffer chunk; // guarded by the lock: not taken yet

    public static Transfer of(ReaderView view, long count, Target target) {
        return create(view, count, target, null);
    }

    /** A transfer to an output, whose bytes may stay in the kernel. A view with a timeout reads them itself. */
    public static Transfer of(ReaderView view, long count, Target target, Output output) {
        Splicing splicing = view.timeout() == null ? new Splicing(view.input(), output) : null;
        return create(view, count, target, splicing);
    }

    private static Transfer create(ReaderView view, long count, Target target, @Nullable Splicing splicing) {
        if (count < 0) {
            throw new IllegalArgumentException("count < 0: " + count);
        }
        return new Transfer(view, new ReadScope(view.scope()), new Look(view.ops(), count), target, splicing);
    }

    private Transfer(ReaderView view, ReadScope scope, Look look, Target target, @Nullable Splicing splicing) {
        super(view.in(scope), look);
        this.look = look;
        this.target = target;
        this.splicing = splicing;
        this.scope = scope;
        this.lock = scope.root();
        this.future = new PipeFuture<>(view.callbacks(), this);
    }

    public PipeFuture<Long> begin() {
        try {
            scope.begin(view.core(), false);
        } catch (ClosedChannelException | IllegalStateException e) {
            stop();
            future.fail(e);
            return future;
        }
        schedule();
        return future;
    }

    /** Lets a thread that waits for the future run the steps, too: they run no code of the user's. */
    @Override
    protected void execute(CallbackExecutor.Task steps) {
        future.resumeByExecutor(steps);
    }

    /** Sends a chunk. */
    @Override
    protected boolean step() throws Throwable {
        CompletableFuture<?> sent = sending.current();
        if (sent != null && !sent.isDone()) {
            return false;
        } else if (sent != null) {
            takeSent();
            if (splicing != null && sent instanceof SplicedBytes bytes && !bytes.isCompletedExceptionally()) {
                splicing.spliced(bytes.join());
                look.moved += bytes.join();
            } else if (sent.isCompletedExceptionally()) {
                throw FutureFailures.of(sent);
            }
        }
        SpliceRun run = nextRun();
        if (run != null) {
            return splice(run);
        }
        Object value = take();
        if (value == ReadOp.MORE) {
            return false;
        }
        ByteBuffer bytes = Objects.requireNonNull((ByteBuffer) value);
        if (bytes.hasRemaining()) {
            return send(bytes);
        } else if (stop()) {
            release();
            future.succeed(look.moved);
        }
        return false;
    }

    private @Nullable SpliceRun nextRun() {
        long left = look.count - look.moved;
        if (splicing == null || left == 0) {
            return null;
        }
        synchronized (lock) {
            return splicing.next(scope.requireOpen(), left);
        }
    }

    private boolean splice(SpliceRun run) throws IOException {
        SplicedBytes bytes = new SplicedBytes(run);
        boolean goesOn = false;
        try {
            goesOn = begin(bytes::begin);
        } finally {
            if (!bytes.isBegun()) {
                run.cancel();
            }
        }
        return goesOn;
    }

    private boolean send(ByteBuffer bytes) throws IOException {
        synchronized (lock) {
            chunk = bytes;
        }
        return begin(() -> target.write(bytes));
    }

    private boolean begin(WriteInProgress.Begin write) throws IOException {
        if (!sending.begin(write)) {
            return false;
        }
        CompletableFuture<?> begun = sending.current();
        if (begun == null || begun.isDone()) {
            return true;
        }
        begun.whenComplete((ignored, failure) -> schedule());
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
                if (splicing != null) {
                    splicing.copied(sent);
                }
            }
        }
    }

    @Override
    protected void failed(Throwable why) {
        if (giveUp()) {
            future.fail(why);
        }
    }

    @Override
    public boolean withdraw() {
        return giveUp();
    }

    /** Ends this. Bytes that the target has, or still gets, are taken. */
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
            return; // the reader is closed, or the block around this has ended and has put back what was sent
        } finally {
            release();
        }
    }

    private void release() {
        scope.end(true);
    }

    /** Returns the bytes that are there and may be moved, without taking them; none at the end, or after the count. */
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

        @Override
        public int wanted(InputBuffer in) {
            return ops.toTransfer(count - moved).wanted(in);
        }

        /** After the last byte of the count it does not look for the end of the stream. */
        @Override
        public boolean consumesNothing() {
            return count == moved;
        }
    }
}
