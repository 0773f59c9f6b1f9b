package dev.aiopipe.jvm;

import java.util.Iterator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The lines of an {@link Iterable}. */
final class IteratedLines implements LineWriting.Lines {
    private final Iterator<? extends CharSequence> iterator;
    private boolean ended;

    IteratedLines(Iterable<? extends CharSequence> lines) {
        iterator = lines.iterator();
    }

    @Override
    public @Nullable CharSequence next() {
        ended = !iterator.hasNext();
        return ended ? null : Objects.requireNonNull(iterator.next(), "line");
    }

    @Override
    public boolean ended() {
        return ended;
    }

    @Override
    public void stop() {
        // nobody has to be told
    }
}
