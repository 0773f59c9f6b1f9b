package dev.aiopipe

import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.jvm
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.Assertions.assertTrue

/** A JVM that runs [AdoptingProgram]. */
fun adopting(vararg arguments: String, fallback: Boolean = false, classPath: String? = null): ProcessBuilder {
    val builder = jvm(AdoptingProgram::class.java, *arguments)
    val command = builder.command()
    command.add(1, "-Ddev.aiopipe.fallback=$fallback")
    if (classPath != null) command[command.indexOf("-cp") + 1] = classPath
    return builder
}

/** The same program, started by a shell that sets its descriptors up: [script] ends in `"$@"`. */
fun ProcessBuilder.under(script: String, shell: String = "sh"): ProcessBuilder = also {
    it.command(listOf(shell, "-c", script, shell) + it.command())
}

/** What descriptors 0, 1 and 2 of a process are flagged with. */
fun flagsOf(pid: Long) = (0..2).map { Posix.flags(pid, it) }

/** Lets time pass while the loop has nothing to do, and looks how much its thread works nevertheless. */
fun assertQuiet(loopThread: String) {
    val thread = Thread.getAllStackTraces().keys.single { it.name == loopThread }
    val management = java.lang.management.ManagementFactory.getThreadMXBean()
    @Suppress("DEPRECATION") val cpuNanos = { management.getThreadCpuTime(thread.id) }
    val cpuBefore = cpuNanos()
    val begin = System.nanoTime()
    while (System.nanoTime() - begin < 200_000_000) java.util.concurrent.locks.LockSupport.parkNanos(10_000_000)
    val spent = cpuNanos() - cpuBefore
    assertTrue(spent < (System.nanoTime() - begin) / 4) { "$loopThread worked for $spent ns while there was nothing" }
}

/** The mode of a reader of stdin once its adoption is through. A read that finds nothing begins that. */
suspend fun PipeReader.settledMode(): ReadMode {
    if (!java.lang.Boolean.getBoolean("dev.aiopipe.fallback")) {
        withTimeoutOrNull(3.seconds) {
            while (mode == ReadMode.THREAD) {
                runCatching { withTimeoutOrNull(5.milliseconds) { requestLine() } }
                delay(5.milliseconds)
            }
        }
    }
    return mode
}

/** A path within a directory of the test. */
fun Path.fifo(name: String = "fifo"): Path = resolve(name).also(Posix::makeFifo)

/** What a failure says at the bottom of its causes: coroutines put a copy of an exception on top of it. */
fun rootMessage(failure: Result<*>): String? =
    generateSequence(failure.exceptionOrNull()) { it.cause }.lastOrNull()?.message
