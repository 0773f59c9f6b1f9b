package dev.aiopipe.jvm.internal.write;

import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.engine.write.TeeWrite;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes chunks to several outputs, each chunk to all of them.
 *
 * @param outputs one or more
 */
public record TeeTarget(List<Output> outputs) {
    /**
     * Writes a chunk.
     *
     * @return completes, on any thread, when each output has the chunk, or one has failed. If it is cancelled, the
     *     outputs owe the rest
     */
    public CompletableFuture<?> write(ByteBuffer chunk) {
        Write write = new Write();
        write.tee = TeeWrite.begin(outputs, chunk, write);
        return write;
    }

    private static final class Write extends CompletableFuture<@Nullable Void> implements Message.Listener {
        private @Nullable TeeWrite tee;

        @Override
        public void done(@Nullable Throwable failure) {
            if (failure == null) {
                complete(null);
            } else {
                completeExceptionally(failure);
            }
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            Objects.requireNonNull(tee).cancel(); // before any dependent runs: the chunk's position is final then
            return super.cancel(mayInterruptIfRunning);
        }
    }
}
