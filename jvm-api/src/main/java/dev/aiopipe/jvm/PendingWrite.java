package dev.aiopipe.jvm;

import dev.aiopipe.engine.Message;
import dev.aiopipe.engine.Outbox;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A message that the kernel has no room for yet, and the future of its being sent. */
final class PendingWrite implements PipeFuture.Operation, Message.Listener, Continuations.Task {
    private final Outbox outbox;
    private final Message message;
    private final PipeFuture<@Nullable Void> future;
    private final AtomicBoolean decided = new AtomicBoolean();
    private @Nullable Throwable failure; // written before the executor gets this

    /** The outbox has the message. */
    PendingWrite(Outbox outbox, Message message, Continuations continuations) {
        this.outbox = outbox;
        this.message = message;
        this.future = new PipeFuture<>(continuations, this);
    }

    PipeFuture<@Nullable Void> begin() {
        outbox.await(message, this);
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
        outbox.cancel(message);
        return true;
    }
}
