package dev.aiopipe.jvm.internal.write;

import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A write that completes on the thread that brings its outcome, the loop's perhaps: for code of this package that only
 * schedules what follows. If it is cancelled, the rest of what was begun is owed.
 */
public final class DirectWrite extends CompletableFuture<@Nullable Void> implements Message.Listener {
    private final Output output;
    private final Message message;

    private DirectWrite(Output output, Message message) {
        this.output = output;
        this.message = message;
    }

    public static CompletableFuture<@Nullable Void> of(Output output, ByteBuffer bytes) throws IOException {
        Message message = Message.of(bytes);
        DirectWrite write = new DirectWrite(output, message);
        if (output.offer(message)) {
            write.complete(null);
        } else {
            output.await(message, write);
        }
        return write;
    }

    @Override
    public void done(@Nullable Throwable why) {
        if (why == null) {
            complete(null);
        } else {
            completeExceptionally(why);
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        if (isDone()) {
            return false;
        }
        output.cancel(message); // before any dependent runs: the buffer's position is final then
        return super.cancel(mayInterruptIfRunning);
    }
}
