package dev.aiopipe

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** Where JNA's library keeps the code that it makes. */
private val LIBFFI = Regex("/tmp/ffi\\w* \\(deleted\\)")

/** What the numbers of this process stand for, but for files that the JVM loads classes from. */
fun openDescriptors(): List<String> =
    Files.list(Path.of("/proc/self/fd")).use { numbers ->
        numbers
            .toList()
            .mapNotNull { number ->
                try {
                    Files.readSymbolicLink(number).toString()
                } catch (_: IOException) {
                    null // the listing's own
                }
            }
            .filterNot {
                it.endsWith(".jar") || it.endsWith("/modules") || it.startsWith("/dev/") || LIBFFI.matches(it)
            }
    }

/** Waits for a state, by looking again and again; for at most half a minute. */
fun <T> awaitState(what: String, look: () -> T, isReached: (T) -> Boolean): T {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30)
    while (true) {
        val seen = look()
        if (isReached(seen)) return seen
        if (System.nanoTime() > deadline) throw AssertionError("not reached: $what; last seen: $seen")
        Thread.sleep(2)
    }
}

fun awaitState(what: String, isReached: () -> Boolean) {
    awaitState(what, isReached) { it }
}

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
