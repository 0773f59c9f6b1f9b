@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.loop.Acceptor
import java.io.IOException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Accepts a connection, to be used by [DuplexEnd.of]. Suspends until there is one. The channel becomes non-blocking.
 * One call at a time.
 *
 * *Cancellation:* nothing is accepted. To stop a server, cancel this call or close the channel; the call notices the
 * close within 0.1 s.
 *
 * @sample dev.aiopipe.samples.accept
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
    Acceptor(this, loop.engine()).use { acceptor ->
        while (true) {
            acceptor.accept()?.let {
                return it
            }
            suspendCancellableCoroutine<Unit> { continuation ->
                val wait = acceptor.await { continuation.resume(Unit) }
                if (wait == null) continuation.resume(Unit) else continuation.invokeOnCancellation { wait.cancel() }
            }
        }
    }
}
