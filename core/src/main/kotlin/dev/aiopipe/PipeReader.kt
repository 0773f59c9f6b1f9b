package dev.aiopipe

import dev.aiopipe.engine.blocking.ParkedReads
import dev.aiopipe.engine.blocking.ReaderInputStream
import dev.aiopipe.engine.read.Input
import dev.aiopipe.engine.read.ReadOp
import dev.aiopipe.engine.read.ReadOps
import dev.aiopipe.engine.read.ReadTransaction
import dev.aiopipe.engine.read.TransferOp
import dev.aiopipe.engine.splice.Splicing
import dev.aiopipe.engine.support.TargetFile
import dev.aiopipe.engine.write.TeeWrite
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.ReadPendingException
import java.nio.channels.WritableByteChannel
import java.nio.file.OpenOption
import java.nio.file.Path
import java.util.concurrent.locks.LockSupport
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Reads a stream of bytes: a child's output, a pipe, a socket.
 *
 * **One reader.** One read at a time. A second one while the first waits throws [ReadPendingException] and changes
 * nothing. Which coroutine or thread reads does not matter.
 *
 * **Threads.** A read runs on the caller's thread. When nothing is there it suspends, without holding any thread.
 *
 * **Cancellation.** A read that throws, [CancellationException] included, has taken nothing: the next one continues
 * where it began, also in the middle of a line. Each read looks for cancellation before it takes. A timeout can strike
 * after a read has returned and before its value has left `withTimeout`; assign inside to be safe, or wait with
 * [requestLine]:
 * ```
 * withTimeoutOrNull(1.seconds) { line = reader.readLine() }
 * ```
 *
 * **End of stream.** Every read says how it reports it. After the end of a terminal or a FIFO a later read may find
 * more.
 *
 * **Exceptions.** Besides what the functions name: [java.nio.channels.AsynchronousCloseException] if the reader is
 * closed while it waits, [java.nio.channels.ClosedChannelException] on a closed one (their cause is set if the loop has
 * ended), and [IOException] if the stream fails, after what had come before the failure was read.
 */
public class PipeReader internal constructor(private val input: Input, options: PipeOptions) : AutoCloseable {
    private val ops = options.readOps()
    private val line: ReadOp<String?> = ops.line()
    private val lineRequest: ReadOp<Boolean> = ops.requestLine()

    private val transactionKey = object : CoroutineContext.Key<TransactionContext> {}

    /** The last caller. To look into a context takes as long as to read a short line. Any thread's value will do. */
    private var caller = NOBODY

    /** How many bytes are here and can be read without waiting for the system. A moment's value. */
    public val buffered: Int
        get() = input.buffered()

    /**
     * The way in which this reader gets its bytes. That of stdin is [ReadMode.THREAD] until its adoption is through.
     */
    public val mode: ReadMode
        get() = input.mode()

    /**
     * Reads the next line without its line end, `\n` or `\r\n`. A lone `\r` is data, unless the options have
     * [LineEnds.ANY]. An unterminated last line is a line.
     *
     * Malformed bytes become U+FFFD, unless the options report them.
     *
     * *Cancellation:* nothing is taken, and what has come of the line stays; see [PipeReader] for the timeout that
     * strikes late.
     *
     * @return null at the end of the stream
     * @throws LimitExceededException if the line is longer than `maxLineBytes`; it stays readable for [readAtMost] or
     *   [skipLine]
     * @throws java.nio.charset.CharacterCodingException if the line is malformed, and the options report that; it stays
     *   readable
     */
    @Throws(IOException::class) public suspend fun readLine(): String? = read(line)

    /**
     * Reads what is there, at least one byte.
     *
     * *Cancellation:* nothing is taken, and the destination is unchanged.
     *
     * @param destination its position moves past the bytes that were read; must not be touched while the read waits
     * @return the count of bytes, -1 at the end of the stream; 0 only if the destination has no room
     * @throws IllegalArgumentException if the destination is read-only
     */
    @Throws(IOException::class) public suspend fun read(destination: ByteBuffer): Int = read(ops.into(destination))

