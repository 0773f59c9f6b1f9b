package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.SharedSecrets;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The part of a reader that all its views share. */
public final class ReaderCore {
    final Input input;
    public final ReadOps ops;
    public final CallbackExecutor callbacks;

    /** The only subscription, while there is one. */
    final AtomicReference<@Nullable Object> subscription = new AtomicReference<>();

    public ReaderCore(Input input, PipeOptions options, CallbackExecutor callbacks) {
        this.input = input;
        this.ops = SharedSecrets.get().readOps(options);
        this.callbacks = callbacks;
    }
}
