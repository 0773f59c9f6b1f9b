package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.Input;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What all views of one reader share. */
final class Source {
    final Input input;
    final PipeOptions options;
    final Continuations continuations;

    /** Who subscribes. */
    final AtomicReference<@Nullable Object> subscription = new AtomicReference<>();

    /** How many loops over lines are under way. */
    final AtomicInteger loops = new AtomicInteger();

    Source(Input input, PipeOptions options, Continuations continuations) {
        this.input = input;
        this.options = options;
        this.continuations = continuations;
    }

    /** Whether somebody is about to read on, though perhaps busy with what was read last. */
    boolean isLooped() {
        return loops.get() > 0
                || subscription.get() instanceof ReaderSubscription<?> subscriber && subscriber.hasDemand();
    }
}
