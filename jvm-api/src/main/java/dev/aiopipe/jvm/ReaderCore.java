package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.Input;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What all views of one reader share. */
final class ReaderCore {
    final Input input;
    final PipeOptions options;
    final CallbackExecutor continuations;

    /** Who subscribes. */
    final AtomicReference<@Nullable Object> subscription = new AtomicReference<>();

    ReaderCore(Input input, PipeOptions options, CallbackExecutor continuations) {
        this.input = input;
        this.options = options;
        this.continuations = continuations;
    }
}
