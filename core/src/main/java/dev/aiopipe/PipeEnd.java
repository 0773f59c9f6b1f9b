package dev.aiopipe;

import dev.aiopipe.engine.endpoint.Endpoint;
import dev.aiopipe.engine.process.PassedEnd;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One end of a stream: a descriptor that is neither read nor written yet. It is opened here, or handed to a child,
 * once; each further try throws {@link IllegalStateException}. Making an end does no I/O (except
 * {@link AioPipe#create}, which makes the pipe): an error shows when the end is opened or handed over.
 */
public abstract sealed class PipeEnd implements AutoCloseable permits ReadEnd, WriteEnd {
    private final String name;
    private final Endpoint endpoint;
    private final CloseOnce release;
    private final AtomicReference<@Nullable String> use = new AtomicReference<>();

    /**
     * The other half of a conversation, which stays in memory while this one, or the stream opened from it, is in use.
     */
    DuplexEnd.@Nullable Halves halves;

    PipeEnd(String name, Endpoint endpoint) {
        this.name = name;
        this.endpoint = endpoint;
        this.release = endpoint.watch(this, name);
    }

    /**
     * Makes this the end of a child process: the one whose {@link ProcessBuilder} gets the redirect.
     *
     * @return must be closed when the child, or children, have been started
     * @throws IllegalStateException if the end was used or closed already, or is of a kind that can't be handed over
     */
    public final ChildEnd forChild() {
        return new ChildEnd(handOver());
    }

    /** Closes the end if it was not used. After it was opened or handed over this does nothing. */
    @Override
    public final void close() {
        closeBy(release::close);
    }

    /** Uses the end up. The caller must open or close the endpoint. */
    final Endpoint take(String purpose) {
        if (!use.compareAndSet(null, purpose)) {
            throw new IllegalStateException("the end was " + use.get() + " already: " + this);
        }
        release.forget();
        return endpoint;
    }

    private Endpoint handOver() {
        if (!endpoint.canBeHandedOver()) {
            throw new IllegalStateException("can't be handed to a child: " + this);
        }
        Endpoint handedOver = take("handed to a child");
        handedOver.handOver();
        return handedOver;
    }

    /** Returns this end as the start of a child needs it. */
    final PassedEnd passed() {
        return new PassedEnd(toString(), this instanceof ReadEnd, this::handOver, this::close);
    }

    /** Uses the end up, unless it is used, and leaves nothing open. */
    final void discard() {
        closeBy(() -> {
            release.forget();
            endpoint.discard();
        });
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
