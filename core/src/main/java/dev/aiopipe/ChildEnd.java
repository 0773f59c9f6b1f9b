package dev.aiopipe;

import dev.aiopipe.engine.endpoint.Endpoint;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An end for a child process, or for several. Each start with its {@link #redirect} gives that child a copy. This
 * process must close its own copy afterwards, or the other side never sees the end of stream.
 */
public final class ChildEnd implements AutoCloseable {
    private final Endpoint endpoint;
    private final CloseOnce release;
    private final AtomicBoolean closed = new AtomicBoolean();

    ChildEnd(Endpoint endpoint) {
        this.endpoint = endpoint;
        this.release = endpoint.watch(this, "ChildEnd");
    }

    /**
     * Returns the argument of {@link ProcessBuilder#redirectInput(Redirect)}, {@code redirectOutput} or
     * {@code redirectError}. The child's copy is a blocking descriptor, as any program expects. After {@link #close}
     * the redirect is invalid: a start throws {@link IOException}.
     *
     * @return usable for several starts; it keeps this end from being garbage-collected
     * @throws IOException if this is closed, or if the platform has no way to hand the descriptor over
     */
    public Redirect redirect() throws IOException {
        if (closed.get()) {
            throw new IOException("the end is closed: " + this);
        }
        return endpoint.redirect(() -> !closed.get());
    }

    /**
     * Closes this process's copy, also if it is an {@code inherited} descriptor above 2. Children that were started
     * keep theirs. A second close does nothing.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            release.close();
            endpoint.closeHandedOver();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return "ChildEnd[" + endpoint + "]";
    }
}
