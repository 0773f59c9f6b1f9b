package dev.aiopipe

import dev.aiopipe.engine.Input
import dev.aiopipe.engine.Readiness
import dev.aiopipe.engine.Stop
import dev.aiopipe.engine.Take
import java.io.IOException
import java.nio.channels.ClosedChannelException
import java.nio.channels.ReadPendingException
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.yield

/** A read that has begun, and found too little: waits and tries again, until there is a value. */
@JvmSynthetic
internal suspend fun <T> Input.goOn(take: Take<T>): T {
    while (true) {
        var wait: Wait? = null
        try {
            wait = Wait(this, take)
            suspendCancellableCoroutine<Unit> { continuation -> wait.on(continuation) }
        } catch (e: Throwable) {
            if (wait?.hasBegun == true) abandon(wait) else quit()
            throw e
        }
        val value =
            try {
                proceed(wait, take)
            } catch (e: IllegalStateException) {
                coroutineContext.ensureActive() // cancelled a moment ago, and another read did not wait for us
                throw e
            }
        @Suppress("UNCHECKED_CAST") if (value !== Take.MORE) return value as T
    }
}

/** Reads what nobody wants, and closes in the end; unless somebody else is reading, or comes to read in time. */
@JvmSynthetic
internal suspend fun Input.drainUnread() {
    val drainage =
        try {
            drain()
        } catch (_: ReadPendingException) {
            return
        } catch (_: ClosedChannelException) {
            return
        }
    try {
        if (drainage.wasRead()) delay(Stop.PATIENCE_MILLIS)
        do {
            val dropped = start(drainage, drainage)
            val count = if (dropped !== Take.MORE) dropped else goOn(drainage)
            yield() // a child may write without end
        } while (count != 0)
    } catch (e: CancellationException) {
        throw e
    } catch (_: IllegalStateException) {
        return // somebody has come to read
    } catch (_: IOException) {
        return // closed by its user, or failed
    } finally {
        endDrain(drainage)
    }
}

/** One wait of one read. A cancellation frees the read slot at once, not when the coroutine gets to run. */
private class Wait(private val input: Input, private val take: Take<*>) : Readiness.Waiter {
    private lateinit var continuation: CancellableContinuation<Unit>

    /** From then on no cancellation comes to this, and the read slot is free only when the coroutine gets to run. */
    @Volatile private var woken = false

    /** From then on the read slot is the wait's, also if that can't begin. */
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

    override fun wake() {
        woken = true
        continuation.resume(Unit)
    }

    override fun yields() = take.yields()

    override fun isGivenUp() = woken && continuation.context[Job]?.isCancelled == true
}
