package dev.aiopipe

import dev.aiopipe.engine.read.BusyReader
import dev.aiopipe.engine.read.Input
import dev.aiopipe.engine.read.ReadOp
import dev.aiopipe.engine.read.ReadWaiter
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.Job
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.suspendCancellableCoroutine

/** Goes on with a read that has begun and found too little: waits and tries again, until there is a value. */
@JvmSynthetic
internal suspend fun <T> Input.awaitValue(op: ReadOp<T>): T {
    while (true) {
        var wait: Wait? = null
        try {
            wait = Wait(this, op)
            suspendCancellableCoroutine<Unit> { continuation -> wait.on(continuation) }
        } catch (e: Throwable) {
            if (wait?.hasBegun == true) abandon(wait) else abandon()
            throw e
        }
        val value =
            try {
                proceed(wait, op)
            } catch (e: IllegalStateException) {
                coroutineContext.ensureActive() // cancelled a moment ago, and another read did not wait for us
                throw e
            }
        @Suppress("UNCHECKED_CAST") if (value !== ReadOp.MORE) return value as T
    }
}

/** One wait of one read. A cancellation frees the read slot at once, not when the coroutine gets to run. */
private class Wait(private val input: Input, private val op: ReadOp<*>) : ReadWaiter {
    private lateinit var continuation: CancellableContinuation<Unit>

    /** From then on no cancellation reaches this, and the read slot stays taken until the coroutine gets to run. */
    @Volatile private var woken = false

    /** From then on the read slot belongs to the wait, even if the wait can't begin. */
    var hasBegun = false
        private set

    fun on(continuation: CancellableContinuation<Unit>) {
        this.continuation = continuation
        hasBegun = true
        if (input.await(this)) {
            continuation.invokeOnCancellation { input.abandon(this) }
        } else {
            wake()
        }
    }

    override fun input() = input

    override fun op() = op

    override fun wake() {
        woken = true
        continuation.resume(Unit)
    }

    override fun isGivenUp() = woken && continuation.context[Job]?.isCancelled == true
}

/** A collector that stops the child itself waits for the stop, and reads nothing meanwhile. */
internal class Collecting(private val job: Job?) : BusyReader {
    override fun readsOn(stopper: Any?) = job !== stopper
}
