@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.loop.Readiness
import dev.aiopipe.engine.support.Delays
import java.io.IOException
import java.nio.channels.Channel
import java.nio.channels.SelectableChannel
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.suspendCoroutine
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.future.await
import kotlinx.coroutines.isActive
import kotlinx.coroutines.suspendCancellableCoroutine

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

/**
 * Accepts a connection, without blocking: for [DuplexEnd.of]. The channel becomes non-blocking. One call at a time.
 *
 * *Cancellation:* nothing is accepted. To stop a server, cancel this, or close the channel, which shows within 0.1 s.
 *
 * @param loop waits for connections
 * @throws java.nio.channels.AcceptPendingException if another call waits
 * @throws java.nio.channels.ClosedChannelException if the channel is closed
 * @throws IOException if the loop ends
 */
@Throws(IOException::class)
@JvmOverloads
public suspend fun ServerSocketChannel.acceptConnection(loop: PipeLoop = PipeLoop.shared()): SocketChannel {
    coroutineContext.ensureActive()
    configureBlocking(false)
    accept()?.let {
        return it
    }
    val engine = loop.engine()
    val readiness = engine.acceptable(this)
    try {
        while (true) {
            accept()?.let {
                return it
            }
            suspendCancellableCoroutine<Unit> { continuation ->
                val waiter = Readiness.Waiter { continuation.resume(Unit) }
                if (readiness.await(waiter)) {
                    continuation.invokeOnCancellation { readiness.cancel(waiter) }
                    wakeIfClosed(readiness, waiter, continuation)
                } else {
                    continuation.resume(Unit)
                }
            }
            readiness.closeCause()?.let { throw IOException("$loop is closed", it) }
        }
    } finally {
        engine.forget(this)
    }
}

/** Whoever closes a channel that a selector watches tells nobody, so that is looked for. */
private fun ServerSocketChannel.wakeIfClosed(
    readiness: Readiness,
    waiter: Readiness.Waiter,
    continuation: CancellableContinuation<Unit>,
) {
    val look = Runnable {
        when {
            !continuation.isActive -> return@Runnable
            isOpen -> wakeIfClosed(readiness, waiter, continuation)
            readiness.cancel(waiter) -> waiter.wake()
        }
    }
    Delays.run(look, A_MOMENT_NANOS)
}

private val A_MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(100)

/**
 * Runs coroutines on the loop's own thread, as asyncio does: a read that waits costs no change of thread. They must not
 * block. A closed loop runs none: what is to run on it is cancelled, as with every dispatcher that was closed.
 */
public val PipeLoop.dispatcher: CoroutineDispatcher
    get() = LoopDispatcher(this)

private class LoopDispatcher(private val loop: PipeLoop) : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        try {
            loop.engine().execute(block)
        } catch (e: RejectedExecutionException) {
            // as the dispatchers of kotlinx.coroutines do: the coroutine is cancelled, and ends elsewhere
            context.cancel(CancellationException("$loop is closed", e))
            Dispatchers.IO.dispatch(context, block)
        }
    }

    override fun equals(other: Any?): Boolean = other is LoopDispatcher && other.loop === loop

    override fun hashCode(): Int = loop.hashCode()

    override fun toString(): String = loop.toString()
}

/**
 * Runs a block that may block its thread. If this is cancelled before the block has begun, the block never runs; once
 * it has begun it is waited for, whatever is cancelled meanwhile, so that its outcome is not lost.
 *
 * @throws CancellationException only if the block never ran, or has thrown it
 */
@JvmSynthetic
internal suspend fun <T> blocking(executor: Executor, block: () -> T): T {
    val task = BlockingTask(block)
    try {
        suspendCancellableCoroutine<Unit> { continuation ->
            task.outcome.thenRun { continuation.resume(Unit) }
            executor.execute(task)
        }
    } catch (e: CancellationException) {
        if (task.withdraw()) throw e
        suspendCoroutine<Unit> { continuation -> task.outcome.thenRun { continuation.resume(Unit) } }
    }
    return task.outcome.join().getOrThrow()
}

private class BlockingTask<T>(private val block: () -> T) : Runnable {
    private val begun = AtomicBoolean()
    val outcome = CompletableFuture<Result<T>>()

    /** True if the block never runs. */
    fun withdraw() = begun.compareAndSet(false, true)

    override fun run() {
        if (begun.compareAndSet(false, true)) outcome.complete(runCatching(block))
    }
}

@JvmSynthetic
internal suspend fun closeIfCancelled(resource: AutoCloseable) {
    if (!coroutineContext.isActive) {
        resource.close()
        coroutineContext.ensureActive()
    }
}

@JvmSynthetic
internal fun requireBlocking(channel: Channel) =
    require(channel !is SelectableChannel || channel.isBlocking) { "channel is in non-blocking mode: $channel" }
