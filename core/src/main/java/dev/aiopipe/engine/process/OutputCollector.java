package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.LimitExceededException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.BusyReader;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.support.BlockingPool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Collects the bytes of one output of a child, up to a limit. It reads on the thread that reports bytes, which is the
 * loop's; if there are more than {@link #BURST} of them, a thread of the engine goes on.
 *
 * <pre>
 *     COLLECTING ── the end, a failure, or the limit ──────────► OVER
 *          └─────── finish ──► FINISHING ── nothing is there ──► OVER
 * </pre>
 */
final class OutputCollector implements Readiness.Waiter, BusyReader {
    private enum State {
        COLLECTING,
        FINISHING,
        OVER
    }

    private static final int CHUNK = 64 * 1024;
    private static final int BURST = 4 * CHUNK;

    /** More than any pipe of an unprivileged user holds: what a child wrote before its exit is less. */
    static final int REST = 1 << 20;

    private final Input input;
    private final int limit;
    private final ReadOps ops = new ReadOps(StandardCharsets.UTF_8, CHUNK);
    private final ReadOp<Boolean> look = ops.request(1);
    private final ReadOp<byte[]> nextChunk = ops.atMost(CHUNK);
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    @GuardedBy("this")
    private final List<byte[]> chunks = new ArrayList<>();

    @GuardedBy("this")
    private State state = State.COLLECTING;

    @GuardedBy("this")
    private long size;

    private volatile boolean reachedEnd;
    private volatile @Nullable Throwable failure;

    @GuardedBy("this")
    private long finishAt = Long.MAX_VALUE;

    /**
     * Makes a collector that has not begun.
     *
     * @param limit how many bytes are collected at most
     */
    OutputCollector(Input input, int limit) {
        this.input = input;
        this.limit = limit;
    }

    /**
     * Begins to read.
     *
     * @throws java.nio.channels.ReadPendingException if somebody else reads the output
     * @throws IOException if the output is closed
     */
    void begin() throws IOException {
        Object first = input.start(nextChunk);
        input.enter(this);
        collect(() -> first);
    }

    /**
     * Looks whether the output can be read; takes nothing.
     *
     * @throws java.nio.channels.ReadPendingException if somebody else reads the output
     * @throws IOException if the output is closed
     */
    void requireFree() throws IOException {
        if (input.start(look) == ReadOp.MORE) {
            input.abandon();
        }
    }

    /** Returns why the collecting ended before the end of the output; null if it did not. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Completes when nothing more is collected: with an exception if the output failed, or passed the limit. */
    CompletableFuture<Void> over() {
        return over;
    }

    /** Takes what is there, and ends without waiting for the end of the output. */
    void finish() {
        synchronized (this) {
            if (state == State.COLLECTING) {
                state = State.FINISHING;
                finishAt = size + REST;
            }
        }
        collect(() -> {
            input.abandon(this);
            return input.start(nextChunk);
        });
    }

    /** Returns whether all of the output was collected. */
    synchronized boolean reachedEnd() {
        return reachedEnd;
    }

    /** Returns how many bytes were collected so far. */
    synchronized long size() {
        return size;
    }

    /** Returns the bytes that were collected so far. */
    synchronized byte[] bytes() {
        if (chunks.size() == 1) {
            return chunks.get(0);
        }
        byte[] all = new byte[(int) size];
        int position = 0;
        for (byte[] chunk : chunks) {
            System.arraycopy(chunk, 0, all, position, chunk.length);
            position += chunk.length;
        }
        return all;
    }

    @Override
    public void wake() {
        collect(() -> input.proceed(this, nextChunk));
    }

    @Override
    public boolean readsOn(@Nullable Object stopper) {
        return true; // so a stop of the child leaves the output to this
    }

    private interface Read {
        @Nullable
        Object read() throws IOException;
    }

    private void collect(Read first) {
        boolean ended;
        synchronized (this) {
            if (state == State.OVER) {
                return;
            }
            try {
                collectUntilEmpty(first.read());
            } catch (Throwable e) {
                end(e);
            }
            ended = state == State.OVER;
        }
        if (ended) {
            complete();
        }
    }

    @GuardedBy("this")
    private void collectUntilEmpty(@Nullable Object first) throws IOException {
        Object value = first;
        for (long burstEnd = size + BURST; state != State.OVER; ) {
            if (value == ReadOp.MORE) {
                if (state == State.FINISHING) {
                    value = input.retry(nextChunk); // a short read before says nothing of the end
                    if (value == ReadOp.MORE) {
                        input.abandon();
                        end(null);
                        return;
                    }
                    continue;
                } else if (input.await(this)) {
                    return; // to be woken
                }
                value = input.proceed(this, nextChunk);
                continue;
            }
            take((byte[]) Objects.requireNonNull(value));
            if (state == State.COLLECTING && size >= burstEnd) {
                BlockingPool.run(() -> collect(() -> input.start(nextChunk)));
                return;
            } else if (state != State.OVER) {
                value = input.start(nextChunk);
            }
        }
    }

    @GuardedBy("this")
    private void take(byte[] chunk) {
        if (chunk.length == 0) {
            reachedEnd = true;
            end(null);
        } else if (size + chunk.length > limit) {
            end(new LimitExceededException(limit, input.name() + " is longer than limit = " + limit + " bytes"));
        } else {
            chunks.add(chunk);
            size += chunk.length;
            if (size >= finishAt) {
                end(null);
            }
        }
    }

    @GuardedBy("this")
    private void end(@Nullable Throwable why) {
        state = State.OVER;
        failure = why;
        input.leave(this);
    }

    private void complete() {
        if (failure == null) {
            over.complete(null);
        } else {
            over.completeExceptionally(failure);
        }
    }
}
