package dev.aiopipe.engine.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One read, as a function of the buffered bytes. An attempt either takes the bytes that it wants and returns a value,
 * or takes nothing: {@link #MORE} asks for another attempt when more is buffered or the end was seen. If an attempt
 * throws, {@link Input} puts back the bytes that it had taken. At the end of the stream an operation never asks for
 * more. The two that drop more bytes than a buffer holds work in pieces instead, and remember them.
 *
 * <p>{@link ReadOps} makes them.
 *
 * @param <T> the type of its value
 */
public interface ReadOp<T extends @Nullable Object> {
    /** The result of an attempt that found too little. */
    Object MORE = new Object() {
        @Override
        public String toString() {
            return "MORE";
        }
    };

    /**
     * Attempts the read.
     *
     * @param in the buffered bytes
     * @return a T, or {@link #MORE}
     * @throws IOException if the stream ended too early or a limit was exceeded; nothing was taken
     */
    @Nullable
    Object attempt(InputBuffer in) throws IOException;

    /**
     * Returns the value of a read that is cancelled after it asked for more.
     *
     * @return a T if the read has dropped a part of its bytes; {@link #MORE} if it has taken nothing, and is just
     *     cancelled
     */
    default @Nullable Object valueIfCancelled() {
        return MORE;
    }

    /**
     * Returns how many more bytes may be read from the source. Asked after an attempt that found too little, and does
     * not change anything.
     *
     * @return 1 or more; 0 if nothing may be read
     */
    default int wanted(InputBuffer in) {
        return Integer.MAX_VALUE;
    }

    /**
     * Returns false if another attempt would surely ask for more, though it is not the end. A hint, for a thread that
     * has read on behalf of another one: takes nothing, and runs no code of the user's.
     */
    default boolean mayBeDone(InputBuffer in) {
        return true;
    }

    /**
     * Returns where the source may put its next bytes, past the buffer, if nothing is buffered and nothing of it has to
     * be kept; null if nowhere. Asked after an attempt that found too little, on the thread of the read: the next
     * attempt finds the target's position moved, and has taken these bytes.
     */
    default @Nullable ByteBuffer target() {
        return null;
    }

    /** Whether the operation never takes a byte. Then it does not consume the end of the stream either. */
    default boolean consumesNothing() {
        return false;
    }

    /** Whether the value reported the end of the stream together with the bytes before it. Valid after a value. */
    default boolean reportedEnd() {
        return false;
    }

    /**
     * Returns this operation with another value. The function is a part of the attempt: if it throws, the bytes stay
     * readable.
     *
     * @param <R> the type of the other value
     * @param function from this operation's value to the other one
     */
    default <R extends @Nullable Object> ReadOp<R> map(Function<? super T, ? extends R> function) {
        ReadOp<T> original = this;
        return new ReadOp<>() {
            @SuppressWarnings("unchecked") // an operation of T gives a T or MORE
            private @Nullable Object mapped(@Nullable Object value) {
                return value == MORE ? MORE : function.apply((T) value);
            }

            @Override
            public @Nullable Object attempt(InputBuffer in) throws IOException {
                return mapped(original.attempt(in));
            }

            @Override
            public @Nullable Object valueIfCancelled() {
                return mapped(original.valueIfCancelled());
            }

            @Override
            public int wanted(InputBuffer in) {
                return original.wanted(in);
            }

            @Override
            public boolean mayBeDone(InputBuffer in) {
                return original.mayBeDone(in);
            }

            @Override
            public boolean consumesNothing() {
                return original.consumesNothing();
            }

            @Override
            public boolean reportedEnd() {
                return original.reportedEnd();
            }
        };
    }

    /**
     * Returns an operation that takes nothing.
     *
     * @param <T> the type of its value
     * @param look the same operation, whose attempts take nothing
     */
    static <T extends @Nullable Object> ReadOp<T> look(ReadOp<T> look) {
        return new ForwardingReadOp<>(look) {
            @Override
            public boolean consumesNothing() {
                return true;
            }
        };
    }

    /** Returns this operation, which {@linkplain #wanted wants} so many bytes. */
    default ReadOp<T> wanting(ToIntFunction<InputBuffer> bytes) {
        return new ForwardingReadOp<>(this) {
            @Override
            public int wanted(InputBuffer in) {
                return bytes.applyAsInt(in);
            }
        };
    }
}
