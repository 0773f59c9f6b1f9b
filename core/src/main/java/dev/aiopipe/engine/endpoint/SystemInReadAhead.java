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
 * Takes over what {@code System.in} has read ahead. The JDK's own is a {@link BufferedInputStream} over descriptor 0, and says how much
 * it has: {@code available} is what is buffered and what is in the descriptor. What a user has put in its place is left alone, if it is
 * of another class.
 *
 * <pre>
 *     ASKED ── something is buffered ──► TAKING         (what it gives from here on is the next reader's, also if it comes late)
 *       └───── the opening waits no more ──► GIVEN_UP
 * </pre>
 *
 * <p>A thread that reads {@code System.in} holds its lock while it waits, and has nothing buffered then. So a thread of its own asks,
 * and the opening goes on without it if it waits for the lock.
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
    private static final FileInputStream DESCRIPTOR = new FileInputStream(FileDescriptor.in); // never closed

    private final InputStream in;
    private final Leftover leftover;
    private final AtomicReference<State> state = new AtomicReference<>(State.ASKED);

    private SystemInReadAhead(InputStream in, Leftover leftover) {
        this.in = in;
        this.leftover = leftover;
    }

    /** Adds what is buffered to what is left of descriptor 0. Does not wait for who reads {@code System.in}. */
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
            if (state.get() == State.TAKING || isBlocked(taking)) { // else it was not given the time to run yet
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
        synchronized (in) { // which JDK 17 locks, too
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

    /** More bytes may come into the descriptor between two looks at it: then these differ, and it looks again. */
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
            return 0; // System.in is closed, and has nothing
        }
    }
}
