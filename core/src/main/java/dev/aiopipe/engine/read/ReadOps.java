package dev.aiopipe.engine.read;

import dev.aiopipe.IncompleteReadException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/**
 * Makes the {@link ReadOp}s of a stream, bound to its options. Both drivers get their reads here, and so refuse the
 * same arguments.
 *
 * <p>Of operations with a count or a limit, {@link IllegalArgumentException} is thrown if that is negative. An
 * operation without state may be run again and again; one with state is for one read.
 */
public final class ReadOps {
    /** The limit of {@link #all} and {@link #text} where the caller names none, in bytes. */
    public static final int DEFAULT_ALL_LIMIT = 64 << 20;

    private final Charset charset;
    private final int maxLineBytes;

    /**
     * Binds the operations.
     *
     * @param charset decodes lines and text; malformed input becomes U+FFFD
     * @param maxLineBytes bytes of a line at most, without the line end
     */
    public ReadOps(Charset charset, int maxLineBytes) {
        this.charset = charset;
        this.maxLineBytes = maxLineBytes;
    }

    /**
     * Returns the limit of a line, which is the limit of a message and of a transaction too, where the caller names
     * none.
     */
    public int maxLineBytes() {
        return maxLineBytes;
    }

    /** Takes a line without its line end; null at the end of the stream. Without state. */
    public ReadOp<@Nullable String> line() {
        Charset decoding = charset;
        int limit = maxLineBytes;
        return in -> {
            int newline = in.indexOfNewline();
            if (newline >= 0) {
                return in.takeLine(newline, limit, decoding);
            } else if (!in.ended() && !isTooLong(in, limit)) {
                return ReadOp.MORE;
            }
            return in.size() == 0 ? null : in.takeLastLine(limit, decoding);
        };
    }

    /** Gives true as soon as {@link #line} would not wait, false at the end; takes nothing. Without state. */
    public ReadOp<Boolean> requestLine() {
        return ReadOp.look(in -> {
            if (in.indexOfNewline() >= 0) {
                return true;
            } else if (in.ended()) {
                return in.size() > 0;
            }
            return isTooLong(in, maxLineBytes) ? true : ReadOp.MORE;
        });
    }

    /**
     * Whether a line whose newline is not buffered yet exceeds the limit. A '\r' right after the limit may be half of a
     * line end.
     */
    private static boolean isTooLong(InputBuffer in, int limit) {
        int size = in.size();
        return size > limit && !(size - 1 == limit && in.get(limit) == '\r');
    }

    /**
     * Takes what is buffered, at least one byte; empty at the end, and for a count of 0. Without state.
     *
     * @param count bytes at most
     */
    public ReadOp<byte[]> atMost(int count) {
        requireNotNegative(count);
        return unlessNothing(count, in -> {
            int available = Math.min(in.size(), count);
            return available == 0 && count > 0 && !in.ended() ? ReadOp.MORE : taken(in, available);
        });
    }

    /** Takes what is buffered, at least one byte and at most 64 KiB; null at the end. Without state. */
    public ReadOp<byte @Nullable []> chunk() {
        return atMost(InputBuffer.READ_SIZE).map(bytes -> bytes.length == 0 ? null : bytes);
    }

    /**
     * Takes bytes, fewer only at the end of the stream, which is reported thereby. With state.
     *
     * @param count bytes at most
     */
    public ReadOp<byte[]> upTo(int count) {
        requireNotNegative(count);
        return unlessNothing(count, new ReadOp<>() {
            private boolean ended;

            @Override
            public Object attempt(InputBuffer in) throws IOException {
                int available = Math.min(in.size(), count);
                if (available < count && !in.ended()) {
                    return MORE;
                }
                ended = available < count;
                return taken(in, available);
            }

            @Override
            public boolean reportedEnd() {
                return ended;
            }
        });
    }

    /**
     * Moves what is buffered, at least one byte, and gives the count; -1 at the end, 0 if the target has no room.
     *
     * @param target must be writable
     */
    public ReadOp<Integer> into(ByteBuffer target) {
        requireWritable(target);
        return unlessNothing(target.remaining(), in -> {
            int available = Math.min(in.size(), target.remaining());
            if (available == 0 && target.hasRemaining()) {
                return in.ended() ? -1 : ReadOp.MORE;
            }
            Integer count = available; // first the value: there may be no memory for it
            in.take(target, available);
            return count;
        });
    }

    /**
     * Takes exactly so many bytes. Without state.
     *
     * @param count bytes
     */
    public ReadOp<byte[]> exactly(int count) {
        requireNotNegative(count);
        return unlessNothing(count, in -> in.size() < count ? moreOf(in, count) : taken(in, count));
    }

