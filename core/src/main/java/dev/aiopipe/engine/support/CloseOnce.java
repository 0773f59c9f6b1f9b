package dev.aiopipe.engine.support;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Closes a resource exactly once: on {@link #close}, or with a warning when its owner is garbage-collected. The
 * resource must hold no reference to the owner.
 */
public final class CloseOnce {
    /** The close cause of a stream that its user closed. It is no error, and never the cause of an exception. */
    @SuppressWarnings("StaticAssignmentOfThrowable") // never thrown, and without a stack
    public static final Throwable BY_OWNER = new Throwable("closed", null, false, false) {
        private static final long serialVersionUID = 1L;
    };

    /**
     * Whether the warning shows where the lost owner was created, which costs a stack trace for each end and stream.
     */
    private static final boolean DEBUG = Boolean.getBoolean("dev.aiopipe.debug");

    /** Closes nothing. */
    public static final CloseOnce NOTHING = new CloseOnce(new AtomicReference<>(), () -> {});

    private final AtomicReference<@Nullable Closeable> target;
    private final Cleaner.Cleanable cleanable;

    private CloseOnce(AtomicReference<@Nullable Closeable> target, Cleaner.Cleanable cleanable) {
        this.target = target;
        this.cleanable = cleanable;
    }

    /**
     * Watches an owner.
     *
     * @param owner has to be closed by its user
     * @param name of the owner in the warning
     * @param target the resource
     * @return kept by the owner
     */
    public static CloseOnce of(Object owner, String name, Closeable target) {
        return of(owner, name, target, () -> {});
    }

    /** Watches an owner; {@code whenLost} runs before the target is closed because the owner was garbage-collected. */
    public static CloseOnce of(Object owner, String name, Closeable target, Runnable whenLost) {
        AtomicReference<@Nullable Closeable> reference = new AtomicReference<>(target);
        Throwable place = DEBUG ? new Throwable("created here") : null;
        return new CloseOnce(reference, Watch.CLEANER.register(owner, () -> lost(name, reference, place, whenLost)));
    }

    /**
     * Closes the target, unless it is closed or forgotten. While another thread closes it, this waits for that.
     *
     * @throws IOException from the target
     */
    public void close() throws IOException {
        synchronized (target) {
            Closeable open = target.getAndSet(null);
            cleanable.clean();
            if (open != null) {
                open.close();
            }
        }
    }

    /**
     * Closes the target because its loop has ended. That is no loss, so there is no warning.
     *
     * @param cause of the end; if it is {@link #BY_OWNER} nothing happens
     */
    public void closeWithLoop(Throwable cause) {
        if (cause != BY_OWNER) {
            Threads.guarded(() -> {
                try {
                    close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** Gives the target up: another object closes it. */
    public void forget() {
        target.set(null);
        cleanable.clean();
    }

    /** Returns a resource that closes both, the second one also if the first one fails. */
    public static Closeable both(Closeable first, Closeable second) {
        return () -> {
            try (second) {
                first.close();
            }
        };
    }

    /** Gives the exception its cause, unless that is {@link #BY_OWNER}. */
    public static <E extends Throwable> E because(E exception, @Nullable Throwable cause) {
        if (cause != null && cause != BY_OWNER) {
            exception.initCause(cause);
        }
        return exception;
    }

    private static void lost(
            String name, AtomicReference<@Nullable Closeable> reference, @Nullable Throwable place, Runnable whenLost) {
        Closeable open = reference.getAndSet(null);
        if (open == null) {
            return;
        }
        String message = "a " + name + " was garbage collected without having been closed: " + open;
        System.getLogger("dev.aiopipe").log(Level.WARNING, message, place);
        try (open) {
            whenLost.run();
        } catch (IOException e) {
            // The cleaner ignores it.
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Starts the cleaner's thread with the first stream. The thread is made by the JDK, holds no class loader and
     * outlives all streams.
     */
    private static final class Watch {
        static final Cleaner CLEANER = Cleaner.create();
    }
}