    /**
     * Reads what is there, at least one byte and at most [count].
     *
     * *Cancellation:* nothing is taken.
     *
     * @return empty at the end of the stream, and for a count of 0
     * @throws IllegalArgumentException if count is negative
     */
    @Throws(IOException::class) public suspend fun readAtMost(count: Int): ByteArray = read(ops.atMost(count))

    /**
     * Reads exactly [count] bytes.
     *
     * *Cancellation:* nothing is taken, and what has come of them stays.
     *
     * @throws IncompleteReadException if the stream ends before; what is there stays readable
     * @throws IllegalArgumentException if count is negative
     */
    @Throws(IOException::class) public suspend fun readExactly(count: Int): ByteArray = read(ops.exactly(count))

    /**
     * Reads exactly as many bytes as [destination] has room for.
     *
     * *Cancellation:* nothing is taken, and the destination is unchanged.
     *
     * @param destination full when this returns; must not be touched while the read waits
     * @throws IncompleteReadException if the stream ends before; what is there stays readable
     * @throws IllegalArgumentException if the destination is read-only
     */
    @Throws(IOException::class)
    public suspend fun readExactly(destination: ByteBuffer) {
        read(ops.exactly(destination))
    }

    /**
     * Reads everything up to and with [delimiter].
     *
     * *Cancellation:* nothing is taken, and what has come stays.
     *
     * @param limit how many bytes may stand before the delimiter
     * @throws IncompleteReadException if the stream ends before (its `expected` is -1); what is there stays readable
     * @throws LimitExceededException if more than [limit] bytes stand before the delimiter; they stay readable
     * @throws IllegalArgumentException if the delimiter is empty or the limit negative
     */
    @Throws(IOException::class)
    @JvmOverloads
    public suspend fun readUntil(delimiter: ByteArray, limit: Int = ops.maxLineBytes()): ByteArray =
        read(ops.until(delimiter, limit))

    /**
     * Reads everything up to and with one byte, as the other [readUntil].
     *
     * @param delimiter 0 to 255; -128 to -1 name the same bytes as 128 to 255
     */
    @Throws(IOException::class)
    @JvmOverloads
    public suspend fun readUntil(delimiter: Int, limit: Int = ops.maxLineBytes()): ByteArray =
        read(ops.until(delimiter, limit))

    /**
     * Reads everything up to and with the delimiter that ends first, as [readUntil]: an answer or a prompt, for
     * example.
     *
     * @param delimiters one or more, none of them empty
     * @param limit how many bytes may stand before the delimiter; before the longest one, if several end at one byte
     */
    @Throws(IOException::class)
    public suspend fun readUntilAny(vararg delimiters: ByteArray, limit: Int = ops.maxLineBytes()): ByteArray =
        read(ops.untilAny(delimiters, limit))

    /**
     * Reads everything up to the end of the stream.
     *
     * *Cancellation:* nothing is taken, and what has come stays.
     *
     * @param limit bytes at most, 64 MiB by default
     * @return empty if the stream is at its end
     * @throws LimitExceededException if there are more; they stay readable
     * @throws IllegalArgumentException if the limit is negative
     */
    @Throws(IOException::class)
    @JvmOverloads
    public suspend fun readAll(limit: Int = ReadOps.DEFAULT_ALL_LIMIT): ByteArray = read(ops.all(limit))

    /**
     * As [readAll], decoded. Malformed bytes become U+FFFD, unless the options report them: then this throws
     * [java.nio.charset.CharacterCodingException], and all stays readable.
     */
    @Throws(IOException::class)
    @JvmOverloads
    public suspend fun readText(limit: Int = ReadOps.DEFAULT_ALL_LIMIT): String = read(ops.text(limit))