    /**
     * Moves exactly as many bytes as the target has room for, and gives the count.
     *
     * @param target must be writable
     */
    public ReadOp<Integer> exactly(ByteBuffer target) {
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
        return ReadOp.MORE;
    }

    /**
     * Takes everything up to and with a delimiter. With state.
     *
     * @param delimiter one byte or more
     * @param limit bytes before the delimiter at most
     */
    public ReadOp<byte[]> until(byte[] delimiter, int limit) {
        requireLimit(limit);
        if (delimiter.length == 0) {
            throw new IllegalArgumentException("delimiter is empty");
        }
        return new UntilOp(delimiter.clone(), limit);
    }

    /**
     * Takes everything up to and with one byte. With state.
     *
     * @param delimiter 0 to 255; -128 to -1 name the same bytes as 128 to 255
     * @param limit bytes before the delimiter at most
     */
    public ReadOp<byte[]> until(int delimiter, int limit) {
        if (delimiter < Byte.MIN_VALUE || delimiter > 255) {
            throw new IllegalArgumentException("delimiter is no byte: " + delimiter);
        }
        return until(new byte[] {(byte) delimiter}, limit);
    }

    /**
     * Takes everything up to the end of the stream. Without state.
     *
     * @param limit bytes at most
     */
    public ReadOp<byte[]> all(int limit) {
        requireLimit(limit);
        return new ReadOp<>() {
            @Override
            public Object attempt(InputBuffer in) throws IOException {
                if (in.size() > limit) {
                    throw in.exceeds("the rest", "limit", limit);
                }
                return in.ended() ? taken(in, in.size()) : MORE;
            }

            @Override
            public boolean reportedEnd() {
                return true;
            }
        };
    }

    /** As {@link #all}, decoded. */
    public ReadOp<String> text(int limit) {
        return all(limit).map(bytes -> new String(bytes, charset));
    }

    /**
     * Drops bytes, fewer only at the end, and gives the count. Drops up to {@link #maxLineBytes} at once, more in
     * pieces: if it is cancelled after the first piece, its value is the count of bytes that were dropped. With state.
     *
     * @param count bytes
     */
    public ReadOp<Long> skip(long count) {
        requireNotNegative(count);
        return unlessNothing(count, new SkipOp.Bytes(count, maxLineBytes));
    }

    /**
     * Drops everything up to and with the next newline, a line over the limit in pieces, and gives the count of bytes.
     * With state.
     */
    public ReadOp<Long> skipLine() {
        return new SkipOp.Line(maxLineBytes);
    }

    /**
     * Copies what is buffered, at least one byte, for a target that may accept a part of it. Empty at the end of the
     * stream, which is reported thereby. The bytes stay until {@link #transferred}. In a transaction no more is copied
     * than it may take.
     *
     * @param most bytes at most, 1 or more; never more than 64 KiB
     */
    public ReadOp<ByteBuffer> toTransfer(long most) {
        return in -> {
            int takeable = in.takeable();
            if (takeable == 0 && in.size() > 0) {
                in.take(1); // throws an exception that names the limit
            }
            int count = (int) Math.min(Math.min(most, InputBuffer.READ_SIZE), Math.min(in.size(), takeable));
            return count > 0 || in.ended() ? ByteBuffer.wrap(in.copy(count)) : ReadOp.MORE;
        };
    }

    /**
     * Drops bytes that the target of a transfer has accepted. They are buffered, so it never asks for more.
     *
     * @param count bytes
     */
    public ReadOp<Integer> transferred(int count) {
        return unlessNothing(count, in -> {
            if (in.size() < count) {
                return ReadOp.MORE; // closed, so the next attempt fails
            }
            in.take(count);
            return count;
        });
    }

    /**
     * Gives true as soon as so much is buffered, false if the end comes before; takes nothing. Without state.
     *
     * @param count bytes
     */
    public ReadOp<Boolean> request(int count) {
        requireNotNegative(count);
        return ReadOp.look(in -> {
            if (in.size() >= count) {
                return true;
            }
            return in.ended() ? false : ReadOp.MORE;
        });
    }

    /** Gives the count of buffered bytes as soon as there is one, 0 at the end; takes nothing. Without state. */
    public ReadOp<Integer> available() {
        return ReadOp.look(in -> in.size() > 0 || in.ended() ? (Object) in.size() : ReadOp.MORE);
    }

    private static byte[] taken(InputBuffer in, int count) throws IOException {
        byte[] taken = in.copy(count);
        in.take(count);
        return taken;
    }

    /** A read of no bytes must not consume the end of the stream. */
    private static <T> ReadOp<T> unlessNothing(long count, ReadOp<T> op) {
        return count == 0 ? ReadOp.look(op) : op;
    }

    private static void requireNotNegative(long count) {
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
