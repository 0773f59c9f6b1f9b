package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource

/** Room in a pipe, exactly. */
@ExtendWith(NothingLeft::class)
class AwaitWritableTest {
    @ParameterizedTest
    @EnumSource
    @DisplayName("W15 a full pipe has room again when a page was read, and not before")
    fun fullPipe(threads: Threads) = threads.run { loop ->
        val options = PipeOptions.defaults().withLoop(loop)
        val (rx, tx) = aioPipe()
        rx.open(options).use { reader ->
            tx.open(options).use { writer ->
                repeat(5) {
                    repeat(PIPE_BYTES / WriteEnd.PIPE_BUF) {
                        writer.awaitWritable()
                        writer.write(noise(WriteEnd.PIPE_BUF))
                    }
                    val room = waiting { writer.awaitWritable() }
                    writer.onALoopRound(loop)
                    assertTrue(room.isActive)
                    reader.readExactly(WriteEnd.PIPE_BUF)
                    room.await()
                    val written = alongside { writer.write(noise(WriteEnd.PIPE_BUF)) }
                    assertTrue(written.isCompleted) // it did not wait
                    reader.readExactly(PIPE_BYTES)
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("W15 a wait for room ends when the reader goes, and the next write is refused")
    fun readerGoes(threads: Threads) = threads.run { loop ->
        val options = PipeOptions.defaults().withLoop(loop)
        val (rx, tx) = aioPipe()
        val reader = rx.open(options)
        tx.open(options).use { writer ->
            writer.write(noise(PIPE_BYTES))
            val room = waiting { writer.awaitWritable() }
            reader.close()
            room.await()
            assertThrows<BrokenPipeException> { writer.write("x") }
        }
    }

    /** The loop has looked at all its channels twice since this was called. */
    private suspend fun PipeWriter.onALoopRound(loop: PipeLoop) {
        val (rx, tx) = aioPipe()
        val options = PipeOptions.defaults().withLoop(loop)
        rx.open(options).use { reader ->
            tx.open(options).use { writer ->
                repeat(2) {
                    writer.writeLine("round")
                    assertEquals("round", reader.readLine())
                }
            }
        }
        assertEquals(0, owed)
    }
}