    /**
     * Drops [count] bytes.
     *
     * *Cancellation:* nothing is dropped, for a count of up to `maxLineBytes`. More than that are dropped in pieces,
     * and a call that is cancelled after the first piece returns early, with the count of dropped bytes.
     *
     * @return how many were dropped, fewer than [count] at the end of the stream
     * @throws IllegalArgumentException if count is negative
     */
    @Throws(IOException::class)
    public suspend fun skip(count: Long): Long {
        val skip = ops.skip(count)
        try {
            return read(skip)
        } catch (e: CancellationException) {
            return skip.valueIfCancelled() as? Long ?: throw e
        }
    }

    /**
     * Drops a line with its line end, or everything up to the end of the stream. Use it to go on after a line that is
     * over the limit.
     *
     * *Cancellation:* nothing is dropped of a line of up to `maxLineBytes`. A longer one is dropped in pieces; after a
     * cancellation the next [skipLine] drops the rest of it.
     *
     * @return how many bytes were dropped, 0 at the end of the stream
     */
    @Throws(IOException::class) public suspend fun skipLine(): Long = read(ops.skipLine())

    /**
     * Waits until [count] bytes are buffered; takes nothing.
     *
     * @return false if the stream ends before; then what is left of it is buffered
     * @throws IllegalArgumentException if count is negative
     */
    @Throws(IOException::class) public suspend fun request(count: Int): Boolean = read(ops.request(count))

    /**
     * Waits until [count] bytes are buffered, and returns a copy of them; takes nothing.
     *
     * @return fewer than [count] bytes only if the stream ends before
     * @throws IllegalArgumentException if count is negative
     */
    @Throws(IOException::class) public suspend fun peek(count: Int): ByteArray = read(ops.peek(count))

    /**
     * Waits until [readLine] would not wait: for a line, for an unterminated last one, or for one that is over the
     * limit. Takes nothing.
     *
     * @return false at the end of the stream
     */
    @Throws(IOException::class) public suspend fun requestLine(): Boolean = read(lineRequest)

    /**
     * Runs [block], whose reads are one: if it is cancelled, or fails in another way, all that it read from this reader
     * is readable again. Meanwhile reads from outside the block throw [ReadPendingException]. Blocks can be nested; the
     * innermost open one reads, and reads of those around it throw [ReadPendingException], too. A read that the block
     * has launched elsewhere, and that outlives it, throws [IllegalStateException].
     *
     * A [transferTo] in the block can't undo what it has sent: if the block fails, these bytes are readable again
     * although the target has them.
     *
     * After the end of a terminal or a FIFO the block finds only the end; the bytes after it are for the reads after
     * the block.
     *
     * @throws LimitExceededException from a read in the block, if the block would have read more than `maxLineBytes`, a
     *   last line end not counted
     */
    public suspend fun <T> atomically(block: suspend PipeReader.() -> T): T =
        inTransaction(
            transactionKey,
            begin = { outer -> ReadTransaction.begin(input, outer, ops.maxLineBytes()) },
            block = { block() },
        )

    /**
     * Moves bytes to a writer until the stream ends, or [count] are moved. Closes neither. The bytes of a long transfer
     * between pipes stay in the kernel, if JNA is there: it takes two more descriptors meanwhile.
     *
     * *Cancellation:* each byte is either still readable here, or sent, or [owed][PipeWriter.owed] by the target.
     *
     * @return how many were moved
     * @throws IllegalArgumentException if count is negative
     */
    @Throws(IOException::class)
    @JvmOverloads
    public suspend fun transferTo(target: PipeWriter, count: Long = Long.MAX_VALUE): Long =
        transfer(count, splicing = Splicing(input, target.output)) { chunk -> target.write(chunk) }

