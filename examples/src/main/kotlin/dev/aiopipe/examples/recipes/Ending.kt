package dev.aiopipe.examples.recipes

import dev.aiopipe.ChildOptions
import dev.aiopipe.PipedProcess
import dev.aiopipe.startPiped
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.LAZY
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking

// docs/recipes.md shows each block between the markers; ReadmeTest compares the two, and RecipesTest runs them.

// begin
suspend fun stopSoon(child: PipedProcess): Int = child.stop(grace = 1.seconds, stdinGrace = Duration.ZERO)

// end

// begin
suspend fun startForLife(program: ProcessBuilder): PipedProcess =
    program.startPiped(child = ChildOptions.defaults().withStopAtExit(true))

fun runUntilExit(work: suspend CoroutineScope.() -> Unit) {
    val running = CoroutineScope(Dispatchers.Default).async(start = LAZY, block = work) // first the hook
    Runtime.getRuntime().addShutdownHook(thread(start = false) { runBlocking { running.cancelAndJoin() } })
    try {
        runBlocking { running.await() }
    } catch (_: CancellationException) {
        println("cancelled") // the JVM exits now, and waits for the hook, which waits for the work
    }
}

// end
