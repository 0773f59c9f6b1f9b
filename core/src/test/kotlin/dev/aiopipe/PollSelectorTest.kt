package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** Where the JDK's selector has no epoll the numbers of channels can't be found: threads do what needs them. */
@ExtendWith(NothingLeft::class)
class PollSelectorTest {
    @Test
    @DisplayName("with the selector of poll children are started, stdin is read, a pipe works")
    fun pollSelector() =
        runBlocking<Unit> {
            val program = jvm(Program::class.java)
            program.command().add(1, "-Djava.nio.channels.spi.SelectorProvider=sun.nio.ch.PollSelectorProvider")
            val output =
                program.redirectErrorStream(true).withPiped { child ->
                    child.stdin.use { it.writeLine("hello") }
                    child.stdout.lines().toList()
                }
            assertEquals(listOf("child: cat", "pipe: line", "stdin: hello THREAD"), output)
        }

    object Program {
        @JvmStatic
        fun main(args: Array<String>) =
            runBlocking<Unit> {
                ProcessBuilder("cat").startPiped().use { cat ->
                    cat.stdin.writeLine("cat")
                    println("child: ${cat.stdout.readLine()}")
                    cat.stop()
                }
                val (rx, tx) = aioPipe()
                val reader = rx.open()
                val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                tx.open().use { it.writeLine("line") }
                println("pipe: ${line.await()}")
                reader.close()
                ReadEnd.stdin().open().use { println("stdin: ${it.readLine()} ${it.mode}") }
            }
    }
}
