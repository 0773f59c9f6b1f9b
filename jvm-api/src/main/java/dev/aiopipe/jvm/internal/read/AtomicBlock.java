package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs a block in a read transaction.
 *
 * <pre>
 *     running ── the stage succeeds ──► committed
 *        └────── it fails, or the future is cancelled ──► rolled back: the bytes are readable again
 * </pre>
 *
 * @param <T> the type of the block's value
 */
public final class AtomicBlock<T extends @Nullable Object> extends ReadScope implements PipeFuture.Operation {
    private final ReaderView view;
    private final PipeFuture<T> future;

    /** The thread that runs the block. If the block ends there, nothing depends on the future yet. */
    private @Nullable Thread beginning;

    public AtomicBlock(ReaderView view) {
        super(view.scope());
        this.view = view;
        this.future = new PipeFuture<>(view.callbacks(), this);
    }

    /**
     * Runs the block.
     *
     * @param block gets the view to read by
     */
    public PipeFuture<T> run(Function<ReaderView, ? extends CompletionStage<T>> block) {
        try {
            begin(view.core(), true);
        } catch (Exception e) {
            return view.callbacks().failed(e);
        }
        beginning = Thread.currentThread();
        try {
            Objects.requireNonNull(block.apply(view.in(this)), "the block gave no stage")
                    .whenComplete(this::complete);
        } catch (Throwable e) {
            complete(null, e);
        }
        beginning = null;
        return future;
    }

    private void complete(@Nullable T result, @Nullable Throwable thrown) {
        if (endOnce(thrown == null)) {
            Throwable failure = FutureFailures.unwrapped(thrown);
            if (beginning == Thread.currentThread()) {
                future.settleHere(result, failure);
            } else {
                future.settle(result, failure);
            }
        }
    }

    /** Ends the block and the read that still waits in it. Returns false if the block has ended before. */
    private boolean endOnce(boolean commit) {
        ReadTask left;
        synchronized (root()) {
            if (isOver()) {
                return false;
            }
            left = waiting();
            if (left != null) {
                left.end(new CancellationException("the block that this read belongs to has ended"));
            }
            end(commit);
        }
        if (left != null) {
            left.onWake();
        }
        return true;
    }

    @Override
    public boolean withdraw() {
        return endOnce(false);
    }
}
