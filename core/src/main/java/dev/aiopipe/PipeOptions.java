package dev.aiopipe;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * How an end is opened. Immutable: each {@code with…} gives a copy.
 *
 * <p>By default: the {@linkplain PipeLoop#shared shared} loop, UTF-8, lines of 16 MiB at most, and the pipe's capacity as it is.
 */
public final class PipeOptions {
    private static final PipeOptions DEFAULTS = new PipeOptions(null, StandardCharsets.UTF_8, 16 << 20, 0);

    private final PipeLoop loop;
    private final Charset charset;
    private final int maxLineBytes;
    private final int capacity;

    private PipeOptions(PipeLoop loop, Charset charset, int maxLineBytes, int capacity) {
        this.loop = loop;
        this.charset = charset;
        this.maxLineBytes = maxLineBytes;
        this.capacity = capacity;
    }

    /**
     * What holds where nothing else is said.
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
     * Limits what a reader buffers in search of the end of a line or a delimiter, and what {@code atomically} can give back.
     *
     * @param bytes without the line end; 1 or more
     * @return a copy with it
     * @throws IllegalArgumentException if bytes is less than 1
     */
    public PipeOptions withMaxLineBytes(int bytes) {
        return new PipeOptions(loop, charset, positive("maxLineBytes", bytes), capacity);
    }

    /**
     * Asks for another capacity of the pipe in the kernel. A wish: the system rounds it up to a power of two of pages, and where it
     * refuses (unprivileged users get 1 MiB a pipe and 64 MiB in all by default), or where the stream is no pipe, or
     * one that this process was started with, it has no effect.
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
     * The loop that waits for the stream.
     *
     * @return the chosen one, or the shared one
     */
    public PipeLoop loop() {
        return loop == null ? PipeLoop.shared() : loop;
    }

    /**
     * How text is encoded and decoded.
     *
     * @return a charset
     */
    public Charset charset() {
        return charset;
    }

    /**
     * The longest line.
     *
     * @return a count of bytes, 1 or more
     */
    public int maxLineBytes() {
        return maxLineBytes;
    }

    /**
     * The capacity that was asked for.
     *
     * @return a count of bytes; 0 if the pipe is to be left as it is
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
