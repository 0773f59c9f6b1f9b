package dev.aiopipe.jvm;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The future of an operation on a stream. The operation and whoever else may complete a future race for it, and who loses has done
 * nothing:
 *
 * <pre>
 *              the operation has its outcome
 *     PENDING ───────────────────────────────► DECIDED ── succeed, fail ──► done
 *        │                                        │
 *        │                                        └ cancel, complete, … : false
 *        └──── cancel, complete, a timeout … ───► WITHDRAWN ──────────────► done, by its user
 *              the operation is withdrawn: what it waited for is free again, and nothing was taken
 * </pre>
 *
 * <p>The state is the operation's, see {@link Operation#withdraw}. Every public method that completes a future asks it first; futures
 * that depend on this one have no operation, so that to complete them means no more than it does elsewhere.
 *
 * @param <T> what it completes with
 */
final class PipeFuture<T extends @Nullable Object> extends CompletableFuture<T> {
    /** What a future is completed by. */
    interface Operation {
        /**
         * Ends the operation without an outcome, unless it has one. May wait for a step of it that is under way, which never blocks
         * for long.
         *
         * @return true if it has not taken or sent anything, or owes the rest, and won't do anything more; false if its outcome is
         *     decided, or was withdrawn before
         */
        boolean withdraw();
    }

    static final Operation NO_OPERATION = () -> true;

    private final Continuations continuations;
    private final Operation operation;

    PipeFuture(Continuations continuations, Operation operation) {
        this.continuations = continuations;
        this.operation = operation;
    }

    /** For the operation, once its outcome is decided. */
    void succeed(T value) {
        super.complete(value);
    }

    /** For the operation, once its outcome is decided. */
    void fail(Throwable failure) {
        super.completeExceptionally(failure);
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        return operation.withdraw() ? super.cancel(mayInterruptIfRunning) : isCancelled();
    }

    @Override
    public boolean complete(T value) {
        return operation.withdraw() && super.complete(value);
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        Objects.requireNonNull(failure);
        return operation.withdraw() && super.completeExceptionally(failure);
    }

    @Override
    public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
        Objects.requireNonNull(supplier);
        executor.execute(() -> {
            if (!isDone()) {
                try {
                    complete(supplier.get());
                } catch (Throwable e) {
                    completeExceptionally(new CompletionException(e));
                }
            }
        });
        return this;
    }

    @Override
    public void obtrudeValue(T value) {
        operation.withdraw();
        super.obtrudeValue(value);
    }

    @Override
    public void obtrudeException(Throwable failure) {
        Objects.requireNonNull(failure);
        operation.withdraw();
        super.obtrudeException(failure);
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new PipeFuture<>(continuations, NO_OPERATION);
    }

    @Override
    public Executor defaultExecutor() {
        return continuations.executor();
    }
}
