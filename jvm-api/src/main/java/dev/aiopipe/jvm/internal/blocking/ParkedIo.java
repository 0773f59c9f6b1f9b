package dev.aiopipe.jvm.internal.blocking;

import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.ReadTimeout;
import dev.aiopipe.jvm.internal.read.ReadTask;
import dev.aiopipe.jvm.internal.read.ReaderView;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes that park the calling thread until they are through. The work is done on that thread, without the
 * executor.
 */
final class ParkedIo {
    private static final ReadTimeout NO_TIME = ReadTimeout.of(Duration.ZERO);

    private ParkedIo() {}

    @SuppressWarnings({"unchecked", "NullAway"}) // the value of the read is a T, and null only where T says so
    static <T extends @Nullable Object> T read(ReaderView view, ReadOp<T> take) throws IOException {
        Thread thread = Thread.currentThread();
        ReadTask reading = new ReadTask(view, take, false) {
            @Override
            protected void onWake() {
                LockSupport.unpark(thread);
            }
        };
        try {
            Object value;
            while ((value = reading.take()) == ReadOp.MORE) {
                LockSupport.park(view);
                if (Thread.interrupted() && reading.stop()) {
                    T partial = givenUp(take, new InterruptedIOException("interrupted while reading"));
                    thread.interrupt(); // no exception tells of it
                    return partial;
                }
            }
            return (T) value;
        } catch (TimeoutException e) {
            InterruptedIOException late = new InterruptedIOException(e.getMessage());
            late.initCause(e);
            return givenUp(take, late);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    /** What a read that was given up comes to: its exception, or the count of what it has skipped by then. */
    @SuppressWarnings({"unchecked", "NullAway"}) // as above
    private static <T extends @Nullable Object> T givenUp(ReadOp<T> take, InterruptedIOException why)
            throws InterruptedIOException {
        Object partial = take.valueIfCancelled();
        if (partial == ReadOp.MORE) {
            throw why;
        }
        return (T) partial;
    }

    /** Reads if that needs no waiting: else {@code otherwise}. */
    static <T extends @Nullable Object> T poll(ReaderView view, ReadOp<T> take, T otherwise) throws IOException {
        try {
            return read(view.within(NO_TIME), take);
        } catch (InterruptedIOException e) {
            return otherwise;
        }
    }

    /** Sends what remains, as one message. */
    static void write(Output output, ByteBuffer bytes) throws IOException {
        int start = bytes.position();
        Message message = Message.of(bytes);
        if (output.offer(message)) {
            return;
        }
        Sent sent;
        try {
            sent = new Sent(Thread.currentThread());
            output.await(message, sent);
        } catch (Throwable e) { // no memory: nobody waits for the message then
            output.cancel(message);
            throw e;
        }
        while (!sent.done) {
            LockSupport.park(output);
            if (!sent.done && Thread.interrupted()) {
                output.cancel(message);
                InterruptedIOException interrupted = new InterruptedIOException("interrupted while writing");
                interrupted.bytesTransferred = bytes.position() - start; // all if they are owed
                throw interrupted;
            }
        }
        Message.rethrow(sent.failure);
    }

    private static final class Sent implements Message.Listener {
        private final Thread thread;
        private @Nullable Throwable failure;
        private volatile boolean done;

        Sent(Thread thread) {
            this.thread = thread;
        }

        @Override
        public void done(@Nullable Throwable why) {
            failure = why;
            done = true;
            LockSupport.unpark(thread);
        }
    }
}
