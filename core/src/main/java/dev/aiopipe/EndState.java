package dev.aiopipe;

import dev.aiopipe.engine.Origin;
import dev.aiopipe.engine.Release;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicReference;

/** The one use of an end: UNUSED, then opened, or handed to a child, or closed. */
final class EndState {
    private final String name;
    private final Origin origin;
    private final Release release;
    private final AtomicReference<String> use = new AtomicReference<>();

    EndState(PipeEnd owner, String name, Origin origin) {
        this.name = name;
        this.origin = origin;
        this.release = origin.watch(owner, name);
    }

    /** Uses the end up. From here on the origin is the caller's to close. */
    Origin take(String purpose) {
        if (!use.compareAndSet(null, purpose)) {
            throw new IllegalStateException("the end was " + use.get() + " already: " + this);
        }
        release.forget();
        return origin;
    }

    ChildEnd forChild() {
        if (!origin.canBeHandedOver()) {
            throw new IllegalStateException("can't be handed to a child: " + this);
        }
        Origin handedOver = take("handed to a child");
        handedOver.handOver();
        return new ChildEnd(handedOver);
    }

    /** Uses the end up, unless it is, and leaves nothing open. */
    void discard() {
        closeBy(() -> {
            release.forget();
            origin.discard();
        });
    }

    void close() {
        closeBy(release::close);
    }

    private void closeBy(Closeable way) {
        if (use.compareAndSet(null, "closed")) {
            try {
                way.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public String toString() {
        return name + "[" + origin + "]";
    }
}
