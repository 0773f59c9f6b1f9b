package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import org.jspecify.annotations.Nullable;

/**
 * A read that found nothing, and the future of its value.
 *
 * @param <T> what it reads
 */
public final class SingleRead<T extends @Nullable Object> extends ReadTask
        implements PipeFuture.Operation, CallbackExecutor.Task {
    private final ReadOp<T> take;
    private final PipeFuture<T> future;

    /** A read of the view, which may be started with the take already, and want more. */
    public SingleRead(ReaderView view, ReadOp<T> take, boolean started) {
        super(view, take, started);
        this.take = take;
        this.future = new PipeFuture<>(view.callbacks(), this);
    }

    /** Waits; or perhaps there is something by now. */
    public PipeFuture<T> begin() {
        run();
        return future;
    }

    @Override
    protected void onWake() {
        future.resume(this);
    }

    @Override
    public void run() {
        Object value;
        try {
            value = take();
        } catch (Throwable e) {
            end(e);
            return;
        }
        if (value != ReadOp.MORE) {
            succeed(value);
        }
    }

    @Override
    public void refused(Throwable why) {
        if (stop()) {
            end(why);
        }
    }

    @Override
    public boolean withdraw() {
        if (!stop()) {
            return false;
        }
        Object partial = take.valueIfCancelled();
        if (partial == ReadOp.MORE) {
            return true;
        }
        succeed(partial);
        return false;
    }

    private void end(Throwable failure) {
        Object partial = take.valueIfCancelled();
        if (partial == ReadOp.MORE) {
            future.fail(failure);
        } else {
            succeed(partial);
        }
    }

    @SuppressWarnings("unchecked") // a take of T gives nothing else
    private void succeed(@Nullable Object value) {
        future.succeed((T) value);
    }
}
