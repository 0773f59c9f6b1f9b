package dev.aiopipe

import dev.aiopipe.engine.blocking.WriterOutputStream
import dev.aiopipe.engine.support.Delays
import dev.aiopipe.engine.write.EndWatch
import dev.aiopipe.engine.write.Message
import dev.aiopipe.engine.write.Output
import java.io.IOException
import java.io.OutputStream
import java.nio.ByteBuffer
import java.nio.channels.ReadableByteChannel
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.locks.LockSupport
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.withContext

/**
 * Writes a stream of bytes: a child's input, a pipe, a socket.
 *
 * **Messages.** The bytes of one call are a message. Messages are taken in the order of the calls, from any number of
 * coroutines and threads, and their bytes never mix; up to [WriteEnd.PIPE_BUF] bytes that holds among processes that
 * write to one pipe, too.
 *
 * **Return.** When a write returns the kernel has every byte. There is no buffer here that an exit could lose.
 *
 * **Threads.** A write begins on the caller's thread. While the kernel is full it is suspended, and the loop sends the
 * rest.
 *
 * **Cancellation.** Of a cancelled write either nothing was sent, or all of it will be: the rest is copied, [owed], and
 * goes out before anything else. A message is never torn. The array is the caller's again at once; a buffer's position
 * is unchanged if nothing was sent, or else at its limit. [abort], the end of the loop, a reader that goes and the exit
 * of the JVM drop what is owed: [awaitClosed] throws then.
 *
 * **Exceptions.** Each write throws [BrokenPipeException] if nobody is left to read, every time;
 * [java.nio.channels.AsynchronousCloseException] if it waits when the writer is aborted or the loop ends;
 * [java.nio.channels.ClosedChannelException] on a closed writer; [IllegalStateException] to the stdin of a child that
 * was redirected elsewhere.
 */
