package dev.aiopipe.examples

import dev.aiopipe.examples.recipes.Ending
import dev.aiopipe.examples.recipes.Streams
import dev.aiopipe.examples.recipes.askThenRun
import dev.aiopipe.examples.recipes.confirm
import dev.aiopipe.examples.recipes.runUntilExit
import dev.aiopipe.examples.recipes.startForLife
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking

/** Recipes that need a JVM of their own, as they read its stdin or end with it. */
fun main(args: Array<String>) {
    val recipe = args[0]
    val rest = args.drop(1)
    when (recipe) {
        "confirm" -> println(runBlocking { confirm("sure?", rest[0].toDouble().seconds) })
        "confirm in Java" -> println(Streams.confirm("sure?", rest[0].toDouble().seconds.toJavaDuration()))
        "ask then run" -> println(runBlocking { askThenRun { file -> ProcessBuilder(rest + "$file") } })
        "start for life" -> waitAfter(runBlocking { startForLife(ProcessBuilder(rest)).process.pid() })
        "start for life in Java" -> waitAfter(Ending.startForLife(ProcessBuilder(rest)).join().process().pid())
        "run until exit" ->
            runUntilExit {
                try {
                    println("at work")
                    awaitCancellation()
                } finally {
                    println("cleaned up")
                }
            }
    }
}

private fun waitAfter(pid: Long) {
    println(pid)
    Thread.currentThread().join()
}
