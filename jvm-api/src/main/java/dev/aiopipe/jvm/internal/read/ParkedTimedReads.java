package dev.aiopipe.jvm.internal.read;

import dev.aiopipe.engine.blocking.ParkedReads;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.jvm.internal.future.ReadTimeout;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads of a view that park the calling thread. The work is done on that thread, without the executor.
 *
 * @param view what is read
 */
public record ParkedTimedReads(ReaderView view) implements ParkedReads {
    private static final ReadTimeout NO_TIME = ReadTimeout.of(Duration.ZERO);

    @Override
    public ReadOps ops() {
        return view.ops();
    }

    @Override
    public <T extends @Nullable Object> T read(ReadOp<T> op) throws IOException {
        return read(view, op);
    }

    @Override
    public <T extends @Nullable Object> T poll(ReadOp<T> op, T otherwise) throws IOException {
        try {
            return read(view.within(NO_TIME), op);
        } catch (InterruptedIOException e) {
            return otherwise;
        }
    }

    @Override
    public void close() {
        view.input().close();
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // an operation of T gives a T or MORE
    private static <T extends @Nullable Object> T read(ReaderView view, ReadOp<T> op) throws IOException {
        Thread thread = Thread.currentThread();
        ReadTask reading = new ReadTask(view, op, false) {
            @Override
            protected void onWake() {
                LockSupport.unpark(thread);
            }
        };
        try {
            Object value;
            while ((value = reading.take()) == ReadOp.MORE) {
                try {
                    Loop.requireOtherThread("a read");
                } catch (IllegalStateException e) {
                    reading.stop();
                    return ParkedReads.givenUp(op, e);
                }
                LockSupport.park(view);
                if (Thread.interrupted() && reading.stop()) {
                    T partial = ParkedReads.givenUp(op, new InterruptedIOException("interrupted while reading"));
                    thread.interrupt(); // no exception reports it
                    return partial;
                }
            }
            return (T) value;
        } catch (TimeoutException e) {
            InterruptedIOException late = new InterruptedIOException(e.getMessage());
            late.initCause(e);
            return ParkedReads.givenUp(op, late);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
