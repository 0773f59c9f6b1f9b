package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.Programs.jvm
import kotlin.concurrent.thread
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

/** A program whose shutdown hook uses streams that were opened before the exit. */
object ExitingProgram {
    @JvmStatic
    fun main(args: Array<String>) {
        val (rx, tx) = aioPipe()
        val (reader, writer) = runBlocking { rx.open() to tx.open() }
        val hook =
            thread(start = false) {
                val loop = Thread.getAllStackTraces().keys.single { it.name == "aiopipe-loop" }
                Await.until(loop, Thread.State.TIMED_WAITING)
                println("waits in Java")
                runBlocking {
                    launch { println(reader.readLine()) }
                    yield()
                    writer.writeLine("served")
                }
            }
        Runtime.getRuntime().addShutdownHook(hook)
        if (args.isNotEmpty()) System.exit(0)
    }
}

@Timeout(60)
class ShutdownGuardTest {
    @Test
    @DisplayName(
        "E14 while the JVM exits the loop is not in native code, which would delay the exit, and serves other hooks"
    )
    fun mainReturns() = assertEquals(listOf("waits in Java", "served"), outputOf())

    @Test
    @DisplayName("E14 the loop is in Java and serves other hooks also during System.exit")
    fun systemExit() = assertEquals(listOf("waits in Java", "served"), outputOf("exit"))

    private fun outputOf(vararg args: String): List<String> {
        val program = jvm(ExitingProgram::class.java, *args).redirectErrorStream(true).start()
        val lines = program.inputStream.bufferedReader().readLines()
        assertEquals(0, program.waitFor(), "$lines")
        return lines
    }
}
