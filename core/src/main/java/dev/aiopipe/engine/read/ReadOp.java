package dev.aiopipe.engine.read;

import dev.aiopipe.IncompleteReadException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.function.Function;

/**
 * One read, as a function of what is buffered. Either it takes what it wants and returns it, or it takes nothing: {@link #MORE} asks
 * to be called again when more is buffered or the end was seen, an exception leaves all bytes readable: {@link Input} puts back what
 * a take had taken before it threw. At the end of the stream a
 * take never asks for more. The two that drop what may be larger than any buffer work in pieces instead, and remember them.
 *
 * <p>Takes check the arguments of their reads, so that all drivers refuse the same ones.
 *
 * @param <T> what it returns
 */
public interface ReadOp<T> {
    /** Not enough is buffered yet. */
    Object MORE = new Object() {
        @Override
        public String toString() {
            return "MORE";
        }
    };

    /** What {@link #all} is limited to if nothing is said, in bytes. */
    int DEFAULT_ALL_LIMIT = 64 << 20;

    /**
     * Tries.
     *
     * @param in what is buffered
     * @return a T, or {@link #MORE}
     * @throws IOException if the stream ended too early or a limit was passed; nothing was taken
     */
    Object from(InputBuffer in) throws IOException;

    /**
     * What the read comes to if it is given up after it asked for more.
     *
     * @return {@link #MORE} if it just ends, as nothing was taken; a T if it has a value in spite of that
     */
    default Object givenUp() {
        return MORE;
    }

    /**
     * Whether it takes nothing, and only looks. Then the end of the stream, too, stays to be told to the next one that takes.
     *
     * @return true if the same may be asked again
     */
    default boolean onlyLooks() {
        return false;
    }

    /**
     * Whether every other read goes before this one, as long as it waits.
     *
     * @return true if it reads only what nobody else comes for
     */
    default boolean yields() {
        return false;
    }

    /**
     * Asked behind a value: whether it has told the end of the stream together with what came before it.
     *
     * @return true if the end need not be told once more
     */
    default boolean toldTheEnd() {
        return false;
    }

    /**
     * This take with another value, which is made before anything counts as taken: if the function throws, {@link Input} puts back what
     * was taken.
     *
     * @param <R> what it returns
     * @param function from this take's value to the other one
     * @return the take, which is like this one in everything else
     */
    default <R> ReadOp<R> map(Function<? super T, ? extends R> function) {
        ReadOp<T> original = this;
        return new ReadOp<>() {
            @SuppressWarnings("unchecked") // a take of T gives nothing else
            private Object mapped(Object value) {
                return value == MORE ? MORE : function.apply((T) value);
            }

            @Override
            public Object from(InputBuffer in) throws IOException {
                return mapped(original.from(in));
            }

            @Override
            public Object givenUp() {
                return mapped(original.givenUp());
            }

            @Override
            public boolean onlyLooks() {
                return original.onlyLooks();
            }

            @Override
            public boolean yields() {
                return original.yields();
            }

            @Override
            public boolean toldTheEnd() {
                return original.toldTheEnd();
            }
        };
    }

    /**
     * A take that takes nothing.
     *
     * @param <T> what it returns
     * @param look what it does
     * @return the take
     */
    static <T> ReadOp<T> look(ReadOp<T> look) {
        return new ReadOp<>() {
            @Override
            public Object from(InputBuffer in) throws IOException {
                return look.from(in);
            }

            @Override
            public boolean onlyLooks() {
                return true;
            }
        };
    }

    /** A take of nothing does not tell the end either. */
    private static <T> ReadOp<T> unlessNothing(long count, ReadOp<T> take) {
        return count == 0 ? look(take) : take;
    }

    /**
     * A line without its line end; null at the end of the stream.
     *
     * @param charset how it is decoded
     * @param limit bytes of a line at most, without the line end
     * @return the take; it has no state, and may be used again and again
     */
    static ReadOp<String> line(Charset charset, int limit) {
        return in -> {
            int newline = in.indexOfNewline();
            if (newline >= 0) {
                return in.takeLine(newline, limit, charset);
            } else if (!in.ended() && !isTooLong(in, limit)) {
                return MORE;
            }
            return in.size() == 0 ? null : in.takeLastLine(limit, charset);
        };
    }

