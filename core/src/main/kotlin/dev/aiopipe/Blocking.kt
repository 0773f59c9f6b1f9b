package dev.aiopipe

import dev.aiopipe.engine.support.BlockingPool
import java.nio.channels.Channel
import java.nio.channels.SelectableChannel
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.suspendCoroutine
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Runs a block that may block its thread. If the coroutine is cancelled before the block has begun, the block never
 * runs. Once it has begun this waits for it, cancelled or not, so that its outcome is not lost.
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

    /** Returns true if the block never runs. */
    fun withdraw() = begun.compareAndSet(false, true)

    override fun run() {
        if (begun.compareAndSet(false, true)) outcome.complete(runCatching(block))
    }
}

/**
 * Runs coroutines on the engine's threads for blocking calls. A coroutine that is suspended holds none of them; if none
 * can be started, it goes on a little later.
 */
internal object BlockingDispatcher : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) = BlockingPool.run(block)
}

@JvmSynthetic
internal fun requireBlocking(channel: Channel) =
    require(channel !is SelectableChannel || channel.isBlocking) { "channel is in non-blocking mode: $channel" }
