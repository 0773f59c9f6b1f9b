@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import java.io.IOException
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.coroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.future.await
import kotlinx.coroutines.isActive

/**
 * Makes a pipe: `val (rx, tx) = aioPipe()`.
 *
 * @throws IOException if the system has no descriptor left
 */
@Throws(IOException::class) public fun aioPipe(): AioPipe = AioPipe.create()

/**
 * Makes two pipes, one for each direction: `val (mine, theirs) = aioDuplex()`. What is written to the one is read from
 * the other.
 *
 * @throws IOException if the system has no descriptor left
 */
@Throws(IOException::class)
public fun aioDuplex(): Pair<DuplexEnd, DuplexEnd> {
    val there = aioPipe()
    val back =
        try {
            aioPipe()
        } catch (e: IOException) {
            there.close()
            throw e
        }
    return Pair(DuplexEnd(back.rx(), there.tx()), DuplexEnd(there.rx(), back.tx()))
}

/**
 * Opens the end for reading. The reader is to be closed.
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
 * Opens the end for writing. The writer is to be closed.
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

private suspend fun <T> CompletableFuture<T>.awaitOpen(discard: (T) -> Unit): T =
    try {
        await()
    } catch (e: CancellationException) {
        cancel(false)
        thenAccept(discard) // it was complete before
        throw e
    }

@JvmSynthetic
internal suspend fun closeIfCancelled(resource: AutoCloseable) {
    if (!coroutineContext.isActive) {
        resource.close()
        coroutineContext.ensureActive()
    }
}
