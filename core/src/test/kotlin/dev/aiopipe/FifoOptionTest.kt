package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import kotlin.io.path.createFile
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class FifoOptionTest {
    @TempDir lateinit var directory: Path

    private val path
        get() = directory.resolve("fifo")

    private fun modeOf(file: Path) = PosixFilePermissions.toString(Files.getPosixFilePermissions(file))

    @Test
    @DisplayName(
        "E11 CREATE makes the FIFO when the reader is opened, not before, and uses it as it is when there is one"
    )
    fun createdByReader() =
        runBlocking<Unit> {
            val end = ReadEnd.fifo(path, FifoOption.CREATE)
            assertFalse(Files.exists(path))
            end.open().close()
            assertEquals("rw-------", modeOf(path))
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"))
            ReadEnd.fifo(path, FifoOption.CREATE).open().close()
            assertEquals("rw-rw----", modeOf(path))
        }

    @Test
    @DisplayName("E11 CREATE by a writer, which waits for its reader")
    fun createdByWriter() =
        runBlocking<Unit> {
            val opening = async(start = CoroutineStart.UNDISPATCHED) { WriteEnd.fifo(path, FifoOption.CREATE).open() }
            val reader = ReadEnd.fifo(path, FifoOption.CREATE).open()
            opening.await().use { it.writeLine("hello") }
            assertEquals("hello", reader.readLine())
            reader.close()
            assertEquals("rw-------", modeOf(path))
        }

    @Test
    @DisplayName("E11 the mode is 0600 whatever the umask is")
    fun modeDespiteUmask() =
        runBlocking<Unit> {
            for (mask in listOf(0, 0x1FF)) { // 0777
                val fifo = directory.resolve("fifo $mask")
                val before = Posix.umask(mask)
                try {
                    ReadEnd.fifo(fifo, FifoOption.CREATE).open().close()
                } finally {
                    Posix.umask(before)
                }
                assertEquals("rw-------", modeOf(fifo))
            }
        }

    @Test
    @DisplayName("E11 many that create one FIFO at once all succeed")
    fun createdAtOnce() =
        runBlocking<Unit> {
            repeat(20) { round ->
                val fifo = directory.resolve("fifo $round")
                val readers = List(8) { async(Dispatchers.IO) { ReadEnd.fifo(fifo, FifoOption.CREATE).open() } }
                readers.awaitAll().forEach { it.close() }
            }
        }

    @Test
    @DisplayName("E11 CREATE where there is another file, or no directory, is an error that names the path")
    fun notToBeCreated() =
        runBlocking<Unit> {
            path.createFile()
            val missing = directory.resolve("missing/fifo")
            for (open in
                listOf<suspend (Path) -> AutoCloseable>(
                    { ReadEnd.fifo(it, FifoOption.CREATE).open() },
                    { WriteEnd.fifo(it, FifoOption.CREATE).open() },
                )) {
                assertEquals("$path: no FIFO", assertThrowsSuspending<IOException> { open(path) }.message)
                assertEquals("$missing", assertThrowsSuspending<NoSuchFileException> { open(missing) }.file)
            }
        }

    @Test
    @DisplayName("E11 CREATE of an end that is handed over: by its redirect, and by a start")
    fun createdForChild() =
        runBlocking<Unit> {
            WriteEnd.fifo(path, FifoOption.CREATE).forChild().use { end ->
                assertFalse(Files.exists(path))
                val builder = sh("echo hello").redirectOutput(end.redirect())
                assertEquals("rw-------", modeOf(path))
                val reader = ReadEnd.fifo(path).open()
                builder.startPiped().use { assertEquals("hello", reader.readLine()) }
                reader.close()
            }
            val other = directory.resolve("other")
            sh("cat <&3").withPiped(mapOf(3 to ReadEnd.fifo(other, FifoOption.CREATE))) {
                WriteEnd.fifo(other).open().use { writer -> writer.writeLine("hi") }
                assertEquals("hi", it.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E11 CREATE with KEEP_OPEN: no end comes between writers")
    fun readerKeepsOpen() =
        runBlocking<Unit> {
            val reader = ReadEnd.fifo(path, FifoOption.KEEP_OPEN, FifoOption.CREATE).open()
            repeat(3) { i ->
                val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                WriteEnd.fifo(path).open().use { it.writeLine("line $i") }
                assertEquals("line $i", line.await())
            }
            reader.close()
        }

    @Test
    @DisplayName("E11 a writer with KEEP_OPEN opens without a reader, and its bytes wait for the next one")
    fun writerKeepsOpen() =
        runBlocking<Unit> {
            val writer = WriteEnd.fifo(path, FifoOption.KEEP_OPEN, FifoOption.CREATE).open()
            val gone = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.awaitReaderGone() } }
            repeat(3) { i ->
                writer.writeLine("line $i")
                ReadEnd.fifo(path).open().use { assertEquals("line $i", it.readLine()) }
            }
            assertTrue(gone.isActive)
            writer.close()
            gone.await()
        }
}
