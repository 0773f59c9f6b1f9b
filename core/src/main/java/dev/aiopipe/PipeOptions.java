package dev.aiopipe;

import dev.aiopipe.engine.read.ReadOps;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
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
    private static final PipeOptions DEFAULTS =
            new PipeOptions(null, StandardCharsets.UTF_8, 16 << 20, 0, LineEnds.LF, CodingErrorAction.REPLACE, true);

    private final @Nullable PipeLoop loop;
    private final Charset charset;
    private final int maxLineBytes;
    private final int capacity;
    private final LineEnds lineEnds;
    private final CodingErrorAction malformedInput;
    private final boolean readAhead;

    /** Without state, so that all readers with these options have the same. */
    private final ReadOps readOps;

    private PipeOptions(
            @Nullable PipeLoop loop,
            Charset charset,
            int maxLineBytes,
            int capacity,
            LineEnds lineEnds,
            CodingErrorAction malformedInput,
            boolean readAhead) {
        this.loop = loop;
        this.charset = charset;
        this.maxLineBytes = maxLineBytes;
        this.capacity = capacity;
        this.lineEnds = lineEnds;
        this.malformedInput = malformedInput;
        this.readAhead = readAhead;
        this.readOps = new ReadOps(charset, maxLineBytes, lineEnds, malformedInput, readAhead);
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
        PipeLoop checked = Objects.requireNonNull(chosen, "loop");
        return new PipeOptions(checked, charset, maxLineBytes, capacity, lineEnds, malformedInput, readAhead);
    }

    /**
     * Chooses how text is encoded and decoded. Malformed bytes become U+FFFD, unless {@link #withMalformedInput} says
     * otherwise; unmappable characters become a question mark.
     *
     * @param chosen a charset in which the byte 0x0A is the newline, and nothing else
     * @return a copy with it
     * @throws IllegalArgumentException if it is another one, such as UTF-16
     */
    public PipeOptions withCharset(Charset chosen) {
        if (!chosen.canEncode() || !Arrays.equals("\n0".getBytes(chosen), new byte[] {'\n', '0'})) {
            throw new IllegalArgumentException("charset in which a newline is not the byte 0x0A: " + chosen);
        }
        return new PipeOptions(loop, chosen, maxLineBytes, capacity, lineEnds, malformedInput, readAhead);
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
        int checked = positive("maxLineBytes", bytes);
        return new PipeOptions(loop, charset, checked, capacity, lineEnds, malformedInput, readAhead);
    }

    /**
     * Asks the kernel for another capacity of the pipe, which it rounds up to a power of two of pages. This is a wish:
     * it has no effect if the system refuses (unprivileged users get 1 MiB a pipe and 64 MiB in all by default), if the
     * stream is no pipe, or if this process was started with it.
     *
     * <p>A pipe without this keeps its capacity, 64 KiB, unless it was made here and is busy: one that is found full
     * hundreds of times may get 1 MiB, if JNA is loaded, and is loaded for it in the background if the JDK does not
     * warn of that. 16 pipes at once have so much. A pipe that must not hold more than 64 KiB says so by this.
     *
     * @param bytes 1 or more
     * @return a copy with it
     * @throws IllegalArgumentException if bytes is less than 1
     */
    public PipeOptions withCapacity(int bytes) {
        int checked = positive("capacity", bytes);
        return new PipeOptions(loop, charset, maxLineBytes, checked, lineEnds, malformedInput, readAhead);
    }

    /**
     * Chooses what ends a line for a reader. Writers always end their lines with {@code \n}.
     *
     * @param chosen {@link LineEnds#ANY} for programs that draw over their last line, as progress bars do
     * @return a copy with it
     */
    public PipeOptions withLineEnds(LineEnds chosen) {
        LineEnds checked = Objects.requireNonNull(chosen, "lineEnds");
        return new PipeOptions(loop, charset, maxLineBytes, capacity, checked, malformedInput, readAhead);
    }

    /**
     * Chooses what a reader does with bytes that are no text in its charset. With REPORT the reads of lines and text
     * throw {@link java.nio.charset.CharacterCodingException}, and the bytes stay readable, for {@code skipLine} or
     * {@code readAtMost}.
     *
     * @param chosen REPLACE, with U+FFFD, or REPORT
     * @return a copy with it
     * @throws IllegalArgumentException if it is another one
     */
    public PipeOptions withMalformedInput(CodingErrorAction chosen) {
        if (chosen != CodingErrorAction.REPLACE && chosen != CodingErrorAction.REPORT) {
            throw new IllegalArgumentException("malformedInput is neither REPLACE nor REPORT: " + chosen);
        }
        return new PipeOptions(loop, charset, maxLineBytes, capacity, lineEnds, chosen, readAhead);
    }

    /**
     * Chooses whether a reader may take more bytes from the descriptor than a read has asked for. Without reading ahead
     * all other bytes are left to whoever reads the descriptor next, a child that inherits it for example; a line or a
     * delimiter is then read byte by byte, which is slow. {@code request} and {@code peek} ask for the bytes that they
     * wait for. A read that is cancelled may have bytes of what it asked for buffered.
     *
     * @param chosen false to take nothing ahead
     * @return a copy with it
     */
    public PipeOptions withReadAhead(boolean chosen) {
        return new PipeOptions(loop, charset, maxLineBytes, capacity, lineEnds, malformedInput, chosen);
    }

    private static int positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " < 1: " + value);
        }
        return value;
    }

    ReadOps readOps() {
        return readOps;
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

    /**
     * Returns what ends a line for a reader.
     *
     * @return LF by default
     */
    public LineEnds lineEnds() {
        return lineEnds;
    }

    /**
     * Returns what a reader does with bytes that are no text.
     *
     * @return REPLACE by default, or REPORT
     */
    public CodingErrorAction malformedInput() {
        return malformedInput;
    }

    /**
     * Returns whether a reader may take more bytes from the descriptor than a read has asked for.
     *
     * @return true by default
     */
    public boolean readAhead() {
        return readAhead;
    }

    @Override
    public String toString() {
        return "PipeOptions[loop=" + loop() + ", charset=" + charset + ", maxLineBytes=" + maxLineBytes + ", capacity="
                + capacity + ", lineEnds=" + lineEnds + ", malformedInput=" + malformedInput + ", readAhead="
                + readAhead + "]";
    }
}
