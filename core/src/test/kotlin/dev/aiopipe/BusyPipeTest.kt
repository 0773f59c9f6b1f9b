package dev.aiopipe

import dev.aiopipe.engine.linux.NativeAccess
import dev.aiopipe.testkit.Descriptors
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import java.nio.ByteBuffer
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** A pipe that was made here, and is busy, holds more. */
@ExtendWith(NothingLeft::class)
class BusyPipeTest {
    @BeforeEach fun needsTheCLibrary() = assumeTrue(NativeAccess.canAdopt(), "no C library")

    @Test
    @DisplayName("a busy pipe gets 1 MiB, and gives every byte")
    fun grows() =
        runBlocking<Unit>(Dispatchers.Default) {
            requireLargePipes()
            val before = large()
            busy(PipeOptions.defaults()) { (large() - before).isNotEmpty() }
            assertEquals(emptySet<String>(), large() - before, "the pipe is closed")
        }

    @Test
    @DisplayName("a busy pipe whose user has asked for a capacity keeps it")
    fun keepsWhatWasAskedFor() =
        runBlocking<Unit>(Dispatchers.Default) {
            val before = large()
            busy(PipeOptions.defaults().withCapacity(BLOCK)) { blocks ->
                assertEquals(emptySet<String>(), large() - before)
                blocks >= 4 * FEW
            }
        }

    private suspend fun requireLargePipes() {
        val before = large()
        val (rx, tx) = aioPipe()
        rx.use { tx.open(PipeOptions.defaults().withCapacity(LARGE)).use { assumeTrue(large() != before, "refused") } }
    }

    /** Writes and reads until [enough] says so, which is asked now and then. */
    private suspend fun busy(options: PipeOptions, enough: (blocks: Int) -> Boolean) = coroutineScope {
        val (rx, tx) = aioPipe()
        val reader = rx.open(options)
        val writer = tx.open(options)
        val writing = async {
            var blocks = 0
            while (blocks % FEW != 0 || blocks == 0 || !enough(blocks)) {
                check(blocks < MANY) { "never enough" }
                writer.write(ByteArray(BLOCK) { blocks.toByte() })
                blocks++
            }
            writer.close()
            blocks
        }
        var bytes = 0L
        val space = ByteBuffer.allocate(2 * BLOCK)
        while (reader.read(space.clear()) >= 0) {
            space.flip()
            while (space.hasRemaining()) check(space.get() == (bytes++ / BLOCK).toByte()) { "byte $bytes" }
        }
        assertEquals(writing.await().toLong() * BLOCK, bytes)
        reader.close()
    }

    /** Returns the large pipes of this process, each by its number in the kernel. */
    private fun large() =
        Descriptors.open()
            .filter { (number, target) -> target.startsWith("pipe:") && Posix.capacity(number) == LARGE }
            .values
            .toSet()

    private companion object {
        const val BLOCK = 64 * 1024
        const val LARGE = 1024 * 1024
        const val FEW = 256
        const val MANY = 100_000
    }
}
