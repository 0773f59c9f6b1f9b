package dev.aiopipe.engine.support;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Closes something exactly once: when it is told to, or, with a warning, when the object that should have told it was garbage
 * collected. The thing to close must not reach that object.
 */
public final class CloseOnce {
    /** The close cause of what its user closed. Not an error, so that nobody sees it. */
    public static final Throwable BY_OWNER = new Throwable("closed", null, false, false) {
        private static final long serialVersionUID = 1L;
    };

    /** Whether the warning shows where the lost object was created. Costs a stack trace for each end and stream. */
    private static final boolean DEBUG = Boolean.getBoolean("dev.aiopipe.debug");

    /** Of what holds nothing. */
    public static final CloseOnce NOTHING = new CloseOnce(new AtomicReference<>(), () -> {});

    private final AtomicReference<Closeable> target;
    private final Cleaner.Cleanable cleanable;

    private CloseOnce(AtomicReference<Closeable> target, Cleaner.Cleanable cleanable) {
        this.target = target;
        this.cleanable = cleanable;
    }

    /**
     * Watches over an object.
     *
     * @param owner whose user should close it
     * @param name what the warning calls it
     * @param target what is to be closed
     * @return to be kept by the owner
     */
    public static CloseOnce of(Object owner, String name, Closeable target) {
        return of(owner, name, target, () -> {});
    }

    /** As the other one; {@code whenLost} runs before the target is closed because the owner was garbage collected. */
    public static CloseOnce of(Object owner, String name, Closeable target, Runnable whenLost) {
        AtomicReference<Closeable> reference = new AtomicReference<>(target);
        Throwable place = DEBUG ? new Throwable("created here") : null;
        return new CloseOnce(reference, Watch.CLEANER.register(owner, () -> lost(name, reference, place, whenLost)));
    }

    /**
     * Closes the target, if nobody has.
     *
     * @throws IOException from the target
     */
    public void close() throws IOException {
        Closeable open = target.getAndSet(null);
        cleanable.clean();
        if (open != null) {
            open.close();
        }
    }

    /**
     * Closes the target, if nobody has, because its loop has ended: that is no loss, and nobody is warned.
     *
     * @param cause why; nothing happens if its user has closed it
     */
    public void closeWithLoop(Throwable cause) {
        if (cause != BY_OWNER) {
            Threads.guarded(() -> {
                try {
                    synchronized (this) { // as the user's close, which waits for this one
                        close();
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** The target has a new owner: nothing is left to do here. */
    public void forget() {
        target.set(null);
        cleanable.clean();
    }

    /** Closes two things, the second one also if the first one fails. */
    public static Closeable both(Closeable first, Closeable second) {
        return () -> {
            try (second) {
                first.close();
            }
        };
    }

    /** Names the cause of a closing, unless it was the user's own. */
    public static <E extends Throwable> E because(E exception, Throwable cause) {
        if (cause != null && cause != BY_OWNER) {
            exception.initCause(cause);
        }
        return exception;
    }

    private static void lost(String name, AtomicReference<Closeable> reference, Throwable place, Runnable whenLost) {
        Closeable open = reference.getAndSet(null);
        if (open == null) {
            return;
        }
        String message = "a " + name + " was garbage collected without having been closed: " + open;
        System.getLogger("dev.aiopipe").log(Level.WARNING, message, place);
        try (open) {
            whenLost.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // ends in the cleaner, which goes on
        }
    }

    /** The cleaner's thread starts with the first stream. It is the JDK's own, which holds no class loader: it outlives all streams. */
    private static final class Watch {
        static final Cleaner CLEANER = Cleaner.create();
    }
}