    /**
     * True as soon as {@link #line} would not wait; false at the end.
     *
     * @param limit bytes of a line at most
     * @return the take, without state; it takes nothing
     */
    static ReadOp<Boolean> requestLine(int limit) {
        return look(in -> {
            if (in.indexOfNewline() >= 0) {
                return true;
            } else if (in.ended()) {
                return in.size() > 0;
            }
            return isTooLong(in, limit) ? true : MORE;
        });
    }

    /** Whether a line whose newline is not buffered yet is over the limit. A '\r' right behind it may be half of a line end. */
    private static boolean isTooLong(InputBuffer in, int limit) {
        int size = in.size();
        return size > limit && !(size - 1 == limit && in.get(limit) == '\r');
    }

    /**
     * What is there, one byte at least; an empty array at the end, and for a count of 0.
     *
     * @param count bytes at most
     * @return the take, without state
     * @throws IllegalArgumentException if count is negative
     */
    static ReadOp<byte[]> atMost(int count) {
        requireCount(count);
        return unlessNothing(count, in -> {
            int available = Math.min(in.size(), count);
            if (available == 0 && count > 0 && !in.ended()) {
                return MORE;
            }
            byte[] taken = in.copy(available);
            in.take(available);
            return taken;
        });
    }

    /**
     * So many bytes, fewer only at the end of the stream, which is told thereby.
     *
     * @param count bytes at most
     * @return the take, for one read
     * @throws IllegalArgumentException if count is negative
     */
    static ReadOp<byte[]> upTo(int count) {
        requireCount(count);
        return unlessNothing(count, new ReadOp<>() {
            private boolean ended;

            @Override
            public Object from(InputBuffer in) throws IOException {
                int available = Math.min(in.size(), count);
                if (available < count && !in.ended()) {
                    return MORE;
                }
                ended = available < count;
                byte[] taken = in.copy(available);
                in.take(available);
                return taken;
            }

            @Override
            public boolean toldTheEnd() {
                return ended;
            }
        });
    }

    /**
     * What is there, one byte at least.
     *
     * @param target where it goes
     * @return a take of the count of bytes, -1 at the end; 0 if the target has no room
     * @throws IllegalArgumentException if the target is read-only
     */
    static ReadOp<Integer> into(ByteBuffer target) {
        requireWritable(target);
        return unlessNothing(target.remaining(), in -> {
            int available = Math.min(in.size(), target.remaining());
            if (available == 0 && target.hasRemaining()) {
                return in.ended() ? -1 : MORE;
            }
            Integer taken = available; // first the value: there may be no memory for it
            in.take(target, available);
            return taken;
        });
    }

    /**
     * So many bytes, no fewer.
     *
     * @param count bytes
     * @return the take, without state
     * @throws IllegalArgumentException if count is negative
     */
    static ReadOp<byte[]> exactly(int count) {
        requireCount(count);
        return unlessNothing(count, in -> {
            if (in.size() < count) {
                return moreOf(in, count);
            }
            byte[] taken = in.copy(count);
            in.take(count);
            return taken;
        });
    }

    /**
     * As many bytes as the target has room for.
     *
     * @param target where they go
     * @return a take of the count
     * @throws IllegalArgumentException if the target is read-only
     */
    static ReadOp<Integer> exactly(ByteBuffer target) {
        requireWritable(target);
        Integer count = target.remaining();
        return unlessNothing(count, in -> {
            if (in.size() < count) {
                return moreOf(in, count);
            }
            in.take(target, count);
            return count;
        });
    }

    private static Object moreOf(InputBuffer in, int count) throws IncompleteReadException {
        if (in.ended()) {
            throw new IncompleteReadException(count, in.size());
        }
        return MORE;
    }

    /**
     * Everything up to and with a delimiter.
     *
     * @param wanted the delimiter, one byte or more
     * @param limit bytes before the delimiter at most
     * @return the take, for one read: it remembers how far it searched
     * @throws IllegalArgumentException if the delimiter is empty or the limit negative
     */
    static ReadOp<byte[]> until(byte[] wanted, int limit) {
        requireLimit(limit);
        byte[] delimiter = wanted.clone();
        if (delimiter.length == 0) {
            throw new IllegalArgumentException("delimiter is empty");
        }
        return new ReadOp<>() {
            private int searched;
            private int givenBack;

            @Override
            public Object from(InputBuffer in) throws IOException {
                if (givenBack != in.givenBack()) {
                    givenBack = in.givenBack();
                    searched = 0;
                }
                int found = in.indexOf(delimiter, searched);
                int size = in.size();
                searched = Math.max(size - delimiter.length + 1, 0);
                if (found > limit || found < 0 && searched > limit) {
                    throw in.exceeds("a message", "limit", limit);
                } else if (found < 0) {
                    if (in.ended()) {
                        throw new IncompleteReadException(-1, size);
                    }
                    return MORE;
                }
                byte[] taken = in.copy(found + delimiter.length);
                in.take(taken.length);
                return taken;
            }
        };
    }

