package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.nio.channels.ClosedChannelException
import java.nio.channels.ReadPendingException
import java.nio.file.Path
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** A refused [PipedProcess.communicate] has taken nothing. */
@ExtendWith(NothingLeft::class)
class CommunicateTest {
    private val input = "input".toByteArray()

    @Test
    @DisplayName("P22 refused beside a reader of stderr, it leaves the bytes of stdout readable, and stdin open")
    fun besideReader() =
        runBlocking<Unit> {
            sh("echo out; read line; echo \$line >&2").startPiped().use { child ->
                child.stdout.request(4)
                val reader = async(start = CoroutineStart.UNDISPATCHED) { child.stderr.readLine() }
                assertThrowsSuspending<ReadPendingException> { child.communicate(input) }
                assertEquals("out", child.stdout.readLine())
                child.stdin.writeLine("line")
                assertEquals("line", reader.await())
                assertEquals(0, child.stop())
            }
        }

    @Test
    @DisplayName("P22 a second one is refused, and the first one gets every byte")
    fun second(@TempDir directory: Path) =
        runBlocking<Unit> {
            val gate = directory.fifo()
            sh("echo first; read line <$gate; echo \$line").startPiped().use { child ->
                child.stdout.request(1)
                val first = async(start = CoroutineStart.UNDISPATCHED) { child.communicate() }
                assertThrowsSuspending<ReadPendingException> { child.communicate() }
                gate.toFile().writeText("last\n")
                assertEquals("first\nlast\n", first.await().stdoutText())
            }
        }

    @Test
    @DisplayName("P22 refused for a stdin that is redirected, or closed, it leaves the output readable")
    fun stdinOfOthers() =
        runBlocking<Unit> {
            val builder = sh("echo out; exec sleep 1000")
            builder.startPiped().use { child ->
                child.stdout.request(1)
                child.stdin.close()
                assertThrowsSuspending<ClosedChannelException> { child.communicate(input) }
                assertEquals("out", child.stdout.readLine())
            }
            builder.redirectInput(File("/dev/null")).startPiped().use { child ->
                child.stdout.request(1)
                assertThrowsSuspending<IllegalStateException> { child.communicate(input) }
                assertEquals("out", child.stdout.readLine())
            }
        }
}
