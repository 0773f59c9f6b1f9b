package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.jvm.internal.future.ReadTimeout;
import java.io.IOException;
import java.nio.channels.ReadPendingException;
import org.jspecify.annotations.Nullable;

/**
 * A way to look at a source.
 *
 * @param owner on whose behalf it reads; null if on nobody's
 * @param timeout how long each of its reads may take; null for ever
 */
public record ReaderView(
        ReaderCore source, @Nullable Owner owner, @Nullable ReadTimeout timeout) {
    public Input input() {
        return source.input;
    }

    ReaderView ownedBy(Owner other) {
        return new ReaderView(source, other, timeout);
    }

    public ReaderView within(ReadTimeout other) {
        return new ReaderView(source, owner, other);
    }

    /**
     * Begins a read, see {@link Input#start}.
     *
     * @param take what to read
     * @return its value, or {@link ReadOp#MORE}
     * @throws ReadPendingException if somebody else reads or owns the source, an owner within this view's own for example
     * @throws IllegalStateException if this view's owner is through
     * @throws IOException from the input
     */
    @Nullable
    public Object start(ReadOp<?> take) throws IOException {
        if (owner == null) {
            return source.input.start(take);
        }
        owner.requireActive();
        return source.input.start(take, owner);
    }
}
