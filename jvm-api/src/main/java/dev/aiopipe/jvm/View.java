package dev.aiopipe.jvm;

import dev.aiopipe.engine.Input;
import dev.aiopipe.engine.Take;
import java.io.IOException;
import java.nio.channels.ReadPendingException;
import org.jspecify.annotations.Nullable;

/**
 * A way to look at a source.
 *
 * @param owner on whose behalf it reads; null if on nobody's
 * @param timeout how long each of its reads may take; null for ever
 */
record View(Source source, @Nullable Owner owner, @Nullable Timeout timeout) {
    Input input() {
        return source.input;
    }

    View ownedBy(Owner other) {
        return new View(source, other, timeout);
    }

    View within(Timeout other) {
        return new View(source, owner, other);
    }

    /**
     * Begins a read, see {@link Input#start}.
     *
     * @param take what to read
     * @return its value, or {@link Take#MORE}
     * @throws ReadPendingException if somebody else reads or owns the source, an owner within this view's own for example
     * @throws IllegalStateException if this view's owner is through
     * @throws IOException from the input
     */
    @Nullable
    Object start(Take<?> take) throws IOException {
        if (owner == null) {
            return source.input.start(take);
        }
        owner.requireActive();
        return source.input.start(take, owner);
    }
}