    /**
     * Moves bytes to a blocking channel, a file for example, until the stream ends, or [count] are moved. Closes
     * neither. The channel is written to on a thread of this library.
     *
     * *Cancellation:* waits for the one `write` of the channel that is under way; then each byte is either still
     * readable here or in the channel. A channel that accepts nothing is tried again after a pause.
     *
     * @return how many were moved
     * @throws IllegalArgumentException if count is negative, or the channel is in non-blocking mode
     */
    @Throws(IOException::class)
    @JvmOverloads
    public suspend fun transferTo(target: WritableByteChannel, count: Long = Long.MAX_VALUE): Long {
        requireBlocking(target)
        return transfer(count, BlockingDispatcher) { chunk -> target.writeAll(chunk) }
    }

    /**
     * Moves everything up to the end of the stream to a file, which this opens and closes. Does not close the reader.
     * The file is opened and written on a thread of this library; it is not opened if another read is under way.
     *
     * *Cancellation:* waits for the open or the write that is under way, and for the close of the file; then each byte
     * is either still readable here or in the file. So it is after a failure.
     *
     * @param options how the file is opened, as by [java.nio.file.Files.newOutputStream]: if there is none, it is
     *   created, or truncated
     * @return how many were moved
     * @throws IOException if the file can't be opened, for example [java.nio.file.NoSuchFileException] or
     *   [java.nio.file.FileAlreadyExistsException]; then nothing was taken. Or if it can't be written or closed
     * @throws IllegalArgumentException if the options contradict one another, or READ is among them
     */
    @Throws(IOException::class)
    public suspend fun transferTo(target: Path, vararg options: OpenOption): Long {
        val file = TargetFile(target, *options)
        return transfer(Long.MAX_VALUE, BlockingDispatcher, file = file) { chunk -> file.writeAll(chunk) }
    }

    /**
     * Copies everything up to the end of the stream to several writers, as `tee` does. The slowest one sets the pace:
     * none is ahead by more than 64 KiB. Closes none of them, nor this. The bytes of a long copy between pipes stay in
     * the kernel, if JNA is there: it takes one more descriptor for this and each target meanwhile.
     *
     * *Cancellation:* each byte is either still readable here, or each of the [targets] has it or
     * [owes][PipeWriter.owed] it.
     *
     * *Failure:* if a target fails, for example with [BrokenPipeException], whose message names it, the others have, or
     * owe, exactly what was taken here. To go on without the failed one, call this again.
     *
     * @return how many bytes were copied
     * @throws IllegalArgumentException if there is no target
     */
    @Throws(IOException::class)
    public suspend fun teeTo(vararg targets: PipeWriter): Long {
        require(targets.isNotEmpty()) { "there is no target" }
        val outputs = targets.map { it.output }
        return transfer(Long.MAX_VALUE, splicing = Splicing(input, outputs)) { chunk ->
            suspendCancellableCoroutine<Unit> { continuation ->
                val write =
                    TeeWrite.begin(outputs, chunk) { failure ->
                        if (failure == null) continuation.resume(Unit) else continuation.resumeWithException(failure)
                    }
                continuation.invokeOnCancellation { write.cancel() }
            }
        }
    }

    /** Writes step by step, so that it can be cancelled. Pauses after a write that accepted nothing. */
    private suspend fun WritableByteChannel.writeAll(chunk: ByteBuffer) {
        while (chunk.hasRemaining()) {
            coroutineContext.ensureActive()
            if (write(chunk) == 0) LockSupport.parkNanos(PAUSE_NANOS)
        }
    }

    /** Reads and sends chunk after chunk, all by the dispatcher, if there is one. Meanwhile the file is open. */
    private suspend fun transfer(
        count: Long,
        dispatcher: CoroutineContext = EmptyCoroutineContext,
        splicing: Splicing? = null,
        file: TargetFile? = null,
        send: suspend (ByteBuffer) -> Unit,
    ): Long {
        val look = ops.toTransfer(count)
        val begin = { outer: ReadTransaction? -> ReadTransaction.beginWithoutRollback(input, outer) }
        return inTransaction(transactionKey, begin, dispatcher) { transaction ->
            file.use {
                file?.open()
                while (true) {
                    if (splicing != null && look.left() > 0) look.spliced(splicing.move(transaction, look.left()))
                    val chunk = read(look)
                    if (!chunk.hasRemaining()) break
                    val failure = runCatching { send(chunk) }.exceptionOrNull()
                    takeSent(look, transaction, failure)
                    failure?.let { throw it }
                    splicing?.copied(chunk.position().toLong())
                }
                look.moved()
            }
        }
    }

