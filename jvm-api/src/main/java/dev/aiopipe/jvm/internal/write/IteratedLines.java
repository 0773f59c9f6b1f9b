package dev.aiopipe.jvm.internal.write;

import java.util.Iterator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The lines of an {@link Iterable}. */
public final class IteratedLines implements LineWriter.Lines {
    private final Iterable<? extends CharSequence> iterable;
    private @Nullable Iterator<? extends CharSequence>
            iterator; // made by the first call of next, whose failures are the future's
    private boolean ended;

    public IteratedLines(Iterable<? extends CharSequence> lines) {
        iterable = Objects.requireNonNull(lines, "lines");
    }

    @Override
    public @Nullable CharSequence next() {
        Iterator<? extends CharSequence> lines = iterator;
        if (lines == null) {
            iterator = lines = iterable.iterator();
        }
        ended = !lines.hasNext();
        return ended ? null : Objects.requireNonNull(lines.next(), "line");
    }

    @Override
    public boolean ended() {
        return ended;
    }

    @Override
    public void stop() {
        // there is no one to report it to
    }
}
