package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.nio.channels.ClosedChannelException
import java.nio.channels.ReadPendingException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.OpenOption
import java.nio.file.Path
import java.nio.file.StandardOpenOption.APPEND
import java.nio.file.StandardOpenOption.CREATE
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.DELETE_ON_CLOSE
import java.nio.file.StandardOpenOption.DSYNC
import java.nio.file.StandardOpenOption.READ
import java.nio.file.StandardOpenOption.TRUNCATE_EXISTING
import java.nio.file.StandardOpenOption.WRITE
import kotlin.random.Random
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedClass
import org.junit.jupiter.params.provider.EnumSource

/** A reader's bytes go to a file that the transfer opens and closes. */
@ParameterizedClass
@EnumSource(Threads::class)
@ExtendWith(NothingLeft::class)
class TransferToFileTest(private val threads: Threads) {
    @TempDir lateinit var directory: Path

    private val file by lazy { directory.resolve("file") }

    private fun linked(block: suspend CoroutineScope.(Link) -> Unit) = threads.run { loop ->
        link(loop).use { block(it) }
    }

    @Test
    @DisplayName("all bytes are moved, whatever their number, and the reader is not closed")
    fun sizes() = threads.run { loop ->
        for (size in listOf(0, 1, 4095, 65_535, 65_536, 65_537, 1_000_000, 3_000_001)) {
            link(loop).use { link ->
                val bytes = noise(size)
                val sent = async { link.writer.use { it.write(bytes) } }
                assertEquals(size.toLong(), link.reader.transferTo(file))
                sent.await()
                assertSameBytes(bytes, Files.readAllBytes(file))
                assertEquals(0, link.reader.readAll().size)
            }
        }
    }

    @Test
    @DisplayName("what was read ahead goes first, and bytes that come one by one stay in their order")
    fun readAhead() = linked { link ->
        link.writer.write("first\nsecond\n")
        assertEquals("first", link.reader.readLine())
        val moved = waiting { link.reader.transferTo(file) }
        for (i in 0..200) {
            link.writer.write("$i,")
            eventually("$i is there") { Files.exists(file) && Files.readString(file).endsWith("$i,") }
        }
        link.writer.close()
        val text = "second\n" + (0..200).joinToString("") { "$it," }
        assertEquals(text.length.toLong(), moved.await())
        assertEquals(text, Files.readString(file))
    }

    @Test
    @DisplayName("without options the file is created or truncated; options are those of an output stream")
    fun options() = threads.run { loop ->
        suspend fun write(text: String, vararg options: OpenOption): String {
            link(loop).use { link ->
                link.writer.use { it.write(text) }
                assertEquals(text.length.toLong(), link.reader.transferTo(file, *options))
            }
            return if (Files.exists(file)) Files.readString(file) else "none"
        }
        assertEquals("0123456789", write("0123456789"))
        assertEquals("abc", write("abc"))
        assertEquals("abcdef", write("def", APPEND))
        assertEquals("ABcdef", write("AB", WRITE))
        assertEquals("ABcdefg", write("g", CREATE, APPEND))
        assertEquals("durable", write("durable", TRUNCATE_EXISTING, DSYNC, DSYNC))
        assertThrows<FileAlreadyExistsException> { write("x", CREATE_NEW) }
        assertEquals("durable", Files.readString(file))
        assertEquals("none", write("x", DELETE_ON_CLOSE))
        assertEquals("new", write("new", CREATE_NEW))
        assertThrows<IllegalArgumentException> { write("x", READ) }
        assertThrows<IllegalArgumentException> { write("x", APPEND, TRUNCATE_EXISTING) }
        assertEquals("new", Files.readString(file))
    }

    @Test
    @DisplayName("many bytes at the end of a file and within one, in two transfers")
    fun positions() = threads.run { loop ->
        val bytes = noise(700_000)
        suspend fun write(part: ByteArray, vararg options: OpenOption) =
            link(loop).use { link ->
                val sent = async { link.writer.use { it.write(part) } }
                link.reader.transferTo(file, *options)
                sent.await()
            }
        write(bytes)
        write(bytes, APPEND)
        write(noise(300_000, 7), WRITE)
        val expected = bytes + bytes
        noise(300_000, 7).copyInto(expected)
        assertSameBytes(expected, Files.readAllBytes(file))
    }

    @Test
    @DisplayName("a file that can't be opened fails the transfer, and nothing was taken")
    fun notOpened() = linked { link ->
        link.writer.writeLine("line")
        assertThrows<NoSuchFileException> { link.reader.transferTo(directory.resolve("none").resolve("file")) }
        assertThrows<NoSuchFileException> { link.reader.transferTo(file, WRITE) }
        assertThrows<IOException> { link.reader.transferTo(directory) }
        assertEquals("line", link.reader.readLine())
    }

    @Test
    @DisplayName("while another read waits, and of a closed reader, the file is not opened")
    fun busy() = linked { link ->
        val line = waiting { link.reader.readLine() }
        assertThrows<ReadPendingException> { link.reader.transferTo(file) }
        line.cancelAndJoin()
        link.reader.close()
        assertThrows<ClosedChannelException> { link.reader.transferTo(file) }
        assertFalse(Files.exists(file))
    }