    /** Takes what the target has accepted; it is buffered. */
    private suspend fun takeSent(look: TransferOp, transaction: ReadTransaction, failure: Throwable?) {
        try {
            input.start(look.sent(), transaction)
        } catch (e: ClosedChannelException) { // closed meanwhile: that is not why the transfer failed
            coroutineContext.ensureActive()
            throw failure ?: e
        }
    }

    /**
     * The lines up to the end of the stream, as [readLine] gives them. Cold, over a reader that is hot: each collector
     * continues where the last one stopped. Reads nothing ahead, and does not close the reader.
     *
     * *Cancellation:* a line that was taken reaches the collector; what `take(3)` leaves can be read. The collector may
     * read from this reader itself, a body after its header for example.
     */
    public fun lines(): Flow<String> = TakenFlow { readLine() }

    /** The bytes up to the end of the stream, in pieces of 64 KiB at most, as they come; else as [lines]. */
    public fun chunks(): Flow<ByteArray> = TakenFlow { read(ops.chunk()) }

    /**
     * Returns a blocking stream over this reader, for code that takes no other one. Its methods park the thread, also a
     * virtual one; each is one read of this reader, outside of any [atomically] block. The stream has no buffer of its
     * own, and closing it closes the reader, which frees a thread that is blocked in it. An interrupted thread gets
     * [java.io.InterruptedIOException]; nothing was taken then.
     *
     * Call its methods where blocking is allowed, as in `withContext(Dispatchers.IO)`: a read that would have to wait
     * on the thread of a [PipeLoop] throws [IllegalStateException].
     */
    public fun asInputStream(): InputStream = ReaderInputStream(ParkedReads.of(input, ops))

    /**
     * Closes the reader and its descriptor. A read that waits fails with
     * [java.nio.channels.AsynchronousCloseException], a later one with [java.nio.channels.ClosedChannelException].
     * Never blocks; a second close does nothing.
     */
    override fun close() {
        caller = NOBODY
        input.close()
    }

    override fun toString(): String = "PipeReader[$input]"

    /** Reads on this thread. Suspends only if there is too little. */
    private suspend fun <T> read(op: ReadOp<T>): T {
        val context = coroutineContext
        var current = caller
        if (current.context !== context) {
            current = Caller(context, context[Job], context[transactionKey])
            caller = current
        }
        current.job?.ensureActive()
        val value = input.start(op, current.transaction?.openOrNull())
        @Suppress("UNCHECKED_CAST")
        return if (value !== ReadOp.MORE) value as T else input.awaitValue(op)
    }

    private class Caller(
        @JvmField val context: CoroutineContext,
        @JvmField val job: Job?,
        @JvmField val transaction: TransactionContext?,
    )

    /**
     * Unlike `flow { emit(…) }` it does not look for cancellation between taking and emitting, so that a taken value is
     * emitted.
     */
    private inner class TakenFlow<T : Any>(private val next: suspend () -> T?) : Flow<T> {
        override suspend fun collect(collector: FlowCollector<T>) {
            val collecting = Collecting(coroutineContext[Job])
            input.enter(collecting)
            try {
                while (true) collector.emit(next() ?: return)
            } finally {
                input.leave(collecting)
            }
        }
    }

    private companion object {
        val NOBODY = Caller(EmptyCoroutineContext, null, null)
        const val PAUSE_NANOS = 10_000_000L
    }
}
