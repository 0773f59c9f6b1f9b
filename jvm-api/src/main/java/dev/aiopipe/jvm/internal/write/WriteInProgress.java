package dev.aiopipe.jvm.internal.write;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The write that an operation has under way, one at a time. To begin a write may run code of the user's, so that
 * happens without a lock. A thread that ends the operation meanwhile waits until the write has begun, which does not
 * block; but not if it is called by that write.
 */
public final class WriteInProgress {
    /** Begins a write. */
    public interface Begin {
        /** Returns the future of the write, which completes on any thread. */
        CompletableFuture<?> begin() throws IOException;
    }

    private @Nullable Thread sender; // guarded by this, as is all that follows: begins a write
    private @Nullable CompletableFuture<?> current;
    private boolean ended;
    private @Nullable Consumer<@Nullable CompletableFuture<?>> ending; // called by the sender

    /**
     * Begins a write, unless this has ended.
     *
     * @return false if this has ended, perhaps from within that call
     * @throws IOException if the write can't begin
     */
    public boolean begin(Begin write) throws IOException {
        synchronized (this) {
            if (ended) {
                return false;
            }
            sender = Thread.currentThread();
        }
        CompletableFuture<?> begun = null;
        try {
            begun = write.begin();
        } finally {
            begun(begun);
        }
        synchronized (this) {
            return !ended;
        }
    }

    private void begun(@Nullable CompletableFuture<?> write) {
        Consumer<@Nullable CompletableFuture<?>> last;
        synchronized (this) {
            current = write;
            sender = null;
            last = ending;
            notifyAll();
        }
        if (last != null) {
            last.accept(write);
        }
    }

    /** Returns the write that was begun last; null if it is {@linkplain #forget forgotten}. */
    public synchronized @Nullable CompletableFuture<?> current() {
        return current;
    }

    public synchronized void forget() {
        current = null;
    }

    /**
     * Ends this: no write begins any more.
     *
     * @param last gets the current write; on this thread, within this call or, if that comes from a write that begins,
     *     soon after
     */
    public void end(Consumer<@Nullable CompletableFuture<?>> last) {
        CompletableFuture<?> write;
        synchronized (this) {
            ended = true;
            if (sender == Thread.currentThread()) {
                ending = last;
                return;
            }
            awaitSender();
            write = current;
        }
        last.accept(write);
    }

    private void awaitSender() {
        boolean interrupted = false;
        while (sender != null) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
