package dev.aiopipe

import java.util.concurrent.TimeUnit.SECONDS
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertTrue

/** On which threads the coroutines of a test run, and which loop its streams have. */
enum class Threads {
    /** The shared loop and `Dispatchers.Default`: waits end on the loop's thread, reads go on elsewhere. */
    DEFAULT,
    /** A loop of one's own, on whose thread the coroutines run, too. */
    LOOP;

    /** Runs a test. What it starts may fail without ending it. */
    fun run(block: suspend CoroutineScope.(PipeLoop) -> Unit) {
        if (this == DEFAULT) {
            runBlocking(Dispatchers.Default) { limited { block(PipeLoop.shared()) } }
        } else {
            PipeLoop.create("aiopipe-test").use { loop -> runBlocking(loop.dispatcher) { limited { block(loop) } } }
        }
    }

    private suspend fun limited(block: suspend CoroutineScope.() -> Unit) =
        withTimeout(LONGEST) { supervisorScope(block) }

    private companion object {
        val LONGEST = (java.lang.Long.getLong("aiopipe.longest") ?: 20L).seconds
    }
}

/** Starts what has to wait, and sees that it does. */
fun <T> CoroutineScope.waiting(block: suspend CoroutineScope.() -> T): Deferred<T> {
    val started = async(start = CoroutineStart.UNDISPATCHED, block = block)
    assertTrue(started.isActive) { "did not wait: $started" }
    return started
}

/** Starts what may have to wait. */
fun <T> CoroutineScope.alongside(block: suspend CoroutineScope.() -> T): Deferred<T> =
    async(start = CoroutineStart.UNDISPATCHED, block = block)

/** Waits for a state that nobody reports. */
suspend fun eventually(what: String, condition: () -> Boolean) {
    val deadline = System.nanoTime() + SECONDS.toNanos(10)
    while (!condition()) {
        assertTrue(System.nanoTime() < deadline) { "still not: $what" }
        yield()
    }
}

/** The failure of what was started. */
suspend fun failureOf(started: Deferred<*>): Throwable? = runCatching { started.await() }.exceptionOrNull()

/** A gate that one opens for others. */
fun gate() = CompletableDeferred<Unit>()

/** As [org.junit.jupiter.api.assertThrows], for what suspends. */
suspend inline fun <reified T : Throwable> assertThrowsSuspending(crossinline block: suspend () -> Unit): T {
    try {
        block()
    } catch (e: Throwable) {
        if (e is T) return e
        throw AssertionError("${T::class.java.name} was expected", e)
    }
    throw AssertionError("nothing was thrown; expected: ${T::class.java.name}")
}
