package dev.aiopipe

import java.util.Random
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/**
 * Trials in which chance decides when something is cancelled. `-Daiopipe.cancellations=1000000` makes more of them,
 * `-Daiopipe.seed=…` repeats the choices of one run (what the threads make of them stays theirs).
 */
class RandomTrials(scope: CoroutineScope, seed: Long, private val context: CoroutineContext) : CoroutineScope by scope {
    val random = Random(seed)

    /** Starts what may be cancelled; the caller goes on at the same time. */
    fun trial(block: suspend CoroutineScope.() -> Unit): Job {
        val start = if (random.nextInt(3) == 0) CoroutineStart.UNDISPATCHED else CoroutineStart.DEFAULT
        return launch(context, start, block)
    }

    /** Lets some microseconds pass, or none. */
    fun pause() = repeat(random.nextInt(PAUSES[random.nextInt(PAUSES.size)])) { Thread.onSpinWait() }

    companion object {
        private val PAUSES = intArrayOf(1, 1, 30, 300, 1_000)

        val COUNT: Int = Integer.getInteger("aiopipe.cancellations", 10_000)

        /** Runs trials whose coroutines run where [threads] says, and gives them a loop. */
        fun run(threads: Threads, block: suspend RandomTrials.(PipeLoop) -> Unit) {
            val seed = java.lang.Long.getLong("aiopipe.seed") ?: System.nanoTime()
            try {
                PipeLoop.create("aiopipe-test").use { loop ->
                    val context = if (threads == Threads.LOOP) loop.dispatcher else Dispatchers.Default
                    runBlocking {
                        withTimeout((50 + COUNT / 1_000).seconds) { RandomTrials(this, seed, context).block(loop) }
                    }
                }
            } catch (e: Throwable) {
                throw AssertionError("with -Daiopipe.seed=$seed: $e", e)
            }
        }
    }
}
