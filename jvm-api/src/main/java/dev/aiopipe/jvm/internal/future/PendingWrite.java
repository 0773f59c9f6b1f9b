package dev.aiopipe.jvm.internal.future;

import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A message that the kernel has no room for yet, and the future of its being sent. */
public final class PendingWrite implements PipeFuture.Operation, Message.Listener, CallbackExecutor.Task {
    private final Output output;
    private final Message message;
    private final PipeFuture<@Nullable Void> future;
    private final AtomicBoolean decided = new AtomicBoolean();
    private @Nullable Throwable failure; // written before the executor gets this

    /** The output has the message. */
    public PendingWrite(Output output, Message message, CallbackExecutor continuations) {
        this.output = output;
        this.message = message;
        this.future = new PipeFuture<>(continuations, this);
    }

    public PipeFuture<@Nullable Void> begin() {
        output.await(message, this);
        return future;
    }

    /** Any thread, the loop's among them. */
    @Override
    public void done(@Nullable Throwable why) {
        if (decided.compareAndSet(false, true)) {
            failure = why;
            future.resume(this);
        }
    }

    @Override
    public void run() {
        if (failure == null) {
            future.succeed(null);
        } else {
            future.fail(failure);
        }
    }

    /** What was sent is sent, whatever the executor says. */
    @Override
    public void refused(Throwable why) {
        run();
    }

    @Override
    public boolean withdraw() {
        if (!decided.compareAndSet(false, true)) {
            return false;
        }
        output.cancel(message);
        return true;
    }
}
