package dev.aiopipe.jvm;

import dev.aiopipe.PipeOptions;
import dev.aiopipe.ReadMode;
import dev.aiopipe.engine.blocking.ReaderInputStream;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.support.TargetFile;
import dev.aiopipe.jvm.internal.future.CallbackExecutor;
import dev.aiopipe.jvm.internal.future.ReadTimeout;
import dev.aiopipe.jvm.internal.read.AtomicBlock;
import dev.aiopipe.jvm.internal.read.BlockingTarget;
import dev.aiopipe.jvm.internal.read.LineLoop;
import dev.aiopipe.jvm.internal.read.ParkedTimedReads;
import dev.aiopipe.jvm.internal.read.ReaderCore;
import dev.aiopipe.jvm.internal.read.ReaderPublisher;
import dev.aiopipe.jvm.internal.read.ReaderView;
import dev.aiopipe.jvm.internal.read.SingleRead;
import dev.aiopipe.jvm.internal.read.Transfer;
import dev.aiopipe.jvm.internal.write.TeeTarget;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream of bytes: a child's output, a pipe, a socket.
 *
 * <p><b>One reader.</b> One read at a time. The future of a second one, while the first waits, fails with
 * {@link java.nio.channels.ReadPendingException}, and nothing else changes. Which thread reads does not matter.
 *
 * <p><b>Threads.</b> A read of bytes that are there completes on the caller's thread, before the method returns.
 * Otherwise the future completes on the executor that was given at open.
 *
 * <p><b>Cancellation.</b> To cancel the future that a read has returned ends the read: nothing was taken, the next read
 * continues where this one began, and may be called as soon as {@code cancel} has returned. If the value was taken
 * already, {@code cancel} returns false and the future has it. The same holds for everything else that completes this
 * future, as {@code complete} or {@code orTimeout}. It does not hold for futures that depend on it; the
 * {@linkplain dev.aiopipe.jvm package} says more. {@link #withTimeout} is the way to a deadline.
 *
 * <p><b>End of stream.</b> Every read says how it reports it. After the end of a terminal or a FIFO a later read may
 * find more.
 *
 * <p><b>Exceptions.</b> Wrong arguments are refused by the call. All else completes the future: besides what the
 * methods name, {@link java.nio.channels.AsynchronousCloseException} if the reader is closed while it waits,
 * {@link java.nio.channels.ClosedChannelException} on a closed one (their cause is set if the loop has ended), and
 * {@link java.io.IOException} if the stream fails, after what had come before the failure was read. A read that fails
 * has taken nothing.
 */
public final class AsyncPipeReader implements AutoCloseable {
    private final ReaderView view;
    private final ReadOps ops;
    private final ReadOp<@Nullable String> line;
    private final ReadOp<Boolean> lineRequest;

    static AsyncPipeReader of(Input input, PipeOptions options, CallbackExecutor callbacks) {
        return new AsyncPipeReader(new ReaderView(new ReaderCore(input, options, callbacks), null, null));
    }

    AsyncPipeReader(ReaderView view) {
        this.view = view;
        this.ops = view.ops();
        this.line = ops.line();
        this.lineRequest = ops.requestLine();
    }

    /**
     * Returns the same reader, each read of which takes so long at most: after that its future fails with
     * {@link java.util.concurrent.TimeoutException}, has taken nothing, and the next read continues. {@link #lines},
     * {@link #forEachLine} and the like wait so long for each of their parts.
     *
     * <p>This, unlike {@code readLine().thenApply(f).orTimeout(…)}, ends the read itself.
     *
     * @param timeout zero or more; zero takes only what is there
     * @return a view; to close it closes the reader
     * @throws IllegalArgumentException if the timeout is negative
     */
    public AsyncPipeReader withTimeout(Duration timeout) {
        return new AsyncPipeReader(view.within(ReadTimeout.of(timeout)));
    }

    /**
     * Reads the next line without its line end, {@code \n} or {@code \r\n}. A lone {@code \r} is data, unless the
     * options have {@link dev.aiopipe.LineEnds#ANY}. An unterminated last line is a line. Malformed bytes become
     * U+FFFD, unless the options report them: then the future fails with
     * {@link java.nio.charset.CharacterCodingException}, and the line stays readable.
     *
     * @return null at the end of the stream; fails with {@link dev.aiopipe.LimitExceededException} if the line is
     *     longer than {@code maxLineBytes}: it stays readable for {@link #readAtMost} or {@link #skipLine}
     */
    public CompletableFuture<@Nullable String> readLine() {
        return read(line);
    }

    /**
     * Reads what is there, at least one byte.
     *
     * @param destination its position moves past the bytes that were read; must not be touched before the future is
     *     done
     * @return the count of bytes, -1 at the end of the stream; 0 only if the destination has no room
     * @throws IllegalArgumentException if the destination is read-only
     */
    public CompletableFuture<Integer> read(ByteBuffer destination) {
        return read(ops.into(destination));
    }

    /**
     * Reads what is there, at least one byte and at most {@code count}.
     *
     * @param count how many bytes at most
     * @return empty at the end of the stream, and for a count of 0
     * @throws IllegalArgumentException if count is negative
     */
    public CompletableFuture<byte[]> readAtMost(int count) {
        return read(ops.atMost(count));
    }

    /**
     * Reads exactly {@code count} bytes.
     *
     * @param count how many bytes
     * @return them; fails with {@link dev.aiopipe.IncompleteReadException} if the stream ends before: what is there
     *     stays readable
     * @throws IllegalArgumentException if count is negative
     */
    public CompletableFuture<byte[]> readExactly(int count) {
        return read(ops.exactly(count));
    }

    /**
     * Reads exactly as many bytes as the destination has room for.
     *
     * @param destination full when the future is done; must not be touched before, and is unchanged if the read fails
     * @return done when it is full; fails with {@link dev.aiopipe.IncompleteReadException} if the stream ends before:
     *     what is there stays readable
     * @throws IllegalArgumentException if the destination is read-only
     */
    public CompletableFuture<@Nullable Void> readExactly(ByteBuffer destination) {
        return read(ops.exactly(destination).map(count -> null));
    }

    /**
     * Reads everything up to and with one byte, of which {@code maxLineBytes} may stand before it.
     *
     * @param delimiter 0 to 255; -128 to -1 name the same bytes as 128 to 255
     * @return as {@link #readUntil(byte[], int)}
     * @throws IllegalArgumentException if the delimiter is no byte
     */
    public CompletableFuture<byte[]> readUntil(int delimiter) {
        return readUntil(delimiter, ops.maxLineBytes());
    }

    /**
     * Reads everything up to and with one byte.
     *
     * @param delimiter 0 to 255; -128 to -1 name the same bytes as 128 to 255
     * @param limit how many bytes may stand before it
     * @return as {@link #readUntil(byte[], int)}
     * @throws IllegalArgumentException if the delimiter is no byte or the limit negative
     */
    public CompletableFuture<byte[]> readUntil(int delimiter, int limit) {
        return read(ops.until(delimiter, limit));
    }

    /**
     * Reads everything up to and with a delimiter, of which {@code maxLineBytes} may stand before it.
     *
     * @param delimiter one byte or more
     * @return as {@link #readUntil(byte[], int)}
     * @throws IllegalArgumentException if the delimiter is empty
     */
    public CompletableFuture<byte[]> readUntil(byte[] delimiter) {
        return readUntil(delimiter, ops.maxLineBytes());
    }

    /**
     * Reads everything up to and with a delimiter.
     *
     * @param delimiter one byte or more
     * @param limit how many bytes may stand before it
     * @return what was read; fails with {@link dev.aiopipe.IncompleteReadException} if the stream ends before (its
     *     {@code expected} is -1), with {@link dev.aiopipe.LimitExceededException} if more stands before the delimiter:
     *     what is there stays readable
     * @throws IllegalArgumentException if the delimiter is empty or the limit negative
     */
    public CompletableFuture<byte[]> readUntil(byte[] delimiter, int limit) {
        return read(ops.until(delimiter, limit));
    }

    /**
     * Reads everything up to and with the delimiter that ends first, of which {@code maxLineBytes} may stand before it.
     *
     * @param delimiters one or more, of one byte or more
     * @return as {@link #readUntilAny(int, byte[]...)}
     * @throws IllegalArgumentException if there is no delimiter, or an empty one
     */
    public CompletableFuture<byte[]> readUntilAny(byte[]... delimiters) {
        return readUntilAny(ops.maxLineBytes(), delimiters);
    }

    /**
     * Reads everything up to and with the delimiter that ends first: an answer or a prompt, for example.
     *
     * @param limit how many bytes may stand before the delimiter; before the longest one, if several end at one byte
     * @param delimiters one or more, of one byte or more
     * @return as {@link #readUntil(byte[], int)}
     * @throws IllegalArgumentException if there is no delimiter, or an empty one, or the limit is negative
     */
    public CompletableFuture<byte[]> readUntilAny(int limit, byte[]... delimiters) {
        return read(ops.untilAny(delimiters, limit));
    }

    /**
     * Reads everything up to the end of the stream, 64 MiB at most.
     *
     * @return as {@link #readAll(int)}
     */
    public CompletableFuture<byte[]> readAll() {
        return readAll(ReadOps.DEFAULT_ALL_LIMIT);
    }

    /**
     * Reads everything up to the end of the stream.
     *
     * @param limit bytes at most
     * @return empty if the stream is at its end; fails with {@link dev.aiopipe.LimitExceededException} if there are
     *     more: they stay readable
     * @throws IllegalArgumentException if the limit is negative
     */
    public CompletableFuture<byte[]> readAll(int limit) {
        return read(ops.all(limit));
    }

    /**
     * As {@link #readAll()}, decoded. Malformed bytes become U+FFFD.
     *
     * @return the text
     */
    public CompletableFuture<String> readText() {
        return readText(ReadOps.DEFAULT_ALL_LIMIT);
    }

    /**
     * As {@link #readAll(int)}, decoded. Malformed bytes become U+FFFD.
     *
     * @param limit bytes at most
     * @return the text
     * @throws IllegalArgumentException if the limit is negative
     */
    public CompletableFuture<String> readText(int limit) {
        return read(ops.text(limit));
    }

    /**
     * Drops {@code count} bytes. Up to {@code maxLineBytes} are dropped together; more than that in pieces, and a call
     * that is cancelled after the first piece succeeds early, with the count of dropped bytes.
     *
     * @param count how many bytes
     * @return how many were dropped, fewer than {@code count} at the end of the stream
     * @throws IllegalArgumentException if count is negative
     */
    public CompletableFuture<Long> skip(long count) {
        return read(ops.skip(count));
    }

    /**
     * Drops everything up to and with the next {@code \n}, or up to the end of the stream: the way on after a line that
     * is over the limit. Such a line is dropped in pieces; after a cancelled call the next {@code skipLine} drops the
     * rest.
     *
     * @return how many bytes were dropped, 0 at the end of the stream
     */
    public CompletableFuture<Long> skipLine() {
        return read(ops.skipLine());
    }

    /**
     * Waits until {@code count} bytes are buffered; takes nothing.
     *
     * @param count how many bytes
     * @return false if the stream ends before; then what is left of it is buffered
     * @throws IllegalArgumentException if count is negative
     */
    public CompletableFuture<Boolean> request(int count) {
        return read(ops.request(count));
    }

    /**
     * Waits until {@code count} bytes are buffered, and copies them; takes nothing.
     *
     * @param count how many bytes
     * @return fewer bytes only if the stream ends before
     * @throws IllegalArgumentException if count is negative
     */
    public CompletableFuture<byte[]> peek(int count) {
        return read(ops.peek(count));
    }

    /**
     * Waits until {@link #readLine} would not wait: for a line, for an unterminated last one, or for one that is over
     * the limit. Takes nothing.
     *
     * @return false at the end of the stream
     */
    public CompletableFuture<Boolean> requestLine() {
        return read(lineRequest);
    }

    /**
     * Publishes the lines up to the end of the stream, as {@link #readLine} returns them, as many as the subscriber
     * asks for and when it asks for them: nothing is read ahead. A line that was taken is delivered; those after a
     * cancelled subscription can be read, or subscribed to again.
     *
     * <p>Signals come on the executor. A reader has one subscriber at a time; a second one gets {@code onError} at
     * once. The subscriber may itself read in {@code onNext}, a body after its header for example, if that is complete
     * when it returns. The end is signalled to a subscriber that asks for more than there is. The reader is not closed.
     *
     * @return a publisher over this reader
     */
    public Flow.Publisher<String> lines() {
        return new ReaderPublisher<>(view, line);
    }

    /**
     * Publishes the bytes up to the end of the stream, in pieces of 64 KiB at most, as they come; else as
     * {@link #lines}.
     *
     * @return a publisher over this reader; the buffers are the subscriber's
     */
    public Flow.Publisher<ByteBuffer> chunks() {
        return new ReaderPublisher<>(view, ops.chunk().map(bytes -> bytes == null ? null : ByteBuffer.wrap(bytes)));
    }

    /**
     * Passes each line to an action, on the executor, one after the other. A slow action holds the reading up, and with
     * it the writer. The action may read from this reader itself, if that is complete when it returns.
     *
     * <p>To cancel the future ends this after the line that the action has; no other was taken.
     *
     * @param action what is done with a line; if it throws, the future fails with that
     * @return done at the end of the stream
     */
    public CompletableFuture<@Nullable Void> forEachLine(Consumer<? super String> action) {
        Objects.requireNonNull(action, "action");
        return forEach(true, text -> {
            action.accept(text);
            return LineLoop.DONE;
        });
    }

    /**
     * Passes each line to an action, on the executor, the next one when the stage that the action returned is complete.
     * The action, and what it starts, may read from this reader before that stage is complete.
     *
     * <p>To cancel the future ends this after the line that the action has; no other was taken. The stage goes on.
     *
     * @param action what is done with a line; if it throws, or its stage fails, the future fails with that
     * @return done at the end of the stream
     */
    public CompletableFuture<@Nullable Void> forEachLineAsync(
            Function<? super String, ? extends CompletionStage<?>> action) {
        return forEach(false, Objects.requireNonNull(action, "action"));
    }

    private CompletableFuture<@Nullable Void> forEach(
            boolean readsOn, Function<? super String, ? extends CompletionStage<?>> action) {
        return new LineLoop(view, line, readsOn, action).begin();
    }

    /**
     * Runs a block whose reads are one: if it fails, or the future is cancelled, all that it read from this reader is
     * readable again. A header without its body is never lost:
     *
     * <pre>{@code
     * reader.atomically(r -> r.readExactly(4).thenCompose(head -> r.readExactly(lengthIn(head))))
     * }</pre>
     *
     * <p>The block reads from the reader that it is given. Reads from the outside fail meanwhile with
     * {@link java.nio.channels.ReadPendingException}, and the block's own do so with {@link IllegalStateException} once
     * it has ended; a read that still waits then is cancelled. Blocks can be nested: while an inner block is open,
     * reads of those around it fail with {@link java.nio.channels.ReadPendingException}, and so does a second inner
     * one.
     *
     * <p>A {@code transferTo} in the block can't undo what it has sent: if the block fails, these bytes are readable
     * again although the target has them.
     *
     * @param <T> what the block gives
     * @param block begins on this thread, and ends when the stage that it returns does. Its reads fail with
     *     {@link dev.aiopipe.LimitExceededException} if they would come to more than {@code maxLineBytes}
     * @return what the stage completes with
     */
    public <T extends @Nullable Object> CompletableFuture<T> atomically(
            Function<? super AsyncPipeReader, ? extends CompletionStage<T>> block) {
        Objects.requireNonNull(block, "block");
        return new AtomicBlock<T>(view).run(inner -> block.apply(new AsyncPipeReader(inner)));
    }

    /**
     * Moves all bytes up to the end of the stream to a writer, see {@link #transferTo(AsyncPipeWriter, long)}.
     *
     * @param target where they go
     * @return how many were moved
     */
    public CompletableFuture<Long> transferTo(AsyncPipeWriter target) {
        return transferTo(target, Long.MAX_VALUE);
    }

    /**
     * Moves bytes to a writer until the stream ends, or {@code count} are moved. Closes neither. Other reads fail
     * meanwhile. The bytes of a long transfer between pipes stay in the kernel, if JNA is there: it takes two more
     * descriptors meanwhile. Those of a view {@linkplain #withTimeout with a timeout} do not.
     *
     * <p>If the future is cancelled each byte is either still readable here, or sent, or
     * {@linkplain AsyncPipeWriter#owed owed} by the target.
     *
     * @param target where they go
     * @param count how many at most
     * @return how many were moved
     * @throws IllegalArgumentException if count is negative
     */
    public CompletableFuture<Long> transferTo(AsyncPipeWriter target, long count) {
        return Transfer.of(view, count, target::send, List.of(target.output())).begin();
    }

    /**
     * Moves all bytes up to the end of the stream to a blocking channel, see {@link #transferTo(WritableByteChannel,
     * long)}.
     *
     * @param target where they go
     * @return how many were moved
     * @throws IllegalArgumentException if the channel is in non-blocking mode
     */
    public CompletableFuture<Long> transferTo(WritableByteChannel target) {
        return transferTo(target, Long.MAX_VALUE);
    }

    /**
     * Moves bytes to a blocking channel, a file for example, until the stream ends, or {@code count} are moved. Closes
     * neither. Other reads fail meanwhile. The channel is written to on a thread of its own.
     *
     * <p>If the future is cancelled, the call of the channel that is under way goes on; only when it has returned can
     * this reader be read again. Each byte is then either still readable here or in the channel.
     *
     * @param target where they go
     * @param count how many at most
     * @return how many were moved
     * @throws IllegalArgumentException if count is negative, or the channel is in non-blocking mode
     */
    public CompletableFuture<Long> transferTo(WritableByteChannel target, long count) {
        return Transfer.of(view, count, new BlockingTarget(target)).begin();
    }

    /**
     * Moves all bytes up to the end of the stream to a file, which this opens and closes. Does not close this reader.
     * Other reads fail meanwhile. The file is opened and written on a thread of this library; it is not opened if
     * another read is under way.
     *
     * <p>If the future is cancelled, the open or write that is under way goes on; only when it has returned can this
     * reader be read again. Each byte is then either still readable here or in the file, which is closed soon. So it is
     * after a failure.
     *
     * @param target the file
     * @param options how it is opened, as by {@link java.nio.file.Files#newOutputStream}: if there is none, it is
     *     created, or truncated
     * @return how many were moved. Fails, for example with {@link java.nio.file.NoSuchFileException}, if the file can't
     *     be opened, and nothing was taken then; and if it can't be written or closed
     * @throws IllegalArgumentException if READ is among the options
     */
    public CompletableFuture<Long> transferTo(Path target, OpenOption... options) {
        return Transfer.of(view, Long.MAX_VALUE, new BlockingTarget(new TargetFile(target, options)))
                .begin();
    }

    /**
     * Copies everything up to the end of the stream to several writers, as {@code tee} does. The slowest one sets the
     * pace: none is ahead by more than 64 KiB. Closes none of them, nor this. Other reads fail meanwhile. The bytes of
     * a long copy between pipes stay in the kernel, if JNA is there: it takes one more descriptor for this and each
     * target meanwhile.
     *
     * <p>If the future is cancelled, each byte is either still readable here, or each target has it or
     * {@linkplain AsyncPipeWriter#owed owes} it. If a target fails, for example with
     * {@link dev.aiopipe.BrokenPipeException}, whose message names it, the others have, or owe, exactly what was taken
     * here.
     *
     * @param targets one or more
     * @return how many bytes were copied
     * @throws IllegalArgumentException if there is no target
     */
    public CompletableFuture<Long> teeTo(AsyncPipeWriter... targets) {
        if (targets.length == 0) {
            throw new IllegalArgumentException("there is no target");
        }
        TeeTarget all =
                new TeeTarget(Stream.of(targets).map(AsyncPipeWriter::output).toList());
        return Transfer.of(view, Long.MAX_VALUE, all::write, all.outputs()).begin();
    }

    /**
     * Returns a blocking stream over this reader: for old code, and for virtual threads, which it parks and never pins.
     * To close it closes the reader, and frees a thread that is blocked in it. A thread that is interrupted while it is
     * blocked gets an {@link java.io.InterruptedIOException}, and nothing is lost; so does one whose
     * {@linkplain #withTimeout time} is over.
     *
     * @return a view of this reader, with no buffer of its own
     */
    public InputStream asInputStream() {
        return new ReaderInputStream(new ParkedTimedReads(view));
    }

    /**
     * Returns how many bytes are here and can be read without waiting for the system.
     *
     * @return a moment's value
     */
    public int buffered() {
        return view.input().buffered();
    }

    /**
     * Returns the way in which this reader gets its bytes. That of stdin is {@link ReadMode#THREAD} until its adoption
     * is through.
     *
     * @return the mode
     */
    public ReadMode mode() {
        return view.input().mode();
    }

    /**
     * Closes the reader and its descriptor. A read that waits fails with
     * {@link java.nio.channels.AsynchronousCloseException}, a later one with
     * {@link java.nio.channels.ClosedChannelException}. Never blocks; a second close does nothing.
     */
    @Override
    public void close() {
        view.input().close();
    }

    @Override
    public String toString() {
        return "AsyncPipeReader[" + view.input() + "]";
    }

    ReaderCore core() {
        return view.core();
    }

    /** Reads on this thread. Makes a task that waits only if there is too little. */
    @SuppressWarnings("unchecked") // an operation of T gives a T or MORE
    private <T extends @Nullable Object> CompletableFuture<T> read(ReadOp<T> op) {
        if (view.scope() != null) {
            return new SingleRead<>(view, op, false).begin(); // it begins under the scope's monitor, too
        }
        Object value;
        try {
            value = view.start(op);
        } catch (Exception e) {
            return view.callbacks().failed(e);
        }
        return value == ReadOp.MORE
                ? new SingleRead<>(view, op, true).begin()
                : view.callbacks().completed((T) value);
    }
}
