package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.blocking.WriterOutputStream;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.RelayedFuture;
import dev.aiopipe.jvm.internal.write.ChannelTransfer;
import dev.aiopipe.jvm.internal.write.DirectWrite;
import dev.aiopipe.jvm.internal.write.IteratedLines;
import dev.aiopipe.jvm.internal.write.LineWriter;
import dev.aiopipe.jvm.internal.write.PublishedLines;
import dev.aiopipe.jvm.internal.write.SourceFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes a stream of bytes: a child's input, a pipe, a socket.
 *
 * <p><b>Messages.</b> The bytes of one call are a message. Messages are sent in the order of the calls, from any number
 * of threads and without waiting for one another's futures, and their bytes never mix; up to
 * {@link dev.aiopipe.WriteEnd#PIPE_BUF} bytes that holds among processes that write to one pipe, too.
 *
 * <p><b>Futures.</b> A write is done when the kernel has every byte. There is no buffer here that an exit could lose.
 * To wait for the future before the next write is what keeps a program from running ahead of its reader: messages that
 * wait are held in memory.
 *
 * <p><b>Threads.</b> A write begins on the caller's thread, and if the kernel has room it is done when the method
 * returns. Otherwise the loop sends the rest, and the future completes on the executor that was given at open.
 *
 * <p><b>Cancellation.</b> Of a write whose future is cancelled, or completed by anybody else, either nothing was sent,
 * or all of it will be: the rest is copied, {@link #owed}, and goes out before anything else. A message is never torn.
 * When {@code cancel} returns the array is the caller's again; a buffer's position is unchanged if nothing was sent, or
 * else at its limit. {@link #abort}, the end of the loop, a reader that goes and the exit of the JVM drop what is owed:
 * {@link #onClosed} fails then.
 *
 * <p><b>Exceptions.</b> Wrong arguments are refused by the call. All else completes the future:
 * {@link dev.aiopipe.BrokenPipeException} if nobody is left to read, every time;
 * {@link java.nio.channels.AsynchronousCloseException} if the write waits when the writer is aborted or the loop ends;
 * {@link java.nio.channels.ClosedChannelException} on a closed writer; {@link IllegalStateException} for the stdin of a
 * child that was redirected elsewhere.
 */
public final class AsyncPipeWriter implements AutoCloseable {
    private final Output output;
    private final PipeOptions options;
    private final CallbackExecutor callbacks;
    private final ChannelTransfer.Turn transfers = new ChannelTransfer.Turn();

    AsyncPipeWriter(Output output, PipeOptions options, CallbackExecutor callbacks) {
        this.output = output;
        this.options = options;
        this.callbacks = callbacks;
    }

    /**
     * Writes all bytes.
     *
     * @param bytes not to be touched before the future is done
     * @return done when they are sent
     */
    public CompletableFuture<@Nullable Void> write(byte[] bytes) {
        return write(bytes, 0, bytes.length);
    }

    /**
     * Writes {@code length} bytes from {@code offset} on.
     *
     * @param bytes not to be touched before the future is done
     * @param offset of the first one
     * @param length how many
     * @return done when they are sent
     * @throws IllegalArgumentException if the array has no such bytes
     */
    public CompletableFuture<@Nullable Void> write(byte[] bytes, int offset, int length) {
        if (offset < 0 || length < 0 || length > bytes.length - offset) {
            throw new IllegalArgumentException(
                    "offset " + offset + " and length " + length + " are not within " + bytes.length + " bytes");
        }
        return write(ByteBuffer.wrap(bytes, offset, length));
    }

    /**
     * Writes what remains in all buffers, in their order, as one message.
     *
     * @param sources not to be touched before the future is done; then their positions are at their limits
     * @return done when they are sent
     */
    public CompletableFuture<@Nullable Void> write(ByteBuffer... sources) {
        return send(Message.of(sources));
    }

    private CompletableFuture<@Nullable Void> send(Message message) {
        try {
            return output.offer(message) ? callbacks.completed(null) : pending(message);
        } catch (Throwable e) {
            return callbacks.failed(e);
        }
    }

    private CompletableFuture<@Nullable Void> pending(Message message) {
        try {
            return RelayedFuture.of(output, message, callbacks);
        } catch (Throwable e) { // no memory: the message has no listener then
            output.cancel(message);
            throw e;
        }
    }

    Output output() {
        return output;
    }

    /** Writes what remains as one message. Completes on any thread: for what only schedules. */
    CompletableFuture<@Nullable Void> send(ByteBuffer source) throws IOException {
        return DirectWrite.of(output, source);
    }

    /**
     * Writes text, encoded with the charset of the options.
     *
     * @param text without a line end being added
     * @return done when it is sent
     */
    public CompletableFuture<@Nullable Void> write(CharSequence text) {
        return write(text.toString().getBytes(options.charset()));
    }

    /**
     * Writes text and a {@code \n}, as one message.
     *
     * @param text the line
     * @return done when it is sent
     */
    public CompletableFuture<@Nullable Void> writeLine(CharSequence text) {
        return write(LineWriter.encoded(text, options.charset()));
    }

    /**
     * Writes lines, each with a {@code \n}. Each line is a message: those of other writers may come in between. Short
     * ones are sent together. The lines are iterated on this thread while the kernel has room, for 128 writes at most;
     * then on the executor, or on a thread that waits for the future. Wait for the future before {@link #close}.
     *
     * <p>If the future is cancelled, whole lines were sent, from the first on.
     *
     * @param lines if their iterator throws, the future fails with that, and what came before was sent
     * @return done when all are sent
     */
    public CompletableFuture<@Nullable Void> writeLines(Iterable<? extends CharSequence> lines) {
        return ifOpen(() -> new LineWriter(output, options.charset(), callbacks, new IteratedLines(lines)).begin());
    }

    /**
     * Writes the lines of a publisher, as {@link #writeLines(Iterable)}. While it pauses, all that it has published is
     * on its way.
     *
     * <p>If the future is cancelled, the subscription is cancelled, and whole lines were sent, from the first on; up to
     * 64 more may have been published. If the writer is closed while the publisher pauses, the subscription is
     * cancelled, and the future fails with {@link java.nio.channels.AsynchronousCloseException}.
     *
     * <p>If the last reader of a pipe leaves while the publisher pauses, the future fails with
     * {@link dev.aiopipe.BrokenPipeException}, a tenth of a second after this call at the earliest. That of another
     * stream is noticed by the next line: a FIFO may get another reader, a socket's peer may read on when it has ended
     * its output. So is that of any stream where there is no C library.
     *
     * @param lines if they fail, the future fails with that, and what came before was sent
     * @return done when all are sent
     */
    public CompletableFuture<@Nullable Void> writeLines(Flow.Publisher<? extends CharSequence> lines) {
        Objects.requireNonNull(lines, "lines");
        return ifOpen(() -> lineSubscriber().begin(lines));
    }

    PublishedLines lineSubscriber() {
        return new PublishedLines(output, options.charset(), callbacks);
    }

    /** A closed writer refuses before it takes anything. */
    private CompletableFuture<@Nullable Void> ifOpen(Supplier<CompletableFuture<@Nullable Void>> writing) {
        try {
            output.requireOpen();
        } catch (Throwable e) {
            return callbacks.failed(e);
        }
        return writing.get();
    }

    /**
     * Writes all that a blocking channel, a file for example, has up to its end. Closes neither. The channel is read on
     * a thread of this library. Each chunk is a message: those of other writers may come in between.
     *
     * <p>What was read is sent or {@link #owed}, 64 KiB at most. So {@code cancel} returns false while the channel is
     * read: the future is cancelled when that read has returned, and its bytes are owed. Wait for the future before
     * {@link #close}, or it fails, and these bytes are lost. Nothing is read while other messages wait to be sent.
     *
     * @param source where the bytes come from
     * @return how many bytes were written
     * @throws IllegalArgumentException if the channel is in non-blocking mode
     */
    public CompletableFuture<Long> transferFrom(ReadableByteChannel source) {
        return transfer(new ChannelTransfer(output, source, transfers, callbacks));
    }

    /**
     * Writes all bytes of a file, which this opens and closes, up to its end; else as
     * {@link #transferFrom(ReadableByteChannel)}. The bytes come through this process: when the future is done, the
     * file may be changed. If it is cancelled, the file is closed soon.
     *
     * @param source the file
     * @return how many bytes were written. Fails, for example with {@link java.nio.file.NoSuchFileException}, if the
     *     file can't be opened, or not be read or closed
     */
    public CompletableFuture<Long> transferFrom(Path source) {
        return transfer(new ChannelTransfer(output, new SourceFile(source), transfers, callbacks));
    }

    private CompletableFuture<Long> transfer(ChannelTransfer transfer) {
        try {
            output.requireOpen();
        } catch (IOException | IllegalStateException e) {
            return callbacks.failed(e);
        }
        return transfer.begin();
    }

    /**
     * Waits until a write of up to {@link dev.aiopipe.WriteEnd#PIPE_BUF} bytes would not wait, and all that was called
     * for before is sent. Writes nothing. Use it to make data only when it can go out at once. Other writers may be
     * faster.
     *
     * @return done when there is room, or nobody is left to read: the next write fails then, and does not wait. Fails
     *     with {@link java.nio.channels.AsynchronousCloseException} if the writer is closed meanwhile
     */
    public CompletableFuture<@Nullable Void> onWritable() {
        return send(Message.room());
    }

    /**
     * Returns a blocking stream over this writer: for old code, and for virtual threads, which it parks and never pins.
     * Each call of {@code write} is one message, and returns when the kernel has all of it; so {@code flush} has
     * nothing to do. To close it closes the writer. A thread that is interrupted while it is blocked gets an
     * {@link java.io.InterruptedIOException}, and its message is sent either not at all or wholly, as with every
     * cancelled write ({@code bytesTransferred} says which).
     *
     * @return a view of this writer, with no buffer of its own
     */
    public OutputStream asOutputStream() {
        return new WriterOutputStream(output);
    }

    /**
     * Returns how many bytes cancelled writes still owe.
     *
     * @return a moment's value
     */
    public int owed() {
        return output.owed();
    }

    /**
     * Reports, without a write, that nobody is left to read: on an idle pipe, a full one, and one whose reader has gone
     * already.
     *
     * <p>A socket's peer has gone when its own output ended or failed; after other input, that shows when it is read. A
     * terminal, what threads write, and all where there is no C library, show it with the next write.
     *
     * @return done when the last reader has gone; fails with {@link java.nio.channels.ClosedChannelException} if the
     *     writer is closed before
     */
    public CompletableFuture<@Nullable Void> onReaderGone() {
        CompletableFuture<@Nullable Void> gone;
        try {
            gone = output.readerGone();
        } catch (IOException | IllegalStateException e) {
            return callbacks.failed(e);
        }
        return RelayedFuture.of(gone, () -> gone.cancel(false), callbacks);
    }

    /**
     * Reports the end of this writer.
     *
     * @return done when the writer is closed and all is sent; fails if bytes that were owed were dropped, or if the
     *     loop ended before
     */
    public CompletableFuture<@Nullable Void> onClosed() {
        CompletableFuture<@Nullable Void> closed = output.closed();
        return RelayedFuture.of(closed, () -> closed.cancel(false), callbacks);
    }

    /**
     * Closes the writer as soon as all that was called for before is sent. Never blocks. Later writes fail with
     * {@link java.nio.channels.ClosedChannelException}. A reader that never reads keeps the descriptor open until
     * {@link #abort}.
     */
    @Override
    public void close() {
        output.close();
    }

    /**
     * Closes the writer now. Writes that wait fail with {@link java.nio.channels.AsynchronousCloseException}; what is
     * owed is dropped.
     */
    public void abort() {
        output.abort();
    }

    @Override
    public String toString() {
        return "AsyncPipeWriter[" + output + "]";
    }
}
