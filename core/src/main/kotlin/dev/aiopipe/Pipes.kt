@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.support.CloseOnce
import java.io.IOException
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.future.await
import kotlinx.coroutines.isActive

/**
 * Makes a pipe: `val (rx, tx) = aioPipe()`.
 *
 * @sample dev.aiopipe.samples.pipe
 * @throws IOException if the system has no descriptor left
 */
@Throws(IOException::class) public fun aioPipe(): AioPipe = AioPipe.create()

/**
 * Makes two pipes, one for each direction: `val (mine, theirs) = aioDuplex()`. The bytes that one side writes are read
 * by the other side.
 *
 * @sample dev.aiopipe.samples.duplex
 * @throws IOException if the system has no descriptor left
 */
@Throws(IOException::class) public fun aioDuplex(): AioDuplex = AioDuplex.create()

/** The end to read from. */
@get:JvmSynthetic
public val AioPipe.rx: ReadEnd
    get() = rx()

/** The end to write to. */
@get:JvmSynthetic
public val AioPipe.tx: WriteEnd
    get() = tx()

/** The end to read from: the bytes that the other side writes. */
@get:JvmSynthetic
public val DuplexEnd.rx: ReadEnd
    get() = rx()

/** The end to write to: the bytes go to the other side. */
@get:JvmSynthetic
public val DuplexEnd.tx: WriteEnd
    get() = tx()

/** The side of this process. */
@get:JvmSynthetic
public val AioDuplex.mine: DuplexEnd
    get() = mine()

/** The side of the child, or of another part of this process. */
@get:JvmSynthetic
public val AioDuplex.theirs: DuplexEnd
    get() = theirs()

/**
 * Opens the end for reading. The reader must be closed.
 *
 * *Cancellation:* the end is closed and nothing is left behind.
 *
 * @throws IllegalStateException if the end was used or closed already
 * @throws IOException if it can't be opened; then nothing is left behind
 */
@Throws(IOException::class)
@JvmOverloads
public suspend fun ReadEnd.open(options: PipeOptions = PipeOptions.defaults()): PipeReader {
    closeIfCancelled { discard() }
    return PipeReader(openInput(options).awaitOpen { it.close() }, options)
}

/**
 * Opens the end for writing. The writer must be closed.
 *
 * *Cancellation:* the end is closed and nothing is left behind.
 *
 * @throws IllegalStateException if the end was used or closed already
 * @throws IOException if it can't be opened; then nothing is left behind
 */
@Throws(IOException::class)
@JvmOverloads
public suspend fun WriteEnd.open(options: PipeOptions = PipeOptions.defaults()): PipeWriter {
    closeIfCancelled { discard() }
    return PipeWriter(openOutput(options).awaitOpen { it.abort() }, options)
}

/**
 * Copies what each of two sides sends to the other, as a proxy does. When one side has ended, the writer to the other
 * one is closed; this returns when both have ended. Opens both ends, and closes them in any case.
 *
 * *Cancellation, failure:* both sides are closed at once.
 *
 * @param options of all four streams
 * @return how many bytes were copied
 * @throws IllegalStateException if an end was used or closed already
 * @throws IOException if a stream fails: [BrokenPipeException] if a side takes nothing more, for example
 */
@Throws(IOException::class)
@JvmOverloads
public suspend fun DuplexEnd.copyBidirectional(
    other: DuplexEnd,
    options: PipeOptions = PipeOptions.defaults(),
): CopyTotals {
    var opened = CloseOnce.both(::close, other::close)
    try {
        val mine = rx.open(options).also { opened = CloseOnce.both(it::close, opened) }
        val theirs = other.rx.open(options).also { opened = CloseOnce.both(it::close, opened) }
        val toMe = tx.open(options).also { opened = CloseOnce.both(it::abort, opened) }
        val toThem = other.tx.open(options).also { opened = CloseOnce.both(it::abort, opened) }
        return coroutineScope {
            val sent = async { mine.copyAll(toThem) }
            val received = async { theirs.copyAll(toMe) }
            CopyTotals(sent.await(), received.await())
        }
    } finally {
        opened.close()
    }
}

private suspend fun PipeReader.copyAll(target: PipeWriter): Long {
    val count = transferTo(target)
    target.close()
    target.awaitClosed()
    return count
}

private suspend fun <T> CompletableFuture<T>.awaitOpen(discard: (T) -> Unit): T =
    try {
        await()
    } catch (e: CancellationException) {
        cancel(false)
        // It may have been complete before.
        thenAccept(discard)
        throw e
    }

@JvmSynthetic
internal suspend fun closeIfCancelled(resource: AutoCloseable) {
    if (!coroutineContext.isActive) {
        resource.close()
        coroutineContext.ensureActive()
    }
}
