@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.loop.Readiness
import dev.aiopipe.engine.support.Delays
import java.io.IOException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.concurrent.TimeUnit
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.suspendCancellableCoroutine

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
