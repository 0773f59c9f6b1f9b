package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.nio.file.Path
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class PassedFifoTest {
    @Test
    fun startDoesNotWaitForTheOtherSideOfAFifo(@TempDir directory: Path) =
        runBlocking<Unit> {
            val there = directory.fifo("it's there")
            val back = directory.fifo("back")
            val (rx, tx) = aioPipe()
            val passing = mapOf(3 to ReadEnd.fifo(there), 4 to WriteEnd.fifo(back), 5 to tx)
            ProcessBuilder("sh", "-c", "read line <&3; echo \"\$line\" >&4; echo \"\$line\" >&5")
                .startPiped(passing)
                .use { child ->
                    WriteEnd.fifo(there).open().use { it.writeLine("hi") }
                    ReadEnd.fifo(back).open().use { reader -> assertEquals("hi", reader.readLine()) }
                    rx.open().use { reader -> assertEquals("hi", reader.readLine()) }
                    assertEquals(0, child.awaitExit())
                }
        }

    companion object {
        /** Keeps a file of its own open. */
        @JvmStatic
        @BeforeAll
        fun loadJna() =
            runBlocking<Unit> {
                aioPipe().use { it.tx().open(PipeOptions.defaults().withCapacity(WriteEnd.PIPE_BUF)).close() }
            }
    }
}
