package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What all views of one reader share. */
public final class ReaderCore {
    final Input input;
    public final PipeOptions options;
    public final CallbackExecutor continuations;

    /** Who subscribes. */
    final AtomicReference<@Nullable Object> subscription = new AtomicReference<>();

    public ReaderCore(Input input, PipeOptions options, CallbackExecutor continuations) {
        this.input = input;
        this.options = options;
        this.continuations = continuations;
    }
}
