@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.SharedSecrets
import dev.aiopipe.engine.process.ChildSettings
import dev.aiopipe.engine.support.BlockingPool
import java.io.IOException
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.job
import kotlinx.coroutines.withContext

/**
 * Starts a child whose stdin, stdout and stderr are pipes to this process, read and written without threads. Streams
 * that the builder redirects stay redirected, and `redirectErrorStream` is honoured. The builder and [passing] are
 * copied when this is called, and never changed; they may be used again, or changed, at once.
 *
 * The child has blocking descriptors, as any program expects, and none of this process's others. The start itself
 * blocks for a millisecond or so, on a thread of this library.
 *
 * [passing] gives the child further descriptors: `mapOf(3 to tx)`. The numbers 0 to 2 replace the pipe of that stream:
 * its reader here is at its end, and its writer refuses writes. An end may stand under several numbers; starting the
 * child uses it up, also if the start fails. The numbers from 3 on need `/bin/sh`, which opens a descriptor anew by its
 * path under `/proc`; a socket, or a file that this process was started with, has no such path that leads to the same
 * place, and can only be passed under the number that it has here.
 *
 * *Cancellation:* a start that has not begun never runs, and one that has is waited for; then the child is killed, and
 * nothing is left behind.
 *
 * @param child how the child is started and ended; by default the exit of the JVM leaves it alone
 * @return to be closed, or [stopped][PipedProcess.stop]; [withPiped] does that by itself
 * @throws IOException naming the program, if it can't be started; nothing is left behind
 * @throws IllegalArgumentException if the command is empty, or a number of [passing] is not from 0 to 9, or names a
 *   stream that the builder redirects, or that the child uses in the other direction
 */
@Throws(IOException::class)
@JvmOverloads
public suspend fun ProcessBuilder.startPiped(
    passing: Map<Int, PipeEnd> = emptyMap(),
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
): PipedProcess = start(passing, options, child.settings(false))

@JvmSynthetic
internal suspend fun ProcessBuilder.start(
    passing: Map<Int, PipeEnd>,
    options: PipeOptions,
    settings: ChildSettings,
): PipedProcess {
    val start = SharedSecrets.get().start(this, passing, options, settings)
    closeIfCancelled { start.discard() }
    val child =
        try {
            blocking(BlockingPool.EXECUTOR) { PipedProcess(start.call(), options) }
        } catch (e: CancellationException) {
            start.discard()
            throw e
        }
    try {
        coroutineContext.ensureActive()
    } catch (e: CancellationException) {
        child.close()
        e.suppressing { withContext(NonCancellable) { child.stop(Duration.ZERO) } }
        throw e
    }
    return child
}

/** Does something else besides throwing this. */
@JvmSynthetic
internal inline fun Throwable.suppressing(block: () -> Unit) {
    try {
        block()
    } catch (e: IOException) {
        addSuppressed(e)
    }
}

/** The scope of [withPiped]'s block. The child is stopped after the coroutines that the block has launched in it. */
public interface PipedScope : CoroutineScope {
    /**
     * The scope of coroutines that go along with the child; the stop of the child does not wait for them. A collector
     * of its stderr reads on until that output ends, and is done when [withPiped] returns. A coroutine that is still
     * active a tenth of a second after the end of both outputs is cancelled, also if it works on lines that `buffer` or
     * `flowOn` has read ahead. If one of them fails, the block fails, too.
     */
    public val backgroundScope: CoroutineScope
}

private class Piped(block: CoroutineScope, override val backgroundScope: CoroutineScope) :
    PipedScope, CoroutineScope by block

/**
 * Starts a child as [startPiped] does and runs [block] with it: the form to use. Whichever way the block is left, the
 * child is [stopped][PipedProcess.stop] then and its pipes are closed. A grandchild that outlives it is not ended.
 *
 * Coroutines that the block launches belong to it, and are waited for. So those that read as long as there is output
 * are for the [backgroundScope][PipedScope.backgroundScope]:
 * ```
 * builder.withPiped { child ->
 *     backgroundScope.launch { child.stderr.lines().collect { log("worker: $it") } }
 *     child.stdin.writeLine("ping")
 *     child.stdout.readLine()
 * }
 * ```
 *
 * Left by its value, the block gives the child the whole [grace] after the end of its stdin, so that what it still
 * flushes is not cut off; then come SIGTERM and SIGKILL. Left by an exception or a cancellation, SIGTERM comes at once.
 * A reader in the background has the [grace], too, if a grandchild keeps the output open.
 *
 * *Cancellation:* the child is stopped all the same.
 *
 * @param child how the child is started and ended; by default an orderly exit of the JVM ends it
 * @param grace how long each step of the stop waits; wall-clock time
 * @return what the block returned
 * @throws IllegalArgumentException if the grace is negative; nothing is started
 * @throws IOException naming the program, if it can't be started; nothing is left behind. Or if the child lives on
 *   after SIGKILL
 */
@JvmName("withPiped")
public suspend fun <R> ProcessBuilder.withPiped(
    passing: Map<Int, PipeEnd> = emptyMap(),
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
    grace: Duration = 5.seconds,
    block: suspend PipedScope.(PipedProcess) -> R,
): R {
    require(!grace.isNegative()) { "grace < 0: $grace" }
    return start(passing, options, child.settings(true)).use { started ->
        inScope(grace, started::endWith) { block(started) }
    }
}

/** Ends one child, or the stages of a pipeline: within the graces, and after the readers in the background. */
private typealias End = suspend (readers: List<Job>, grace: Duration, stdinGrace: Duration) -> Unit

/**
 * Runs a block with a scope of its own and one for the background, and ends the child whichever way the block is left.
 */
@JvmSynthetic
internal suspend fun <R> inScope(grace: Duration, end: End, block: suspend PipedScope.() -> R): R = coroutineScope {
    val background = Job(coroutineContext.job)
    val backgroundScope = CoroutineScope(coroutineContext + background)
    val value =
        try {
            coroutineScope { Piped(this, backgroundScope).block() }
        } catch (e: Throwable) {
            e.suppressing { endAll(background) { end(it, grace, Duration.ZERO) } }
            throw e
        }
    endAll(background) { end(it, grace, grace) }
    value
}

private suspend fun endAll(background: Job, end: suspend (List<Job>) -> Unit) =
    withContext(NonCancellable) {
        try {
            end(background.children.toList())
        } finally {
            background.cancelAndJoin()
        }
    }

@JvmSynthetic
internal suspend fun PipedProcess.endWith(readers: List<Job>, grace: Duration, stdinGrace: Duration) {
    try {
        stop(grace, descendants = false, stdinGrace, patient = readers.isNotEmpty()) // they may not have begun yet
    } finally {
        if (readers.isNotEmpty()) awaitReaders(readers, grace)
    }
}
