package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A block whose reads are one: what they took is kept, until the block has succeeded, or given back.
 *
 * <pre>
 *     running ── the stage succeeds ──► over: what was read is gone
 *        └────── it fails, or the future is given up ──► over: what was read is readable again
 * </pre>
 *
 * @param <T> what the block gives
 */
public final class AtomicBlock<T extends @Nullable Object> extends Owner
        implements PipeFuture.Operation, CallbackExecutor.Task {
    private final ReaderView view;
    private final Input input;
    private final PipeFuture<T> future;
    private int keptBefore;
    private @Nullable Thread beginning; // the block may end while it begins: then nobody depends on the future yet
    private @Nullable T value; // written before the executor gets this, as is what follows
    private @Nullable Throwable failure;

    public AtomicBlock(ReaderView view) {
        super(view.owner());
        this.view = view;
        this.input = view.input();
        this.future = new PipeFuture<>(view.source().continuations, this);
    }

    /**
     * Runs the block.
     *
     * @param block gets the view that its reads belong to
     */
    public PipeFuture<T> run(Function<ReaderView, ? extends CompletionStage<T>> block) {
        try {
            hold();
        } catch (Exception e) {
            return view.source().continuations.failed(e);
        }
        beginning = Thread.currentThread();
        try {
            Objects.requireNonNull(block.apply(view.ownedBy(this)), "the block gave no stage")
                    .whenComplete(this::complete);
        } catch (Throwable e) {
            complete(null, e);
        }
        beginning = null;
        return future;
    }

    private void hold() throws IOException {
        synchronized (root()) {
            acquire(view.source());
            if (isRoot()) {
                input.hold(view.source().options.maxLineBytes());
            }
            keptBefore = input.kept();
        }
    }

    private void complete(@Nullable T result, @Nullable Throwable thrown) {
        if (end(thrown == null)) {
            value = result;
            failure = FutureFailures.unwrapped(thrown);
            if (beginning == Thread.currentThread()) {
                run();
            } else {
                future.resume(this);
            }
        }
    }

    /** Ends the block, once. */
    private boolean end(boolean complete) {
        ReadTask left;
        Readiness.Waiter waiter;
        synchronized (root()) {
            if (!finish()) {
                return false;
            }
            left = waiting();
            if (left != null) {
                left.end(new CancellationException("the block that this read belongs to has ended"));
            }
            waiter = release(view.source(), complete ? Integer.MAX_VALUE : keptBefore);
        }
        if (left != null) {
            left.onWake();
        }
        if (waiter != null) {
            waiter.wake();
        }
        return true;
    }

    @Override
    public void run() {
        if (failure == null) {
            future.succeed(value);
        } else {
            future.fail(failure);
        }
    }

    /** What has become of the block is decided, whatever the executor says. */
    @Override
    public void refused(Throwable why) {
        run();
    }

    @Override
    public boolean withdraw() {
        return end(false);
    }
}
