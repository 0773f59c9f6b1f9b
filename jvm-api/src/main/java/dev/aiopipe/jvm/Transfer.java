package dev.aiopipe.jvm;

import dev.aiopipe.engine.InputBuffer;
import dev.aiopipe.engine.Take;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes: looks at what is there, has it written, and takes it only then. Meanwhile the reader is this transfer's own.
 *
 * <pre>
 *     look ── some bytes ──► write ── sent ──► take what was sent ──► look …
 *       └── none, or enough moved ──► done
 * </pre>
 */
final class Transfer extends Reading implements PipeFuture.Operation {
    /** Where the bytes go. */
    interface Target {
        /** Moves the chunk's position behind what was sent; the future tells when that is final. */
        CompletableFuture<?> write(ByteBuffer chunk);

        /** Whether a write whose future was cancelled goes on in spite of that. */
        default boolean isBusy() {
            return false;
        }
    }

    private final Look look;
    private final Target target;
    private final Owner owner;
    private final PipeFuture<Long> future;
    private final Turns turns;
    private @Nullable CompletableFuture<?> writing; // guarded by this, as is what follows
    private ByteBuffer chunk = ByteBuffer.allocate(0);

    static Transfer of(View view, long count, Target target) {
        if (count < 0) {
            throw new IllegalArgumentException("count < 0: " + count);
        }
        return new Transfer(view, new Owner(view.owner()), new Look(count), target);
    }

    private Transfer(View view, Owner owner, Look look, Target target) {
        super(view.ownedBy(owner), look);
        this.look = look;
        this.target = target;
        this.owner = owner;
        this.future = new PipeFuture<>(view.source().continuations, this);
        this.turns = new Turns(view.source().continuations, this::turn, this::refused);
    }

    PipeFuture<Long> begin() {
        try {
            owner.acquire(view.source());
            turns.schedule();
        } catch (ReadPendingException | ClosedChannelException e) {
            refused(e);
        }
        return future;
    }

    @Override
    void onWake() {
        turns.schedule();
    }

    private void turn() {
        try {
            while (step()) {
                continue;
            }
        } catch (Throwable e) {
            refused(e);
        }
    }

    /** Sends a chunk. False if that was the last one, or has to be waited for. */
    private boolean step() throws Throwable {
        CompletableFuture<?> started;
        synchronized (this) {
            if (writing != null && !afterWrite(writing)) {
                return false;
            }
            Object value = take();
            if (value == Take.MORE) {
                return false;
            }
            chunk = (ByteBuffer) value;
            if (chunk.hasRemaining()) {
                started = target.write(chunk);
                writing = started;
            } else {
                started = null;
            }
        }
        if (started == null) {
            if (stop()) {
                release();
                future.succeed(look.moved);
            }
            return false;
        } else if (!started.isDone()) {
            started.whenComplete((ignored, failure) -> turns.schedule());
            return false;
        }
        return true;
    }

    /** Takes what was sent. False if there is nothing more to do now. */
    private boolean afterWrite(CompletableFuture<?> write) throws Throwable {
        if (!write.isDone()) {
            return false;
        }
        takeSent();
        if (write.isCompletedExceptionally()) {
            throw Failures.of(write);
        }
        return true;
    }

    private void takeSent() throws IOException {
        writing = null;
        int sent = chunk.position();
        chunk = ByteBuffer.allocate(0);
        look.moved += sent;
        view.start(Take.skip(sent, sent)); // is there, so it does not wait
    }

    private void release() {
        owner.release(view.source());
    }

    private void refused(Throwable why) {
        if (giveUp()) {
            future.fail(why);
        }
    }

    @Override
    public boolean withdraw() {
        return giveUp();
    }

    /** Ends this; what the target got by then, or still gets, is taken. */
    private synchronized boolean giveUp() {
        if (!stop()) {
            return false;
        }
        CompletableFuture<?> write = writing;
        if (write != null) {
            write.cancel(false);
        }
        if (write != null && target.isBusy()) {
            write.whenComplete((ignored, failure) -> afterwards());
        } else {
            afterwards();
        }
        return true;
    }

    private synchronized void afterwards() {
        try {
            if (writing != null) {
                takeSent();
            }
        } catch (IOException | IllegalStateException e) {
            return; // closed, or the block around this has ended and given back: what was sent is not this one's any
            // more
        } finally {
            release();
        }
    }

    /** What is there, without taking it; nothing at the end, and when enough has been moved. */
    private static final class Look implements Take<ByteBuffer> {
        private static final int CHUNK_SIZE = 64 * 1024;

        private final long count;
        private long moved;

        Look(long count) {
            this.count = count;
        }

        @Override
        public Object from(InputBuffer in) {
            int size = (int) Math.min(Math.min(in.size(), CHUNK_SIZE), count - moved);
            return size > 0 || in.ended() || count == moved ? ByteBuffer.wrap(in.copy(size)) : MORE;
        }

        /** Behind the last byte that is wanted it does not tell the end. */
        @Override
        public boolean onlyLooks() {
            return count == moved;
        }
    }
}
