package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.TransferOp;
import dev.aiopipe.engine.splice.KernelRun;
import dev.aiopipe.engine.splice.Splicing;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import dev.aiopipe.jvm.internal.write.WriteInProgress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
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

        /** Prepares the first write; as {@link #write}. Called if this {@linkplain #blocks blocks}. */
        default CompletableFuture<?> open() {
            return CompletableFuture.completedFuture(null);
        }

        /** Closes what {@link #open} has opened. Blocks if this {@linkplain #blocks does}. */
        default void close() throws IOException {}

        /** Closes that soon, and does not block. */
        default void closeLater() {}

        /** Whether {@link #proceed} may block, so that it has to run on a thread for that. */
        default boolean blocks() {
            return false;
        }

        /** Does what is left of the write that has begun, if that {@linkplain #blocks blocks}. */
        default void proceed() {}
    }

    private final TransferOp look;
    private final Target target;
    private final ReadScope scope;
    private final Object lock;
    private final PipeFuture<Long> future;
    private final WriteInProgress sending = new WriteInProgress();
    private final @Nullable Splicing splicing;
    private boolean opened; // of the thread that runs a step
    private @Nullable ByteBuffer chunk; // guarded by the lock: not taken yet

    public static Transfer of(ReaderView view, long count, Target target) {
        return create(view, count, target, null);
    }

    /**
     * A transfer to one output, or the same to several, whose bytes may stay in the kernel. A view with a timeout reads
     * them itself.
     */
    public static Transfer of(ReaderView view, long count, Target target, List<Output> outputs) {
        Splicing splicing = view.timeout() == null ? new Splicing(view.input(), outputs) : null;
        return create(view, count, target, splicing);
    }

    private static Transfer create(ReaderView view, long count, Target target, @Nullable Splicing splicing) {
        return new Transfer(view, new ReadScope(view.scope()), view.ops().toTransfer(count), target, splicing);
    }

    private Transfer(ReaderView view, ReadScope scope, TransferOp look, Target target, @Nullable Splicing splicing) {
        super(view.in(scope), look);
        this.look = look;
        this.target = target;
        this.splicing = splicing;
        this.scope = scope;
        this.lock = scope.root();
        this.opened = !target.blocks();
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

    /**
     * Runs the steps on a thread for blocking calls if they block. Otherwise a thread that waits for the future may run
     * them, too: they run no code of the user's.
     */
    @Override
    protected void execute(CallbackExecutor.Task steps) {
        if (target.blocks()) {
            BlockingPool.run(steps);
        } else {
            future.resumeByExecutor(steps);
        }
    }

    /** Sends a chunk. */
    @Override
    protected boolean step() throws Throwable {
        if (!opened) {
            opened = true;
            return begin(target::open);
        }
        CompletableFuture<?> sent = sending.current();
        if (sent != null && !sent.isDone()) {
            return false;
        } else if (sent != null) {
            takeSent();
            if (splicing != null && sent instanceof SplicedBytes bytes && !bytes.isCompletedExceptionally()) {
                splicing.spliced(bytes.join());
                look.spliced(bytes.join());
            } else if (sent.isCompletedExceptionally()) {
                throw FutureFailures.of(sent);
            }
        }
        KernelRun run = nextRun();
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
            end();
        }
        return false;
    }

    /** All bytes are moved. */
    private void end() {
        Throwable failure = null;
        try {
            target.close();
        } catch (Throwable e) {
            failure = e;
        }
        release();
        complete(failure == null ? look.moved() : null, failure);
    }

    private @Nullable KernelRun nextRun() {
        long left = look.left();
        if (splicing == null || left == 0) {
            return null;
        }
        synchronized (lock) {
            return splicing.next(scope.requireOpen(), left);
        }
    }

    private boolean splice(KernelRun run) throws IOException {
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
        boolean goesOn = sending.begin(write);
        target.proceed(); // given up, it ends at once
        if (!goesOn) {
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
                if (splicing != null) {
                    splicing.copied(sent);
                }
                view.start(look.sent()); // is buffered, so it does not wait
            }
        }
    }

    @Override
    protected void failed(Throwable why) {
        if (giveUp(() -> close(why))) {
            complete(null, why);
        }
    }

    private void complete(@Nullable Long moved, @Nullable Throwable failure) {
        if (target.blocks()) { // on a thread of the engine
            future.settle(moved, failure);
        } else {
            future.settleHere(moved, failure);
        }
    }

    @Override
    public boolean withdraw() {
        return giveUp(target::closeLater);
    }

    private void close(Throwable why) {
        try {
            target.close();
        } catch (Throwable e) {
            why.addSuppressed(e);
        }
    }

    /**
     * Ends this. Bytes that the target has, or still gets, are taken.
     *
     * @param closing closes the target, after that and before another read can begin
     */
    private boolean giveUp(Runnable closing) {
        if (!stop()) {
            return false;
        }
        sending.end(write -> end(write, closing));
        return true;
    }

    private void end(@Nullable CompletableFuture<?> write, Runnable closing) {
        if (write != null && !write.isDone()) {
            write.cancel(false);
        }
        if (write != null && !write.isDone()) {
            write.whenComplete((ignored, failure) -> takeSentAndRelease(closing));
        } else {
            takeSentAndRelease(closing);
        }
    }

    private void takeSentAndRelease(Runnable closing) {
        try {
            takeSent();
        } catch (IOException | IllegalStateException e) {
            return; // the reader is closed, or the block around this has ended and has put back what was sent
        } finally {
            closing.run();
            release();
        }
    }

    private void release() {
        scope.end(true);
    }
}
