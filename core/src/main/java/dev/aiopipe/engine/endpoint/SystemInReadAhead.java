package dev.aiopipe.engine.endpoint;

import dev.aiopipe.engine.read.Leftover;
import java.io.BufferedInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Takes over the bytes that {@code System.in} has read ahead. The JDK's own {@code System.in} is a
 * {@link BufferedInputStream} over descriptor 0; its {@code available} is the sum of the buffered bytes and those in
 * the descriptor. A stream of another class, which a user has put in its place, is left alone.
 *
 * <pre>
 *     ASKED ── bytes are buffered ──► TAKING         (they go to the next reader, also if they come late)
 *       └───── the opening stops to wait ──► GIVEN_UP
 * </pre>
 *
 * <p>A thread that reads {@code System.in} holds its lock while it waits, and there is nothing buffered then. So a
 * thread of its own takes the bytes, and the opening goes on without them if that thread waits for the lock.
 */
final class SystemInReadAhead {
    private enum State {
        ASKED,
        TAKING,
        GIVEN_UP
    }

    private static final long PATIENCE_NANOS = 100_000_000;
    private static final long PAUSE_NANOS = 1_000_000;
    private static final int TRIES = 1_000;
    // This must not be closed, or descriptor 0 would be.
    private static final FileInputStream DESCRIPTOR = new FileInputStream(FileDescriptor.in);

    private final InputStream in;
    private final Leftover leftover;
    private final AtomicReference<State> state = new AtomicReference<>(State.ASKED);

    private SystemInReadAhead(InputStream in, Leftover leftover) {
        this.in = in;
        this.leftover = leftover;
    }

    /**
     * Adds the buffered bytes to the leftover of descriptor 0. Does not wait for a thread that reads {@code System.in}.
     */
    static void takeOver(Leftover leftover) {
        InputStream in = System.in;
        if (in != null && in.getClass() == BufferedInputStream.class) {
            new SystemInReadAhead(in, leftover).takeOver();
        }
    }

    private void takeOver() {
        Thread opening = Thread.currentThread();
        Thread taking = new Thread(null, () -> take(opening), "aiopipe-system-in", 0, false);
        taking.setDaemon(true);
        taking.start();
        long waiting = 0;
        while (taking.isAlive() && waiting < PATIENCE_NANOS) {
            long begin = System.nanoTime();
            LockSupport.parkNanos(PAUSE_NANOS);
            if (state.get() == State.TAKING || isBlocked(taking)) {
                // A thread in any other state had no time to run yet.
                waiting += System.nanoTime() - begin;
            }
        }
        state.compareAndSet(State.ASKED, State.GIVEN_UP);
    }

    private static boolean isBlocked(Thread thread) {
        return switch (thread.getState()) {
            case BLOCKED, WAITING, TIMED_WAITING -> true;
            default -> false;
        };
    }

    private void take(Thread opening) {
        synchronized (in) {
            // JDK 17 locks it, too.
            int count = buffered();
            if (count > 0) {
                leftover.expect();
                try {
                    if (state.compareAndSet(State.ASKED, State.TAKING)) {
                        byte[] bytes = new byte[count];
                        leftover.add(bytes, 0, Math.max(in.read(bytes), 0));
                    }
                } catch (IOException e) {
                    System.getLogger("dev.aiopipe")
                            .log(System.Logger.Level.WARNING, "what System.in has buffered can't be read", e);
                } finally {
                    leftover.arrived();
                }
            }
        }
        LockSupport.unpark(opening);
    }

    /** Returns how many bytes are buffered. If more bytes have come into the descriptor meanwhile, counts again. */
    private int buffered() {
        try {
            int least = 0;
            for (int i = 0; i < TRIES; i++) {
                int before = DESCRIPTOR.available();
                int all = in.available();
                int after = DESCRIPTOR.available();
                least = all - after;
                if (before == after) {
                    return least;
                }
            }
            return least;
        } catch (IOException e) {
            // System.in is closed, and has no bytes.
            return 0;
        }
    }
}
