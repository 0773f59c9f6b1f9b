package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.io.IOException
import java.nio.channels.ClosedChannelException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.StandardOpenOption.WRITE
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** A file is written to a pipe, and closed. */
@ExtendWith(NothingLeft::class)
class TransferFromFileTest {
    @TempDir lateinit var directory: Path

    private val file by lazy { directory.resolve("file") }

    private fun linked(block: suspend CoroutineScope.(PipeReader, PipeWriter) -> Unit) =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            val writer = tx.open()
            try {
                block(reader, writer)
            } finally {
                reader.close()
                writer.abort()
            }
        }

    @Test
    @DisplayName("all bytes are moved, whatever their number, and the writer is not closed")
    fun sizes() = linked { reader, writer ->
        for (size in listOf(0, 1, 65_535, 65_536, 65_537, 3_000_001)) {
            val bytes = noise(size)
            Files.write(file, bytes)
            val moved = alongside { writer.transferFrom(file) }
            assertSameBytes(bytes, reader.readExactly(size))
            assertEquals(size.toLong(), moved.await())
        }
        writer.writeLine("next")
        assertEquals("next", reader.readLine())
    }

    @Test
    @DisplayName("a file that can't be opened or read fails the transfer, and a closed writer does")
    fun refused() = linked { reader, writer ->
        assertThrows<NoSuchFileException> { writer.transferFrom(file) }
        assertThrows<IOException> { writer.transferFrom(directory) }
        writer.writeLine("line")
        assertEquals("line", reader.readLine())
        writer.close()
        assertThrows<ClosedChannelException> { writer.transferFrom(file) }
    }

    @Test
    @DisplayName("a file that is overwritten after its transfer: the reader gets what was there before")
    fun overwritten() = linked { reader, writer ->
        val bytes = noise(PIPE_BYTES)
        Files.write(file, bytes)
        writer.transferFrom(file)
        Files.newOutputStream(file, WRITE).use { it.write(ByteArray(PIPE_BYTES)) }
        assertSameBytes(bytes, reader.readExactly(PIPE_BYTES))
    }

    @Test
    @DisplayName("a cancelled transfer has sent, or owes, the beginning of the file, and has closed it")
    fun cancelled() = linked { reader, writer ->
        val bytes = noise(1_000_000)
        Files.write(file, bytes)
        repeat(50) {
            val moved = waiting { writer.transferFrom(file) }
            val head = reader.readAtMost(it * 1_000)
            moved.cancelAndJoin()
            assertTrue(writer.owed <= 64 * 1024) { "${writer.owed} bytes are owed" }
            val mark = alongside { writer.write("the end") }
            val rest = async { reader.readUntil("the end".toByteArray(), bytes.size) }.await()
            mark.await()
            assertSameBytes(bytes.copyOf(head.size + rest.size - 7), head + rest.copyOf(rest.size - 7))
        }
    }
}
