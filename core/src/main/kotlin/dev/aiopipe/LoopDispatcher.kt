@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel

/**
 * Runs coroutines on the loop's own thread, as asyncio does: a read that waits costs no change of thread. The
 * coroutines must not block. A closed loop cancels every coroutine that is dispatched to it, as other closed
 * dispatchers do.
 *
 * @sample dev.aiopipe.samples.onTheLoop
 */
public val PipeLoop.dispatcher: CoroutineDispatcher
    get() = LoopDispatcher(this)

private class LoopDispatcher(private val loop: PipeLoop) : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        try {
            loop.engine().execute(block)
        } catch (e: RejectedExecutionException) {
            // As the dispatchers of kotlinx.coroutines do: the coroutine is cancelled, and ends on another thread.
            context.cancel(CancellationException("$loop is closed", e))
            Dispatchers.IO.dispatch(context, block)
        }
    }

    override fun equals(other: Any?): Boolean = other is LoopDispatcher && other.loop === loop

    override fun hashCode(): Int = loop.hashCode()

    override fun toString(): String = loop.toString()
}
