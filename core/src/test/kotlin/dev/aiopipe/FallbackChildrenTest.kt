package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import java.nio.channels.AsynchronousCloseException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

/** Reads that wait while a child is ended. */
@ExtendWith(NothingLeft::class)
class FallbackChildrenTest {
    @ParameterizedTest
    @ValueSource(booleans = [true, false])
    @DisplayName("a read that waits during stop, destroy or close gets the last words, the end, or the close")
    fun endings(fallback: Boolean) =
        runBlocking<Unit> {
            val program = jvm(EndingProgram::class.java)
            program.command().add(1, "-Ddev.aiopipe.fallback=$fallback")
            val lines = program.redirectErrorStream(true).withPiped { it.stdout.lines().toList() }
            assertEquals(listOf("3 bye", "null", AsynchronousCloseException::class.java.simpleName, "137"), lines)
        }
}

/** The program. */
object EndingProgram {
    @JvmStatic
    fun main(args: Array<String>) = runBlocking {
        val polite = sh("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done")
        polite.startPiped().use { child ->
            child.stdout.readLine()
            val words = async(start = CoroutineStart.UNDISPATCHED) { child.stdout.readText() }
            val code = child.stop(1.hours, stdinGrace = Duration.ZERO)
            println("$code ${words.await().trim()}")
        }
        ProcessBuilder("cat").startPiped().use { child ->
            val line = async(start = CoroutineStart.UNDISPATCHED) { child.stdout.readLine() }
            child.process.destroy()
            println(line.await())
        }
        ProcessBuilder("cat").startPiped().use { child ->
            val line = async(start = CoroutineStart.UNDISPATCHED) { runCatching { child.stdout.readLine() } }
            child.close()
            println(line.await().exceptionOrNull()?.javaClass?.simpleName)
            println(child.awaitExit())
        }
    }
}
