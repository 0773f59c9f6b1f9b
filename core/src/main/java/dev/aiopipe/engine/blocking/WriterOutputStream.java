package dev.aiopipe.engine.blocking;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.support.Threads;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A blocking stream over a writer. Each call is one message. */
public final class WriterOutputStream extends OutputStream {
    private final Output output;

    public WriterOutputStream(Output output) {
        this.output = output;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        write(ByteBuffer.wrap(bytes, offset, length));
    }

    /** Sends what remains, as one message. */
    private void write(ByteBuffer bytes) throws IOException {
        int start = bytes.position();
        Message message = Message.of(bytes);
        if (output.offer(message)) {
            return;
        }
        Outcome outcome;
        try {
            Loop.requireOtherThread("a write");
            outcome = new Outcome(Thread.currentThread());
            output.await(message, outcome);
        } catch (Throwable e) { // the message has no listener then
            output.cancel(message);
            throw e;
        }
        while (!outcome.isKnown) {
            LockSupport.park(output);
            if (!outcome.isKnown && Thread.interrupted()) {
                output.cancel(message);
                InterruptedIOException interrupted = new InterruptedIOException("interrupted while writing");
                interrupted.bytesTransferred = bytes.position() - start; // all if they are owed
                throw interrupted;
            }
        }
        Threads.rethrow(outcome.failure);
    }

    @Override
    public void close() {
        output.close();
    }

    /** The outcome of a message, and the thread that waits for it. */
    private static final class Outcome implements Message.Listener {
        private final Thread thread;
        private @Nullable Throwable failure;
        private volatile boolean isKnown;

        Outcome(Thread thread) {
            this.thread = thread;
        }

        @Override
        public void done(@Nullable Throwable why) {
            failure = why;
            isKnown = true;
            LockSupport.unpark(thread);
        }
    }
}
