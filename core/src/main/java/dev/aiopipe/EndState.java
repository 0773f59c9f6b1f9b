package dev.aiopipe;

import dev.aiopipe.engine.endpoint.Endpoint;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicReference;

/** The one use of an end: UNUSED, then opened, or handed to a child, or closed. */
final class EndState {
    private final String name;
    private final Endpoint endpoint;
    private final CloseOnce release;
    private final AtomicReference<String> use = new AtomicReference<>();

    EndState(PipeEnd owner, String name, Endpoint endpoint) {
        this.name = name;
        this.endpoint = endpoint;
        this.release = endpoint.watch(owner, name);
    }

    /** Uses the end up. From here on the endpoint is the caller's to close. */
    Endpoint take(String purpose) {
        if (!use.compareAndSet(null, purpose)) {
            throw new IllegalStateException("the end was " + use.get() + " already: " + this);
        }
        release.forget();
        return endpoint;
    }

    ChildEnd forChild() {
        if (!endpoint.canBeHandedOver()) {
            throw new IllegalStateException("can't be handed to a child: " + this);
        }
        Endpoint handedOver = take("handed to a child");
        handedOver.handOver();
        return new ChildEnd(handedOver);
    }

    /** Uses the end up, unless it is, and leaves nothing open. */
    void discard() {
        closeBy(() -> {
            release.forget();
            endpoint.discard();
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
        return name + "[" + endpoint + "]";
    }
}
