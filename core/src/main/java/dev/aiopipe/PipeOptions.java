package dev.aiopipe;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The options of a stream. Immutable: each {@code with…} returns a changed copy.
 *
 * <p>The defaults are the {@linkplain PipeLoop#shared shared} loop, UTF-8, lines of at most 16 MiB, and the pipe's own
 * capacity.
 */
public final class PipeOptions {
    private static final PipeOptions DEFAULTS = new PipeOptions(null, StandardCharsets.UTF_8, 16 << 20, 0);

    private final @Nullable PipeLoop loop;
    private final Charset charset;
    private final int maxLineBytes;
    private final int capacity;

    private PipeOptions(@Nullable PipeLoop loop, Charset charset, int maxLineBytes, int capacity) {
        this.loop = loop;
        this.charset = charset;
        this.maxLineBytes = maxLineBytes;
        this.capacity = capacity;
    }

    /**
     * Returns the default options.
     *
     * @return the defaults
     */
    public static PipeOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Chooses the loop that waits for the stream.
     *
     * @param chosen the loop
     * @return a copy with it
     */
    public PipeOptions withLoop(PipeLoop chosen) {
        return new PipeOptions(Objects.requireNonNull(chosen, "loop"), charset, maxLineBytes, capacity);
    }

    /**
     * Chooses how text is encoded and decoded. Malformed bytes become U+FFFD, unmappable characters a question mark.
     *
     * @param chosen a charset in which the byte 0x0A is the newline, and nothing else
     * @return a copy with it
     * @throws IllegalArgumentException if it is another one, such as UTF-16
     */
    public PipeOptions withCharset(Charset chosen) {
        if (!chosen.canEncode() || !Arrays.equals("\n0".getBytes(chosen), new byte[] {'\n', '0'})) {
            throw new IllegalArgumentException("charset in which a newline is not the byte 0x0A: " + chosen);
        }
        return new PipeOptions(loop, chosen, maxLineBytes, capacity);
    }

    /**
     * Limits the bytes that a reader buffers in search of a line end or a delimiter, and those that {@code atomically}
     * can give back.
     *
     * @param bytes without the line end; 1 or more
     * @return a copy with it
     * @throws IllegalArgumentException if bytes is less than 1
     */
    public PipeOptions withMaxLineBytes(int bytes) {
        return new PipeOptions(loop, charset, positive("maxLineBytes", bytes), capacity);
    }

    /**
     * Asks the kernel for another capacity of the pipe, which it rounds up to a power of two of pages. This is a wish:
     * it has no effect if the system refuses (unprivileged users get 1 MiB a pipe and 64 MiB in all by default), if the
     * stream is no pipe, or if this process was started with it.
     *
     * @param bytes 1 or more
     * @return a copy with it
     * @throws IllegalArgumentException if bytes is less than 1
     */
    public PipeOptions withCapacity(int bytes) {
        return new PipeOptions(loop, charset, maxLineBytes, positive("capacity", bytes));
    }

    private static int positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " < 1: " + value);
        }
        return value;
    }

    /**
     * Returns the loop that waits for the stream.
     *
     * @return the chosen one, or the shared one
     */
    public PipeLoop loop() {
        return loop == null ? PipeLoop.shared() : loop;
    }

    /**
     * Returns the charset that encodes and decodes text.
     *
     * @return a charset
     */
    public Charset charset() {
        return charset;
    }

    /**
     * Returns the limit of a line.
     *
     * @return a count of bytes, 1 or more
     */
    public int maxLineBytes() {
        return maxLineBytes;
    }

    /**
     * Returns the capacity to ask for.
     *
     * @return a count of bytes; 0 for the pipe's own capacity
     */
    public int capacity() {
        return capacity;
    }

    @Override
    public String toString() {
        return "PipeOptions[loop=" + loop() + ", charset=" + charset + ", maxLineBytes=" + maxLineBytes + ", capacity="
                + capacity + "]";
    }
}
