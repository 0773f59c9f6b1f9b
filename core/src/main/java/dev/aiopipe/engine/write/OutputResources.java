package dev.aiopipe.engine.write;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.FutureFanOut;
import dev.aiopipe.engine.support.NamedCloseable;
import java.io.Closeable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link Output} closes at its end, and the futures of that end. Must not reach the output: the loop holds
 * this, and an output that nobody uses has to be garbage-collected.
 */
final class OutputResources {
    private final String name;
    private final Readiness readiness;
    private final ReaderWatch watch;
    private final CloseOnce descriptor;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final FutureFanOut<Void> closings = new FutureFanOut<>(closed);

    private OutputResources(String name, Readiness readiness, ReaderWatch watch, CloseOnce descriptor) {
        this.name = name;
        this.readiness = readiness;
        this.watch = watch;
        this.descriptor = descriptor;
    }

    /**
     * Watches over an output: closes everything with the loop, or with a warning when the output is garbage-collected.
     */
    static OutputResources of(
            Output owner, String name, Readiness readiness, ReaderWatch watch, ByteSink sink, Closeable resource) {
        // The watch is closed first, because it has a copy of the writing end.
        Closeable all = CloseOnce.both(() -> watch.close(() -> CloseOnce.BY_OWNER), CloseOnce.both(sink, resource));
        CloseOnce descriptor = CloseOnce.of(owner, "PipeWriter", new NamedCloseable(name, all));
        OutputResources resources = new OutputResources(name, readiness, watch, descriptor);
        readiness.onClose(resources::closeWithLoop);
        return resources;
    }

    /** Returns the resources of an output that has nothing to close. */
    static OutputResources none(String name, Readiness readiness) {
        return new OutputResources(name, readiness, ReaderWatch.none(), CloseOnce.NOTHING);
    }

    private void closeWithLoop(Throwable cause) {
        if (cause != CloseOnce.BY_OWNER) {
            watch.close(() -> cause);
            descriptor.closeWithLoop(cause);
            closed.completeExceptionally(CloseReasons.meanwhile(name, cause));
        }
    }

    /**
     * Closes everything, and completes {@link #closed}.
     *
     * @param loss why bytes were lost; null if none were
     * @return what failed to close; null if nothing did
     */
    @Nullable
    Throwable release(@Nullable Throwable loss) {
        Throwable problem = null;
        // Closes the watch before the readiness: while it asks for the fd, the end of the loop must not close the
        // channel.
        try {
            watch.close(() -> CloseReasons.before(name, null));
        } catch (Throwable e) {
            problem = e;
        }
        readiness.close(CloseOnce.BY_OWNER);
        try {
            descriptor.close();
        } catch (Throwable e) {
            problem = e;
        }
        Throwable cause = readiness.closeCause();
        Throwable failure = loss;
        if (failure == null) {
            failure = cause == CloseOnce.BY_OWNER ? problem : CloseReasons.meanwhile(name, cause);
        }
        if (failure == null) {
            closed.complete(null);
        } else {
            closed.completeExceptionally(failure);
        }
        return problem;
    }

    /** Returns a new future of the end, which may be cancelled. */
    CompletableFuture<Void> closed() {
        return closings.next();
    }
}
