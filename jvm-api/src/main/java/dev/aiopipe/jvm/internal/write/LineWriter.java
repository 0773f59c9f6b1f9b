package dev.aiopipe.jvm.internal.write;

import dev.aiopipe.WriteEnd;
import dev.aiopipe.engine.support.Threads;
import dev.aiopipe.engine.write.EndWatch;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.FutureFailures;
import dev.aiopipe.jvm.internal.future.PipeFuture;
import dev.aiopipe.jvm.internal.future.SerialTask;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Writes lines as they come, short ones together as far as the kernel keeps them whole. */
public final class LineWriter implements PipeFuture.Operation {
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

        /** Whether no line comes after those that {@code next} returned. */
        boolean ended();

        /** Why they ended, once they have: null if that is all of them. */
        default @Nullable Throwable failure() {
            return null;
        }

        /** No more lines are wanted. May throw, as the user's code does. */
        void stop();
    }

    private final Output output;
    private final Charset charset;
    private final Lines lines;
    private final PipeFuture<@Nullable Void> future;
    private final SerialTask task;
    private final ByteBuffer batch = ByteBuffer.allocate(WriteEnd.PIPE_BUF); // this and what follows is the turn's
    private byte @Nullable [] next; // found no room in the batch
    private @Nullable Throwable failure; // of the lines
    private @Nullable EndWatch watching; // written before the first line can come
    private volatile @Nullable Throwable over; // the writer or its reader was, while the lines paused
    private final WriteInProgress sending = new WriteInProgress();
    private boolean stopped; // guarded by this

    public LineWriter(Output output, Charset charset, CallbackExecutor callbacks, Lines lines) {
        this.output = output;
        this.charset = charset;
        this.lines = lines;
        this.future = new PipeFuture<>(callbacks, this);
        this.task = new SerialTask(future::resumeByExecutor, this::turn, this::end);
    }

    /** Encodes a line and its line end. */
    public static byte[] encoded(CharSequence line, Charset charset) {
        return (Objects.requireNonNull(line, "line") + "\n").getBytes(charset);
    }

    /** Writes what the kernel has room for, on this thread. */
    public PipeFuture<@Nullable Void> begin() {
        task.begin(this::turn);
        return future;
    }

    /** Ends this when the writer is closed, or its reader has gone, also if no lines come. */
    PipeFuture<@Nullable Void> beginWatching() {
        watching = EndWatch.begin(output, why -> {
            over = why;
            task.schedule(); // the executor's matter: the lines' code is the user's
        });
        return future;
    }

    /** There are more lines, or their end. */
    void schedule() {
        task.schedule();
    }

    private void turn() {
        try {
            while (written() && writeSome() && !task.isUsedUp()) {
                continue;
            }
        } catch (Throwable e) {
            end(e);
        }
    }

    /** Whether nothing is being written. */
    private boolean written() throws Throwable {
        CompletableFuture<?> write = sending.current();
        if (write == null) {
            return true;
        } else if (!write.isDone()) {
            return false;
        }
        sending.forget();
        if (write.isCompletedExceptionally()) {
            throw FutureFailures.of(write);
        }
        return true;
    }

    /** Begins a write; false if there is nothing to be written now. */
    private boolean writeSome() throws IOException {
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
        } else if (over != null) {
            end(over);
        }
        return false;
    }

    /** Fills the batch, until there is no line, or one that has no room. */
    private void fill() {
        while (next != null || advance()) {
            byte[] line = Objects.requireNonNull(next);
            if (line.length > batch.remaining()) {
                return;
            }
            batch.put(line);
            next = null;
        }
    }

    private boolean advance() {
        if (failure == null) {
            try {
                CharSequence line = lines.next();
                next = line == null ? null : encoded(line, charset);
            } catch (Throwable e) {
                failure = e; // what came before it is written first
            }
        }
        return next != null;
    }

    /** Begins a write, unless this was stopped. */
    private boolean write(ByteBuffer bytes) throws IOException {
        if (!sending.begin(() -> DirectWrite.of(output, bytes))) {
            return false;
        }
        CompletableFuture<?> write = sending.current();
        if (write != null && !write.isDone()) {
            write.whenComplete((ignored, thrown) -> task.schedule());
        }
        return true;
    }

    /** False if this has ended before. */
    private boolean stop() {
        synchronized (this) {
            if (stopped) {
                return false;
            }
            stopped = true;
        }
        if (watching != null) {
            watching.close();
        }
        return true;
    }

    private void end(@Nullable Throwable why) {
        if (!stop()) {
            return;
        }
        Throwable failure = why;
        try {
            lines.stop();
        } catch (Throwable e) {
            if (why == null) {
                failure = e;
            } else if (why != e) {
                why.addSuppressed(e);
            }
        }
        if (failure == null) {
            future.succeed(null);
        } else {
            future.fail(failure);
        }
    }

    @Override
    public boolean withdraw() {
        if (!stop()) {
            return false;
        }
        sending.end(write -> {
            if (write != null) {
                write.cancel(false);
            }
        });
        try {
            lines.stop();
        } catch (Throwable e) {
            Threads.report(e); // the future has the outcome that its user gave it
        }
        return true;
    }
}
