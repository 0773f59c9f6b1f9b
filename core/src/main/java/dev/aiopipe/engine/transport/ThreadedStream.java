package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A blocking stream that is opened by its first use on a blocking thread, and closed once. */
abstract class ThreadedStream<S extends Closeable> {
    /** Opens the blocking stream. */
    public interface Opener<S> {
        /** Opens the stream. Called on the blocking thread, by the first use. */
        S open() throws IOException;

        /** Returns whether closing the stream ends a call that waits. */
        default boolean isInterruptible() {
            return false;
        }
    }

    private final Opener<? extends S> opener;

    @GuardedBy("this")
    private @Nullable S stream;

    /** Creates a stream that is opened later, or, with {@code open}, one that is closed also if it is never used. */
    ThreadedStream(Opener<? extends S> opener, @Nullable S open) {
        this.opener = opener;
        this.stream = open;
    }

    /** Returns whether the stream must not be used any more. Called with the lock of this held. */
    @GuardedBy("this")
    abstract boolean isClosed();

    /** Returns the stream, which it opens if need be; null if this is closed. */
    final @Nullable S opened() throws IOException {
        synchronized (this) {
            if (isClosed()) {
                return null;
            } else if (stream != null) {
                return stream;
            }
        }
        S fresh = opener.open();
        synchronized (this) {
            stream = fresh;
            return isClosed() ? null : fresh;
        }
    }

    final void closeStream() throws IOException {
        S open;
        synchronized (this) {
            open = stream;
            stream = null;
        }
        if (open != null) {
            open.close();
        }
    }
}
