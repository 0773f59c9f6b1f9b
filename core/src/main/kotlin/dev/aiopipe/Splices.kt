package dev.aiopipe

import dev.aiopipe.engine.read.ReadTransaction
import dev.aiopipe.engine.splice.Splicing
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Moves bytes within the kernel, if it is time for that.
 *
 * @return how many were moved; the transfer goes on with a read and a write, unless that was its [count]
 */
internal suspend fun Splicing.move(transaction: ReadTransaction, count: Long): Long {
    coroutineContext.ensureActive()
    val run = next(transaction, count) ?: return 0
    try {
        val moved =
            suspendCancellableCoroutine<Long> { continuation ->
                run.begin { moved, failure ->
                    if (failure == null) continuation.resume(moved) else continuation.resumeWithException(failure)
                }
                continuation.invokeOnCancellation { run.cancel() } // here, so that the reader is free at once
            }
        spliced(moved)
        return moved
    } catch (e: Throwable) { // cancelled; or there was no memory to wait; else the run is over
        run.cancel()
        throw e
    }
}