    @Test
    @DisplayName("devices: what /dev/null takes is gone, and what /dev/full refuses is readable")
    fun devices() = linked { link ->
        assumeTrue(Files.exists(Path.of("/dev/full")))
        val bytes = noise(60_000)
        link.writer.write(bytes)
        assertThrows<IOException> { link.reader.transferTo(Path.of("/dev/full"), WRITE) }
        assertSameBytes(bytes, link.reader.readExactly(bytes.size))
        link.writer.use { it.write(bytes) }
        assertEquals(60_000, link.reader.transferTo(Path.of("/dev/null"), WRITE))
    }

    @Test
    @DisplayName("a full file system: each byte is in the file, or readable")
    fun full() {
        requireProgram("prlimit")
        threads.run { loop ->
            // a limit of this process's own files would fail other tests, so another process has it
            val program = jvm(FileProgram::class.java, "$file")
            val limited = ProcessBuilder(listOf("prlimit", "--fsize=300001") + program.command())
            val bytes = noise(700_000)
            val options = PipeOptions.defaults().withLoop(loop)
            val rest = limited.runPiped(bytes, options = options).orThrow()
            assertTrue(rest.stderrText().startsWith("failed: java.io.IOException"), rest.stderrText())
            assertEquals(300_001, Files.size(file))
            assertSameBytes(bytes, Files.readAllBytes(file) + rest.stdout())
        }
    }

    @Test
    @DisplayName("the close of the reader ends the transfer, and from then on no write to it succeeds")
    fun closed() = threads.run { loop ->
        for (sent in listOf(0, 10, 200_000)) {
            val link = link(loop)
            val moved = waiting { link.reader.transferTo(file) }
            val bytes = noise(sent)
            link.writer.write(bytes)
            eventually("all is written") { Files.exists(file) && Files.size(file) == sent.toLong() }
            link.reader.close()
            assertThrows<BrokenPipeException> { link.writer.write("x") }
            assertInstanceOf(ClosedChannelException::class.java, failureOf(moved))
            assertSameBytes(bytes, Files.readAllBytes(file))
            link.close()
        }
    }

    @Test
    @DisplayName("a transfer that is cancelled again and again: each byte is in the file or readable, in order")
    fun cancelled() = linked { link ->
        val bytes = noise(6_000_000)
        val random = Random(1)
        val sent = async { link.writer.use { it.write(bytes) } }
        val parts = mutableListOf<ByteArray>()
        while (parts.sumOf { it.size } < bytes.size) {
            Files.deleteIfExists(file)
            val moved = alongside { link.reader.transferTo(file) }
            repeat(random.nextInt(50)) { yield() }
            moved.cancelAndJoin()
            if (Files.exists(file)) parts += Files.readAllBytes(file)
            parts += link.reader.readAtMost(random.nextInt(1, 40_000))
        }
        sent.await()
        assertSameBytes(bytes, parts.reduce { all, part -> all + part })
        assertTrue(parts.any { it.size > 40_000 }) { "no transfer has moved anything" }
    }

    @Test
    @DisplayName("a transfer that waits for input can be cancelled, and frees the reader")
    fun cancelledWithoutInput() = linked { link ->
        repeat(50) {
            val moved = waiting { link.reader.transferTo(file) }
            eventually("the file is there") { Files.exists(file) }
            moved.cancelAndJoin()
            Files.delete(file)
            link.writer.writeLine("line $it")
            assertEquals("line $it", link.reader.readLine())
        }
    }

    @Test
    @DisplayName("a block that fails gives back what its transfer has written")
    fun rolledBack() = linked { link ->
        val bytes = noise(50_000)
        link.writer.use { it.write(bytes) }
        assertThrows<IllegalStateException> {
            link.reader.atomically {
                transferTo(file)
                error("after the transfer")
            }
        }
        assertSameBytes(bytes, Files.readAllBytes(file))
        assertSameBytes(bytes, link.reader.readAll())
    }

    @Test
    @DisplayName("several transfers at once, each to its file")
    fun several() = threads.run { loop ->
        val links = List(8) { link(loop) }
        val sends = links.mapIndexed { i, link -> async { link.writer.use { it.write(noise(1_000_000, i)) } } }
        val moved = links.mapIndexed { i, link -> async { link.reader.transferTo(directory.resolve("$i")) } }
        assertEquals(List(8) { 1_000_000L }, moved.awaitAll())
        sends.awaitAll()
        for (i in links.indices) assertSameBytes(noise(1_000_000, i), Files.readAllBytes(directory.resolve("$i")))
        links.forEach { it.close() }
    }

    @Test
    @DisplayName("a child's output, and a file in an archive")
    fun otherKinds() = threads.run { loop ->
        val options = PipeOptions.defaults().withLoop(loop)
        sh("head -c 2000000 /dev/zero").withPiped(options = options) { child ->
            assertEquals(2_000_000, child.stdout.transferTo(file))
        }
        assertSameBytes(ByteArray(2_000_000), Files.readAllBytes(file))
        val archive = directory.resolve("archive.zip")
        FileSystems.newFileSystem(archive, mapOf("create" to "true")).use { zip ->
            link(loop).use { link ->
                val bytes = noise(300_000)
                val sent = async { link.writer.use { it.write(bytes) } }
                assertEquals(300_000, link.reader.transferTo(zip.getPath("entry")))
                sent.await()
                assertSameBytes(bytes, Files.readAllBytes(zip.getPath("entry")))
            }
        }
    }
}