    /**
     * Everything up to and with one byte.
     *
     * @param delimiter 0 to 255; -128 to -1 name the same bytes as 128 to 255
     * @param limit bytes before the delimiter at most
     * @return as the other one
     * @throws IllegalArgumentException if the delimiter is no byte or the limit negative
     */
    static ReadOp<byte[]> until(int delimiter, int limit) {
        if (delimiter < Byte.MIN_VALUE || delimiter > 255) {
            throw new IllegalArgumentException("delimiter is no byte: " + delimiter);
        }
        return until(new byte[] {(byte) delimiter}, limit);
    }

    /**
     * Everything up to the end of the stream.
     *
     * @param limit bytes at most
     * @return the take, without state
     * @throws IllegalArgumentException if the limit is negative
     */
    static ReadOp<byte[]> all(int limit) {
        requireLimit(limit);
        return new ReadOp<>() {
            @Override
            public Object from(InputBuffer in) throws IOException {
                if (in.size() > limit) {
                    throw in.exceeds("the rest", "limit", limit);
                } else if (!in.ended()) {
                    return MORE;
                }
                byte[] taken = in.copy(in.size());
                in.take(taken.length);
                return taken;
            }

            @Override
            public boolean toldTheEnd() {
                return true;
            }
        };
    }

    /**
     * Everything up to the end of the stream, decoded; malformed bytes become U+FFFD.
     *
     * @param charset how it is decoded
     * @param limit bytes at most
     * @return the take, without state
     * @throws IllegalArgumentException if the limit is negative
     */
    static ReadOp<String> text(Charset charset, int limit) {
        return all(limit).map(bytes -> new String(bytes, charset));
    }

    /**
     * Drops so many bytes, fewer only at the end.
     *
     * @param count bytes
     * @param whole up to so many are dropped at once, more of them in pieces; given up behind the first piece it comes to what was
     *     dropped
     * @return a take of the count that was dropped, for one read
     * @throws IllegalArgumentException if count is negative
     */
    static ReadOp<Long> skip(long count, int whole) {
        requireCount(count);
        return unlessNothing(count, new SkipOp.Bytes(count, whole));
    }

    /**
     * Drops up to and with the next newline; a line over the limit in pieces.
     *
     * @param limit how many bytes are buffered in search of the newline
     * @return a take of the count that was dropped, for one read
     */
    static ReadOp<Long> skipLine(int limit) {
        return new SkipOp.Line(limit);
    }

    /**
     * A copy of what is there, one byte at least; empty at the end of the stream, which is told thereby. The bytes stay.
     *
     * @param count bytes at most, 1 or more
     * @return a take of the copy
     */
    static ReadOp<ByteBuffer> peek(int count) {
        return in -> {
            int takeable = in.takeable();
            if (takeable == 0 && in.size() > 0) {
                in.take(1); // says why not
            }
            int available = Math.min(Math.min(in.size(), takeable), count);
            return available > 0 || in.ended() ? ByteBuffer.wrap(in.copy(available)) : MORE;
        };
    }

    /**
     * True as soon as so much is buffered; false if the end comes before.
     *
     * @param count bytes
     * @return the take, without state; it takes nothing
     * @throws IllegalArgumentException if count is negative
     */
    static ReadOp<Boolean> request(int count) {
        requireCount(count);
        return look(in -> {
            if (in.size() >= count) {
                return true;
            }
            return in.ended() ? false : MORE;
        });
    }

    private static void requireCount(long count) {
        if (count < 0) {
            throw new IllegalArgumentException("count < 0: " + count);
        }
    }

    private static void requireLimit(int limit) {
        if (limit < 0) {
            throw new IllegalArgumentException("limit < 0: " + limit);
        }
    }

    private static void requireWritable(ByteBuffer target) {
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("destination is read-only: " + target);
        }
    }
}
