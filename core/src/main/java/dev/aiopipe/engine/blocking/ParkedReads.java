package dev.aiopipe.engine.blocking;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.read.ReadWaiter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Runs reads of one reader, which park the calling thread until they have a value. */
public interface ParkedReads {
    /** Returns the operations of the reader. */
    ReadOps ops();

    /**
     * Runs a read.
     *
     * @throws InterruptedIOException if the thread is interrupted while it waits; nothing was taken
     * @throws IllegalStateException if it would have to wait on the thread of a loop; nothing was taken
     * @throws IOException from the input or the operation
     */
    <T extends @Nullable Object> T read(ReadOp<T> op) throws IOException;

    /** Runs a read that does not wait; returns {@code otherwise} if it would have to. */
    <T extends @Nullable Object> T poll(ReadOp<T> op, T otherwise) throws IOException;

    /** Closes the reader. */
    void close();

    /** Returns the reads of an input that are in no transaction, and have no time limit. */
    static ParkedReads of(Input input, ReadOps ops) {
        return new InputReads(input, ops);
    }

    /** Ends a read that was given up: returns the count of bytes that it has dropped, or throws its exception. */
    @SuppressWarnings({"unchecked", "NullAway"}) // an operation of T gives a T or MORE
    static <T extends @Nullable Object, E extends Exception> T givenUp(ReadOp<T> op, E why) throws E {
        Object partial = op.valueIfCancelled();
        if (partial == ReadOp.MORE) {
            throw why;
        }
        return (T) partial;
    }

    /** The reads of {@link #of}. */
    @SuppressWarnings({"unchecked", "NullAway"}) // an operation of T gives a T or MORE
    record InputReads(Input input, ReadOps ops) implements ParkedReads {
        @Override
        public <T extends @Nullable Object> T read(ReadOp<T> op) throws IOException {
            Object value = input.start(op);
            while (value == ReadOp.MORE) {
                Waiter waiter = new Waiter(input, op, Thread.currentThread());
                try {
                    Loop.requireOtherThread("a read");
                } catch (IllegalStateException e) {
                    input.abandon();
                    return givenUp(op, e);
                }
                boolean waits = input.await(waiter);
                while (waits && !waiter.woken) {
                    LockSupport.park(input);
                    if (!waiter.woken && Thread.interrupted()) {
                        input.abandon(waiter);
                        T partial = givenUp(op, new InterruptedIOException("interrupted while reading"));
                        Thread.currentThread().interrupt(); // no exception reports it
                        return partial;
                    }
                }
                value = input.proceed(waiter, op);
            }
            return (T) value;
        }

        @Override
        public <T extends @Nullable Object> T poll(ReadOp<T> op, T otherwise) throws IOException {
            Object value = input.start(op);
            if (value == ReadOp.MORE) {
                value = input.retry(op); // a short read before says nothing of what came since
            }
            if (value == ReadOp.MORE) {
                input.abandon();
                return otherwise;
            }
            return (T) value;
        }

        @Override
        public void close() {
            input.close();
        }
    }

    /** A thread that waits. */
    final class Waiter implements ReadWaiter {
        private final Input input;
        private final ReadOp<?> op;
        private final Thread thread;
        private volatile boolean woken;

        private Waiter(Input input, ReadOp<?> op, Thread thread) {
            this.input = input;
            this.op = op;
            this.thread = thread;
        }

        @Override
        public Input input() {
            return input;
        }

        @Override
        public ReadOp<?> op() {
            return op;
        }

        @Override
        public void wake() {
            woken = true;
            LockSupport.unpark(thread);
        }
    }
}
