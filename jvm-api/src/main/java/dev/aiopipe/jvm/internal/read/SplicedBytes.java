package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.splice.KernelRun;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** How many bytes a {@link KernelRun} has moved. To cancel it ends the run, and then nothing is moved any more. */
final class SplicedBytes extends CompletableFuture<Long> implements KernelRun.Listener {
    private final KernelRun run;
    private volatile boolean begun;

    SplicedBytes(KernelRun run) {
        this.run = run;
    }

    /** Begins the run. */
    CompletableFuture<Long> begin() {
        begun = true;
        run.begin(this);
        return this;
    }

    boolean isBegun() {
        return begun;
    }

    @Override
    public void done(long moved, @Nullable Throwable failure) {
        if (failure == null) {
            complete(moved);
        } else {
            completeExceptionally(failure);
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        run.cancel(); // before any dependent runs: the reader is free then
        return super.cancel(mayInterruptIfRunning);
    }
}
