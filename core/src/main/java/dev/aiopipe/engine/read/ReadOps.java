package dev.aiopipe.engine.read;

import dev.aiopipe.IncompleteReadException;
import dev.aiopipe.LineEnds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.util.function.ToIntFunction;
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

    private final TextDecoder decoder;
    private final LineOps lines;
    private final ReadOp<@Nullable String> line;
    private final ReadOp<Boolean> requestLine;
    private final int maxLineBytes;
    private final boolean readsAhead;

    /**
     * Binds the operations.
     *
     * @param charset decodes lines and text
     * @param maxLineBytes bytes of a line at most, without the line end
     * @param lineEnds what ends a line
     * @param malformedInput what happens to bytes that are no text: REPLACE, with U+FFFD, or REPORT
     * @param readsAhead whether more may be read from the source than an operation asks for
     */
    public ReadOps(
            Charset charset,
            int maxLineBytes,
            LineEnds lineEnds,
            CodingErrorAction malformedInput,
            boolean readsAhead) {
        this.decoder = new TextDecoder(charset, malformedInput);
        this.lines = new LineOps(lineEnds, decoder, maxLineBytes);
        this.maxLineBytes = maxLineBytes;
        this.readsAhead = readsAhead;
        this.line = bounded(lines.line(), in -> 1);
        this.requestLine = bounded(lines.requestLine(), in -> 1);
    }

    /** Binds the operations; the other options are the defaults. */
    public ReadOps(Charset charset, int maxLineBytes) {
        this(charset, maxLineBytes, LineEnds.LF, CodingErrorAction.REPLACE, true);
    }

    /** Limits what is read from the source to the bytes that are wanted, if nothing may be read ahead. */
    private <T extends @Nullable Object> ReadOp<T> bounded(ReadOp<T> op, ToIntFunction<InputBuffer> wanted) {
        return readsAhead ? op : op.wanting(wanted);
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
        return line;
    }

    /**
     * Takes what there is of a line whose end has not come; null if that is nothing. Never asks for more, so it is for
     * a read that has asked for a {@link #line} before. Without state.
     */
    public ReadOp<@Nullable String> lineSoFar() {
        return lines.lineSoFar();
    }

    /** Gives true as soon as {@link #line} would not wait, false at the end; takes nothing. Without state. */
    public ReadOp<Boolean> requestLine() {
        return requestLine;
    }

    /**
     * Takes what is buffered, at least one byte; empty at the end, and for a count of 0. Without state.
     *
     * @param count bytes at most
     */
    public ReadOp<byte[]> atMost(int count) {
        requireNotNegative(count);
        ReadOp<byte[]> op = in -> {
            int available = Math.min(in.size(), count);
            return available == 0 && count > 0 && !in.ended() ? ReadOp.MORE : taken(in, available);
        };
        return unlessNothing(count, bounded(op, in -> count));
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
        ReadOp<byte[]> op = new ReadOp<>() {
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
            public boolean mayBeDone(InputBuffer in) {
                return in.size() >= count;
            }

            @Override
            public boolean reportedEnd() {
                return ended;
            }
        };
        return unlessNothing(count, bounded(op, in -> count - in.size()));
    }

    /**
     * Moves what is buffered, at least one byte, and gives the count; -1 at the end, 0 if the target has no room.
     *
     * @param target must be writable
     */
    public ReadOp<Integer> into(ByteBuffer target) {
        requireWritable(target);
        return new IntoOp(target, readsAhead);
    }

    /**
     * Takes exactly so many bytes. Without state.
     *
     * @param count bytes
     */
    public ReadOp<byte[]> exactly(int count) {
        requireNotNegative(count);
        ReadOp<byte[]> op = in -> in.size() < count ? moreOf(in, count) : taken(in, count);
        return unlessNothing(count, needing(count, bounded(op, in -> count - in.size())));
    }

    /**
     * Moves exactly as many bytes as the target has room for, and gives the count.
     *
     * @param target must be writable
     */
    public ReadOp<Integer> exactly(ByteBuffer target) {
        requireWritable(target);
        Integer count = target.remaining();
        ReadOp<Integer> op = in -> {
            if (in.size() < count) {
                return moreOf(in, count);
            }
            in.take(target, count);
            return count;
        };
        return unlessNothing(count, needing(count, bounded(op, in -> count - in.size())));
    }

    /** Returns an operation that asks for more until so much is buffered. */
    private static <T> ReadOp<T> needing(int count, ReadOp<T> op) {
        return new ForwardingReadOp<>(op) {
            @Override
            public boolean mayBeDone(InputBuffer in) {
                return in.size() >= count;
            }
        };
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
        return untilAny(new byte[][] {delimiter}, limit);
    }

    /**
     * Takes everything up to and with the delimiter that ends first. With state.
     *
     * @param delimiters one or more, of one byte or more
     * @param limit bytes before the delimiter at most; before the longest one, if several end at one byte
     */
    public ReadOp<byte[]> untilAny(byte[][] delimiters, int limit) {
        requireLimit(limit);
        if (delimiters.length == 0) {
            throw new IllegalArgumentException("there is no delimiter");
        }
        byte[][] copies = new byte[delimiters.length][];
        for (int i = 0; i < copies.length; i++) {
            copies[i] = delimiters[i].clone();
            if (copies[i].length == 0) {
                throw new IllegalArgumentException("delimiter is empty");
            }
        }
        return bounded(new UntilOp(copies, limit), in -> 1);
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
        return all(limit, in -> in.copy(in.size()));
    }

    /** As {@link #all}, decoded. */
    public ReadOp<String> text(int limit) {
        return all(limit, in -> in.text(in.size(), decoder));
    }

    /** Takes everything up to the end of the stream; {@code value} looks at it, and makes the value. */
    private <T> ReadOp<T> all(int limit, ReadOp<T> value) {
        requireLimit(limit);
        ReadOp<T> op = new ReadOp<>() {
            @Override
            public @Nullable Object attempt(InputBuffer in) throws IOException {
                if (in.size() > limit) {
                    throw in.exceeds("the rest", "limit", limit);
                } else if (!in.ended()) {
                    return MORE;
                }
                Object all = value.attempt(in);
                in.take(in.size());
                return all;
            }

            @Override
            public boolean mayBeDone(InputBuffer in) {
                return in.size() > limit;
            }

            @Override
            public boolean reportedEnd() {
                return true;
            }
        };
        return bounded(op, in -> (int) Math.min(limit - in.size() + 1L, Integer.MAX_VALUE));
    }

    /**
     * Drops bytes, fewer only at the end, and gives the count. Drops up to {@link #maxLineBytes} at once, more in
     * pieces: if it is cancelled after the first piece, its value is the count of bytes that were dropped. With state.
     *
     * @param count bytes
     */
    public ReadOp<Long> skip(long count) {
        requireNotNegative(count);
        SkipOp.Bytes op = new SkipOp.Bytes(count, maxLineBytes);
        return unlessNothing(count, bounded(op, op::missing));
    }

    /**
     * Drops everything up to and with the next line end, a line over the limit in pieces, and gives the count of bytes.
     * With state.
     */
    public ReadOp<Long> skipLine() {
        return bounded(lines.skipLine(), in -> 1);
    }

    /**
     * Returns the reads of one transfer, which moves so many bytes at most.
     *
     * @param count bytes
     */
    public TransferOp toTransfer(long count) {
        requireNotNegative(count);
        return new TransferOp(count, readsAhead);
    }

    /** Drops bytes that are buffered. It never asks for more, unless the input was closed. */
    static ReadOp<Integer> taking(int count) {
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
        ReadOp<Boolean> op = in -> in.size() >= count ? (Object) true : in.ended() ? (Object) false : ReadOp.MORE;
        return ReadOp.look(bounded(op, in -> count - in.size()));
    }

    /**
     * Copies so many bytes, fewer only at the end of the stream; takes nothing. Without state.
     *
     * @param count bytes
     */
    public ReadOp<byte[]> peek(int count) {
        requireNotNegative(count);
        ReadOp<byte[]> op = in -> in.size() >= count || in.ended() ? in.copy(Math.min(in.size(), count)) : ReadOp.MORE;
        return ReadOp.look(bounded(op, in -> count - in.size()));
    }

    /** Gives the count of buffered bytes as soon as there is one, 0 at the end; takes nothing. Without state. */
    public ReadOp<Integer> available() {
        ReadOp<Integer> op = in -> in.size() > 0 || in.ended() ? (Object) in.size() : ReadOp.MORE;
        return ReadOp.look(bounded(op, in -> 0));
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
