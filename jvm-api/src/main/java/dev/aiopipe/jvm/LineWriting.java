package dev.aiopipe.jvm;

import dev.aiopipe.WriteEnd;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Writes lines as they come, short ones together as far as the kernel keeps them whole. */
final class LineWriting implements PipeFuture.Operation {
    /** Where lines come from. */
    interface Lines {
        /**
         * The next line.
         *
         * @return null if there is none now, or no more
         * @throws Exception that of the user's code: there are no more
         */
        @Nullable
        CharSequence next() throws Exception;

        /** Whether no line comes behind those that {@code next} gave. */
        boolean ended();

        /** Why they ended, once they have: null if that is all of them. */
        default @Nullable Throwable failure() {
            return null;
        }

        /** No more lines are wanted. */
        void stop();
    }

    private final AsyncPipeWriter writer;
    private final Lines lines;
    private final PipeFuture<@Nullable Void> future;
    private final Turns turns;
    private final ByteBuffer batch = ByteBuffer.allocate(WriteEnd.PIPE_BUF); // this and what follows is the turn's
    private byte @Nullable [] next; // found no room in the batch
    private @Nullable Throwable failure; // of the lines
    private boolean stopped; // guarded by this
    private @Nullable CompletableFuture<?> writing; // written under this, by the turn

    LineWriting(AsyncPipeWriter writer, Continuations continuations, Lines lines) {
        this.writer = writer;
        this.lines = lines;
        this.future = new PipeFuture<>(continuations, this);
        this.turns = new Turns(future, this::turn, this::end);
    }

    /** Writes what the kernel has room for, on this thread. */
    PipeFuture<@Nullable Void> begin() {
        turns.begin(this::turn);
        return future;
    }

    PipeFuture<@Nullable Void> future() {
        return future;
    }

    /** There are more lines, or their end. */
    void schedule() {
        turns.schedule();
    }

    private void turn() {
        try {
            while (written() && writeSome() && !turns.isUsedUp()) {
                continue;
            }
        } catch (Throwable e) {
            end(e);
        }
    }

    /** Whether nothing is being written. */
    private boolean written() throws Throwable {
        CompletableFuture<?> write = writing;
        if (write == null) {
            return true;
        } else if (!write.isDone()) {
            return false;
        }
        writing = null;
        if (write.isCompletedExceptionally()) {
            throw Failures.of(write);
        }
        return true;
    }

    /** Begins a write; false if there is nothing to be written now. */
    private boolean writeSome() {
        batch.clear();
        fill();
        if (batch.position() > 0) {
            return write(batch.flip());
        } else if (next != null) {
            byte[] single = next;
            next = null;
            return write(ByteBuffer.wrap(single));
        }
        if (failure != null || lines.ended()) {
            end(failure == null ? lines.failure() : failure);
        }
        return false;
    }

    /** Fills the batch, until there is no line, or one that has no room. */
    private void fill() {
        while (next != null || advance()) {
            if (next.length > batch.remaining()) {
                return;
            }
            batch.put(next);
            next = null;
        }
    }

    private boolean advance() {
        if (failure == null) {
            try {
                CharSequence line = lines.next();
                next = line == null ? null : writer.encodeLine(line);
            } catch (Throwable e) {
                failure = e; // what came before it is written first
            }
        }
        return next != null;
    }

    /** Begins a write, unless this was stopped. */
    private boolean write(ByteBuffer bytes) {
        CompletableFuture<?> write;
        synchronized (this) {
            if (stopped) {
                return false;
            }
            writing = write = writer.write(bytes);
        }
        if (!write.isDone()) {
            write.whenComplete((ignored, thrown) -> turns.schedule());
        }
        return true;
    }

    private boolean stop() {
        synchronized (this) {
            if (stopped) {
                return false;
            }
            stopped = true;
        }
        lines.stop();
        return true;
    }

    private void end(@Nullable Throwable why) {
        if (stop()) {
            if (why == null) {
                future.succeed(null);
            } else {
                future.fail(why);
            }
        }
    }

    @Override
    public boolean withdraw() {
        if (!stop()) {
            return false;
        }
        synchronized (this) {
            if (writing != null) {
                writing.cancel(false);
            }
        }
        return true;
    }
}
