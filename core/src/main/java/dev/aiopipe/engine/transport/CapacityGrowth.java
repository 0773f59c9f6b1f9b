package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.support.BlockingPool;
import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;

/**
 * Gives a busy pipe a larger capacity: its writer and its reader then wait for each other less often. A pipe is busy if
 * its side here finds it full again and again.
 *
 * <pre>
 *     USUAL ── full so many times, JNA is loaded, and there is a share ──► a thread asks the kernel ──► LARGE
 *       ▲                                                                          │                    └── close
 *       └──────────────────────────── refused: the share is for others ◄───────────┘
 * </pre>
 *
 * <p>The kernel refuses it to a user whose pipes have too many pages, or whose limit is lower; that is no failure. A
 * pipe that has another capacity than the usual one keeps it. The large pipes of this process have a quarter of the
 * pages of an unprivileged user (pipe(7)), so that later pipes still get the usual capacity.
 */
final class CapacityGrowth implements Closeable {
    /** The capacity of a new pipe (pipe(7)). */
    static final int USUAL = 64 * 1024;

    /** The largest capacity that an unprivileged user may ask for, by default (pipe(7)). */
    static final int LARGE = 1024 * 1024;

    /** A read of so many bytes found the pipe full, or half full: its reader is the slower side. */
    private static final int MUCH = 32 * 1024;

    /** At least 8 MiB were moved by then; to find the fd takes as much time as reads and writes of some 100 KiB. */
    static final int BUSY = 256;

    /** At least 128 MiB were moved by then; to load JNA takes as much CPU time. */
    static final int WORTH_LOADING = 4096;

    /** How many pipes of this process may be large. */
    private static final Semaphore SHARES = new Semaphore(16);

    private final DescriptorCopy pipe;
    private final Executor executor;
    private final Semaphore shares;

    // These two belong to the thread that reads, or writes.
    private int full;
    private int writtenSinceFull;

    @GuardedBy("this")
    private boolean hasShare;

    @GuardedBy("this")
    private boolean closed;

    CapacityGrowth(DescriptorCopy pipe) {
        this(pipe, BlockingPool::run, SHARES);
    }

    /** For tests. */
    CapacityGrowth(DescriptorCopy pipe, Executor executor, Semaphore shares) {
        this.pipe = pipe;
        this.executor = executor;
        this.shares = shares;
    }

    /** Notes a read. */
    void read(int count) {
        if (count >= MUCH) {
            foundFull();
        }
    }

    /** Notes a write. A pipe that did not take all of it is full. */
    void written(int count, int size) {
        writtenSinceFull = Math.min(writtenSinceFull, MUCH) + count;
        if (count < size && writtenSinceFull >= MUCH) {
            writtenSinceFull = 0;
            foundFull();
        }
    }

    private void foundFull() {
        full++;
        if (full == BUSY || (full > BUSY && full % WORTH_LOADING == 0)) {
            if (NativeAccess.isLibCLoaded()) {
                executor.execute(this::grow);
            } else if (full > BUSY) {
                NativeAccess.loadInBackground();
            }
        }
    }

    private synchronized void grow() {
        if (closed || hasShare || !shares.tryAcquire()) {
            return;
        }
        try {
            hasShare = pipe.resize(USUAL, LARGE);
        } catch (IOException e) {
            // Closed meanwhile, or there is no descriptor left: the pipe is as it was.
            return;
        } finally {
            if (!hasShare) {
                shares.release();
            }
        }
    }

    /** Gives the share of this pipe to others. */
    @Override
    public synchronized void close() {
        closed = true;
        if (hasShare) {
            hasShare = false;
            shares.release();
        }
    }
}
