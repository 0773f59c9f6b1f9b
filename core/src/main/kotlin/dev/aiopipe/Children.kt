@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.Blocking
import java.io.IOException
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.withContext

/**
 * Starts a child whose stdin, stdout and stderr are pipes to this process, read and written without threads. What the
 * builder redirects stays redirected, and `redirectErrorStream` is honoured. The builder and [passing] are copied when
 * this is called, and never changed; they may be used again, or changed, at once.
 *
 * The child has blocking descriptors, as any program expects, and none of this process's others. The start itself
 * blocks for a millisecond or so, on a thread of this library.
 *
 * *Cancellation:* a start that has not begun never runs, and one that has is waited for; then the child is killed, and
 * nothing is left behind.
 *
 * @return to be closed, or [stopped][PipedProcess.stop]; [withPiped] does that by itself
 * @throws IOException naming the program, if it can't be started; nothing is left behind
 * @throws IllegalArgumentException if the command is empty, or a number is not from 3 to 9
 */
@Throws(IOException::class)
@JvmOverloads
public suspend fun ProcessBuilder.startPiped(
    passing: Map<Int, PipeEnd> = emptyMap(),
    options: PipeOptions = PipeOptions.defaults(),
): PipedProcess {
    val start = PipedStart(this, passing, options)
    closeIfCancelled { start.discard() }
    val child =
        try {
            blocking(Blocking.EXECUTOR) { PipedProcess(start.call(), options) }
        } catch (e: CancellationException) {
            start.discard()
            throw e
        }
    if (!coroutineContext.isActive) {
        child.close()
        withContext(NonCancellable) { child.awaitExit() }
        coroutineContext.ensureActive()
    }
    return child
}

/**
 * Starts a child as [startPiped] does and runs [block] with it: the form to use. Coroutines that the block launches
 * belong to it, and are waited for. Whichever way the block is left, the child is [stopped][PipedProcess.stop] then,
 * and nothing of it stays.
 *
 * A child that reads its stdin to the end needs `stdin.close()` in the block if a launched coroutine waits for the end
 * of its output.
 *
 * *Cancellation:* the child is stopped all the same; that takes at most twice the [grace].
 *
 * @param grace how long each step of the stop waits; wall-clock time
 * @return what the block returned
 * @throws IllegalArgumentException if the grace is negative; nothing is started
 * @throws IOException naming the program, if it can't be started; nothing is left behind
 */
@JvmName("withPiped")
public suspend fun <R> ProcessBuilder.withPiped(
    passing: Map<Int, PipeEnd> = emptyMap(),
    options: PipeOptions = PipeOptions.defaults(),
    grace: Duration = 5.seconds,
    block: suspend CoroutineScope.(PipedProcess) -> R,
): R {
    require(!grace.isNegative()) { "grace < 0: $grace" }
    return startPiped(passing, options).use { child ->
        try {
            coroutineScope { block(child) }
        } finally {
            withContext(NonCancellable) { child.stop(grace) }
        }
    }
}