public class PipeWriter
internal constructor(@get:JvmSynthetic internal val output: Output, private val options: PipeOptions) : AutoCloseable {
    private val transfers by lazy { Mutex() } // of the transfer that reads, unless its source is silent, or that sends

    /** How many bytes cancelled writes still owe. */
    public val owed: Int
        get() = output.owed()

    /**
     * Writes what remains in [source].
     *
     * @param source its position is at its limit afterwards; must not be touched while the write waits
     */
    @Throws(IOException::class) public suspend fun write(source: ByteBuffer): Unit = send(Message.of(source))

    /** Writes what remains in all [sources], in their order, as one message. */
    @Throws(IOException::class) public suspend fun write(vararg sources: ByteBuffer): Unit = send(Message.of(*sources))

    /**
     * Writes [length] bytes from [offset] on.
     *
     * @param bytes must not be touched while the write waits
     * @throws IllegalArgumentException if the array has no such bytes
     */
    @Throws(IOException::class)
    @JvmOverloads
    public suspend fun write(bytes: ByteArray, offset: Int = 0, length: Int = bytes.size - offset) {
        require(offset >= 0 && length >= 0 && length <= bytes.size - offset) {
            "offset $offset and length $length are not within ${bytes.size} bytes"
        }
        write(ByteBuffer.wrap(bytes, offset, length))
    }

    /** Writes text, encoded with the charset of the options. */
    @Throws(IOException::class)
    public suspend fun write(text: CharSequence): Unit = write(text.toString().toByteArray(options.charset()))

    /** Writes text and a `\n`, as one message. */
    @Throws(IOException::class) public suspend fun writeLine(text: CharSequence): Unit = write(encodeLine(text))

    /**
     * Writes lines, each with a `\n`. Each line is a message: those of other writers may come in between. Short ones
     * are sent together.
     *
     * *Cancellation:* whole lines were sent, from the first on.
     */
    @Throws(IOException::class)
    public suspend fun writeLines(lines: Iterable<CharSequence>) {
        coroutineContext.ensureActive()
        output.requireOpen()
        val batch = LineBatch()
        val iterator = lines.iterator()
        while (true) {
            val line =
                try {
                    if (iterator.hasNext()) encodeLine(iterator.next()) else break
                } catch (e: Throwable) {
                    batch.flush() // the caller's failure: what came before it counts
                    throw e
                }
            batch.add(line)
        }
        batch.flush()
    }

    /**
     * Writes the lines of a flow, as the other [writeLines]. While the flow pauses, all that it has emitted is on its
     * way.
     *
     * *Cancellation:* whole lines were sent, from the first on; more may have been collected: 64, and what is sent
     * together, 4,096 bytes. If the flow fails, what it emitted before is sent first.
     *
     * The end of a flow that pauses for ever is that of the writer or of its reader; the collection is cancelled then.
     * A pipe's last reader is noticed while the flow pauses, too, a tenth of a second after the call at the earliest.
     * That of another stream is noticed by the next line: a FIFO may get another reader, a socket's peer may read on
     * when it has ended its output. So is that of any stream where there is no C library.
     *
     * @throws BrokenPipeException if nobody is left to read
     * @throws java.nio.channels.AsynchronousCloseException if the writer is closed while the flow pauses
     */
    @Throws(IOException::class)
    public suspend fun writeLines(lines: Flow<CharSequence>): Unit = coroutineScope {
        ensureActive()
        output.requireOpen()
        val emitted = Channel<ByteArray>(LINES_AHEAD)
        val watch = EndWatch.begin(output) { emitted.close(it) }
        launch {
            try {
                lines.collect { emitted.send(encodeLine(it)) } // at once: who emits may use the same builder again
                emitted.close()
            } catch (e: Throwable) {
                emitted.close(e)
            }
        }
        val batch = LineBatch()
        try {
            for (line in emitted) {
                batch.add(line)
                while (true) batch.add(emitted.tryReceive().getOrNull() ?: break)
                batch.flush()
            }
        } finally {
            watch.close()
        }
    }

    /**
     * Writes all that a blocking channel, a file for example, has up to its end. Closes neither. The channel is read on
     * a thread of this library, and again after a pause if it has nothing.
     *
     * Each chunk is a message: those of other writers may come in between.
     *
     * *Cancellation:* waits for the read that is under way; what was read is sent or [owed], 64 KiB at most. While
     * something waits to be sent, nothing more is read: of all transfers to a writer one owes its chunk. A transfer
     * whose source is silent for a while holds up the others no longer; if its chunk comes while another message is
     * owed, it waits for that one, cancelled or not.
     *
     * @return how many bytes were moved
     * @throws IllegalArgumentException if the channel is in non-blocking mode
     */
    @Throws(IOException::class)
    public suspend fun transferFrom(source: ReadableByteChannel): Long {
        requireBlocking(source)
        return transfer { transferAll(source) }
    }

    /**
     * Writes all bytes of a file, which this opens and closes, up to its end; else as the other [transferFrom]. The
     * bytes come through this process: when this returns, the file may be changed.
     *
     * *Cancellation:* waits for the open or the read that is under way, and for the close of the file; what was read is
     * sent or [owed], 64 KiB at most.
     *
     * @return how many bytes were moved
     * @throws IOException if the file can't be opened, for example [java.nio.file.NoSuchFileException], or not be read
     *   or closed
     */
    @Throws(IOException::class)
    public suspend fun transferFrom(source: Path): Long = transfer {
        Files.newByteChannel(source).use { transferAll(it) }
    }

    private suspend fun transfer(block: suspend () -> Long): Long {
        coroutineContext.ensureActive()
        output.requireOpen()
        try {
            return withContext(BlockingDispatcher) { block() }
        } catch (e: IOException) {
            coroutineContext.ensureActive() // a cancelled transfer throws that, whatever else has happened
            throw e
        }
    }

    private suspend fun transferAll(source: ReadableByteChannel): Long {
        val chunk = ByteBuffer.allocateDirect(TRANSFER_SIZE) // a file's bytes reach the kernel without another copy
        var moved = 0L
        while (true) {
            val count = transferChunk(source, chunk.clear())
            if (count < 0) return moved
            if (count == 0) LockSupport.parkNanos(PAUSE_NANOS)
            moved += count
        }
    }

    /**
     * Reads into a chunk, and sends it. When this returns, the chunk may be used again: it was sent, and is not owed.
     */
    private suspend fun transferChunk(source: ReadableByteChannel, chunk: ByteBuffer): Int {
        transfers.lock()
        var locked = true
        try {
            if (!output.isIdle()) awaitTurn() // else a cancelled transfer might owe its chunk beside what others owe
            coroutineContext.ensureActive()
            val over = AtomicBoolean() // the read, or the wait of the others for it
            val silence = Delays.run({ if (over.compareAndSet(false, true)) transfers.unlock() }, SILENCE_NANOS)
            val count =
                try {
                    source.read(chunk)
                } finally {
                    locked = over.compareAndSet(false, true)
                    silence.cancel(false)
                }
            if (count < 0) return count
            val message = Message.of(chunk.flip())
            message.commit() // the bytes can't be had again: it is offered, whatever is cancelled meanwhile
            var sent = false
            try {
                withContext(NonCancellable) {
                    if (!locked) {
                        transfers.lock()
                        locked = true
                    }
                    if (output.owed() > 0) awaitTurn()
                    sent = output.offer(message)
                }
            } catch (e: CancellationException) { // on the way back from there
                output.cancel(message)
                throw e
            }
            if (!sent) awaitSent(message)
            return count
        } finally {
            if (locked) transfers.unlock()
        }
    }

    private suspend fun awaitTurn() = send(Message.barrier())

    /**
     * Suspends until nobody is left to read, without a write: on an idle pipe, a full one, and one whose reader has
     * gone already.
     *
     * A socket's peer has gone when its own output ended or failed; after other input, that shows when it is read. A
     * terminal, what threads write, and all where there is no C library, show it with the next write.
     *
     * @throws java.nio.channels.AsynchronousCloseException if the writer is closed meanwhile
     */
    @Throws(IOException::class)
    public suspend fun awaitReaderGone() {
        coroutineContext.ensureActive()
        output.readerGone().await()
    }

    /**
     * Suspends until a write of up to [WriteEnd.PIPE_BUF] bytes would not wait, and everything that was called for
     * before is sent. Writes nothing. Use it to make data only when it can go out at once. Other writers may be faster.
     *
     * Returns, too, if nobody is left to read: the next write throws then, and does not wait.
     *
     * @throws java.nio.channels.AsynchronousCloseException if the writer is closed meanwhile
     */
    @Throws(IOException::class) public suspend fun awaitWritable(): Unit = send(Message.room())

    /**
     * Suspends until the writer is closed, and throws if bytes that were owed were dropped, or if the loop ended
     * before.
     */
    @Throws(IOException::class)
    public suspend fun awaitClosed() {
        coroutineContext.ensureActive()
        output.closed().await()
    }

    /**
     * Returns a blocking stream over this writer, for code that takes no other one. Each call of `write` is one
     * message, and parks the thread, also a virtual one, until the kernel has all of it; `flush` has nothing to do.
     * Closing the stream closes the writer. An interrupted thread gets [java.io.InterruptedIOException], and its
     * message is sent not at all or wholly, as with every cancelled write.
     *
     * Call its methods where blocking is allowed, as in `withContext(Dispatchers.IO)`: a write that would have to wait
     * on the thread of a [PipeLoop] throws [IllegalStateException].
     */
    public fun asOutputStream(): OutputStream = WriterOutputStream(output)

    /**
     * Closes the writer as soon as all that was called for before is sent. Never blocks. Later writes throw
     * [java.nio.channels.ClosedChannelException]. A reader that never reads keeps the descriptor open until [abort].
     */
    override fun close(): Unit = output.close()

    /**
     * Closes the writer now. Writes that wait throw [java.nio.channels.AsynchronousCloseException]; what is owed is
     * dropped.
     */
    public fun abort(): Unit = output.abort()

    override fun toString(): String = "PipeWriter[$output]"

    private fun encodeLine(line: CharSequence) = "$line\n".toByteArray(options.charset())

    private suspend fun send(message: Message) {
        coroutineContext.ensureActive()
        if (!output.offer(message)) awaitSent(message)
    }

    private suspend fun awaitSent(message: Message) {
        try {
            suspendCancellableCoroutine<Unit> { continuation ->
                output.await(message) { failure ->
                    if (failure == null) continuation.resume(Unit) else continuation.resumeWithException(failure)
                }
                continuation.invokeOnCancellation {
                    output.cancel(message)
                } // here, so that the array is free when cancel returns
            }
        } catch (e: Throwable) { // cancelled; or there was no memory to wait; else the message is through
            output.cancel(message)
            throw e
        }
    }

    /** Short lines on their way, put together as far as the kernel keeps them whole. */
    private inner class LineBatch {
        private val bytes = ByteBuffer.allocate(WriteEnd.PIPE_BUF)

        suspend fun add(encoded: ByteArray) {
            if (encoded.size > bytes.remaining()) flush()
            if (encoded.size > bytes.remaining()) write(encoded) else bytes.put(encoded)
        }

        suspend fun flush() {
            if (bytes.position() > 0) {
                write(bytes.flip())
                bytes.clear()
            }
        }
    }

    private companion object {
        const val LINES_AHEAD = 64
        const val TRANSFER_SIZE = 64 shl 10
        const val SILENCE_NANOS = 500_000_000L
        const val PAUSE_NANOS = 10_000_000L
    }
}
