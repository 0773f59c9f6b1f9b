package dev.aiopipe.engine.read;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Forwards all calls to another operation, for a subclass that changes one of them. */
abstract class ForwardingReadOp<T extends @Nullable Object> implements ReadOp<T> {
    private final ReadOp<T> original;

    ForwardingReadOp(ReadOp<T> original) {
        this.original = original;
    }

    @Override
    public @Nullable Object attempt(InputBuffer in) throws IOException {
        return original.attempt(in);
    }

    @Override
    public @Nullable Object valueIfCancelled() {
        return original.valueIfCancelled();
    }

    @Override
    public int wanted(InputBuffer in) {
        return original.wanted(in);
    }

    @Override
    public boolean mayBeDone(InputBuffer in) {
        return original.mayBeDone(in);
    }

    @Override
    public boolean consumesNothing() {
        return original.consumesNothing();
    }

    @Override
    public boolean reportedEnd() {
        return original.reportedEnd();
    }
}
