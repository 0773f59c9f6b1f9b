package dev.aiopipe.engine.read;

import org.jspecify.annotations.Nullable;

/** A reader that reads one value after the other, and may be busy with the last one. */
public interface BusyReader {
    /**
     * Whether it is going to read again, so that its input must not be drained.
     *
     * @param stopper the one who stops the child. A reader that waits for the stop does not read on
     */
    boolean readsOn(@Nullable Object stopper);
}
