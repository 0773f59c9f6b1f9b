package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.ReadTimeout;
import java.io.IOException;
import java.nio.channels.ReadPendingException;
import org.jspecify.annotations.Nullable;

/**
 * One way to read a reader: in a block or outside of any, with a timeout or without.
 *
 * @param core shared by all views of the reader
 * @param scope the block or transfer that the reads belong to; null if they belong to none
 * @param timeout how long each read may take; null for ever
 */
public record ReaderView(
        ReaderCore core,
        @Nullable ReadScope scope,
        @Nullable ReadTimeout timeout) {
    public Input input() {
        return core.input;
    }

    public ReadOps ops() {
        return core.ops;
    }

    public CallbackExecutor callbacks() {
        return core.callbacks;
    }

    ReaderView in(ReadScope other) {
        return new ReaderView(core, other, timeout);
    }

    public ReaderView within(ReadTimeout other) {
        return new ReaderView(core, scope, other);
    }

    /**
     * Begins a read, see {@link Input#start}.
     *
     * @return its value, or {@link ReadOp#MORE}
     * @throws ReadPendingException if another read is under way, or another scope has the reader, one within this
     *     view's for example
     * @throws IllegalStateException if this view's scope has ended
     * @throws IOException from the input
     */
    @Nullable
    public Object start(ReadOp<?> op) throws IOException {
        return core.input.start(op, scope == null ? null : scope.requireOpen());
    }
}
