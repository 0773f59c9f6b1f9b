package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.AsynchronousCloseException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import kotlin.io.path.createFile
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class FifoTest {
    @Test
    @DisplayName("R35 the end of a FIFO ends a line end: the next writer's first \\n is an empty line")
    fun lineEndAndEnd(@TempDir directory: Path) =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            ReadEnd.fifo(fifo).open(PipeOptions.defaults().withLineEnds(LineEnds.ANY)).use { reader ->
                WriteEnd.fifo(fifo).open().use { it.write("a\r") }
                assertEquals(listOf("a", null), List(2) { reader.readLine() })
                WriteEnd.fifo(fifo).open().use { it.write("\nb\n") }
                assertEquals(listOf("", "b"), List(2) { reader.readLine() })
            }
        }

    @TempDir lateinit var directory: Path

    @Test
    @DisplayName("E11 the reader comes first: its first read waits for the first writer")
    fun readerFirst() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            assertTrue(line.isActive)
            WriteEnd.fifo(fifo).open().use { it.writeLine("hello") }
            assertEquals("hello", line.await())
            assertNull(reader.readLine())
            reader.close()
        }

    @Test
    @DisplayName("E11 the writer comes first: its opening waits for a reader")
    fun writerFirst() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val opening = async(start = CoroutineStart.UNDISPATCHED) { WriteEnd.fifo(fifo).open() }
            assertTrue(opening.isActive)
            val reader = ReadEnd.fifo(fifo).open()
            opening.await().use { it.writeLine("hello") }
            assertEquals("hello", reader.readLine())
            assertNull(reader.readLine())
            reader.close()
        }

    @Test
    @DisplayName("E11 R04 a read of nothing does not use the end up")
    fun readOfNothingAtTheEnd() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            WriteEnd.fifo(fifo).open().use { it.write("abc") }
            assertEquals("abc", line.await()) // the end was seen, and not told
            assertEquals(0, reader.readExactly(0).size)
            assertEquals(0, reader.readAtMost(0).size)
            assertEquals(0, reader.skip(0))
            assertEquals(0, reader.read(ByteBuffer.allocate(0)))
            assertNull(reader.readLine())
            reader.close()
        }

    @Test
    @DisplayName("E11 an end comes between two writers, then the data of the second")
    fun endBetweenWriters() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            repeat(20) { i ->
                val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                val writer = WriteEnd.fifo(fifo).open()
                writer.write("line $i\nunterminated $i")
                assertEquals("line $i", line.await())
                writer.close()
                assertEquals("unterminated $i", reader.readLine())
                assertNull(reader.readLine())
            }
            reader.close()
        }

    @Test
    @DisplayName("E11 an end without a byte: a writer came and went")
    fun endWithoutAByte() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            repeat(3) {
                val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                WriteEnd.fifo(fifo).open().close()
                assertNull(line.await())
            }
            reader.close()
        }

    @Test
    @DisplayName("E11 several writers at once: the end comes with the last one's")
    fun severalWriters() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            val writers = List(5) { WriteEnd.fifo(fifo).open() }
            writers.forEachIndexed { i, writer ->
                writer.writeLine("writer $i")
                writer.close()
                assertEquals("writer $i", reader.readLine())
            }
            assertNull(reader.readLine())
            reader.close()
        }

    @Test
    @DisplayName("E11 with keepOpen no end comes between writers")
    fun keepOpen() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo, FifoOption.KEEP_OPEN).open()
            repeat(5) { i ->
                val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                assertTrue(line.isActive, "line $i")
                WriteEnd.fifo(fifo).open().use { it.writeLine("line $i") }
                assertEquals("line $i", line.await())
            }
            reader.close()
        }

    @Test
    @DisplayName("E11 nothing spins: before the first writer, behind the last, with keepOpen, after a cancelled read")
    fun noSpinning() =
        runBlocking<Unit> {
            for (keepOpen in listOf(false, true)) {
                val fifo = directory.fifo("fifo $keepOpen")
                PipeLoop.create("quiet-loop").use { loop ->
                    val fifoOptions = if (keepOpen) arrayOf(FifoOption.KEEP_OPEN) else emptyArray()
                    val reader = ReadEnd.fifo(fifo, *fifoOptions).open(PipeOptions.defaults().withLoop(loop))
                    var waiting = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                    if (!keepOpen) assertQuiet("quiet-loop")
                    WriteEnd.fifo(fifo).open().use { it.writeLine("hello") }
                    assertEquals("hello", waiting.await())
                    if (!keepOpen) assertNull(reader.readLine())
                    waiting = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                    assertTrue(waiting.isActive)
                    assertQuiet("quiet-loop")
                    waiting.cancelAndJoin()
                    assertQuiet("quiet-loop")
                    reader.close()
                }
            }
        }

    @Test
    @DisplayName("E11 what is no FIFO, or is not there, is an error that names it")
    fun noFifo() =
        runBlocking<Unit> {
            val file = directory.resolve("file").createFile()
            for (path in listOf(file, directory)) {
                for (open in openings(path)) {
                    val failure = assertThrowsSuspending<IOException> { open() }
                    assertEquals("$path: no FIFO", failure.message)
                }
                val child = assertThrowsSuspending<IOException> { sh(":").startPiped(mapOf(3 to ReadEnd.fifo(path))) }
                assertEquals("$path: no FIFO", child.message)
            }
            for (open in openings(directory.resolve("missing"))) {
                val failure = assertThrowsSuspending<NoSuchFileException> { open() }
                assertEquals("${directory.resolve("missing")}", failure.file)
            }
        }

    private fun openings(path: Path): List<suspend () -> AutoCloseable> =
        listOf(
            { ReadEnd.fifo(path).open() },
            { ReadEnd.fifo(path, FifoOption.KEEP_OPEN).open() },
            { WriteEnd.fifo(path).open() },
        )

    @Test
    @DisplayName("E01 an opening that waits for a reader and is cancelled leaves nothing")
    fun cancelledOpening() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val opening = launch(start = CoroutineStart.UNDISPATCHED) { WriteEnd.fifo(fifo).open() }
            opening.cancelAndJoin()
            // no writer comes any more: a reader that does not wait would have got its end from that one
            val reader = ReadEnd.fifo(fifo).open()
            val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            WriteEnd.fifo(fifo).open().use { it.writeLine("another one") }
            assertEquals("another one", line.await())
            reader.close()
        }

    @Test
    @DisplayName("R32 E22 close, and the end of the loop, wake a read that waits for the first writer")
    fun closeWakes() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            val waiting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { reader.readLine() } }
            reader.close()
            assertTrue(waiting.await().exceptionOrNull() is AsynchronousCloseException)

            val loop = PipeLoop.create("short-lived")
            val options = PipeOptions.defaults().withLoop(loop)
            val other = ReadEnd.fifo(fifo).open(options)
            val writer = WriteEnd.fifo(fifo).open(options)
            val read = async(start = CoroutineStart.UNDISPATCHED) { runCatching { other.readLine() } }
            val write = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.awaitReaderGone() } }
            loop.close()
            for (failure in listOf(read.await(), write.await())) {
                assertEquals("pipe loop short-lived is closed", rootMessage(failure))
            }
            val later = assertThrowsSuspending<IOException> { ReadEnd.fifo(fifo).open(options) }
            assertEquals("pipe loop short-lived is closed", rootMessage(Result.failure<Unit>(later)))
            assertThrowsSuspending<IOException> { other.readLine() }
            assertThrowsSuspending<IOException> { writer.write("x") }
        }

    @Test
    @DisplayName("W05 who asks again at once, on the thread that tells, is told of the next reader's going, too")
    fun watchedAgainAtOnce() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val first = ReadEnd.fifo(fifo).open()
            val writer = WriteEnd.fifo(fifo).open()
            val next = CompletableDeferred<Int>()
            val gone =
                async(Dispatchers.Unconfined) {
                    writer.awaitReaderGone()
                    next.complete(Posix.openFifo(fifo, 0))
                    writer.awaitReaderGone()
                }
            first.close()
            Posix.close(next.await())
            gone.await()
            writer.close()
        }

    @Test
    @DisplayName("E11 an open that is cancelled before it begins opens nothing: the reader sees no writer come and go")
    fun cancelledBeforeItBegins() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            repeat(200) {
                launch(start = CoroutineStart.UNDISPATCHED) {
                        cancel()
                        WriteEnd.fifo(fifo).open()
                    }
                    .join()
            }
            WriteEnd.fifo(fifo).open().use { it.writeLine("hello") }
            assertEquals("hello", line.await())
            reader.close()
        }

    @Test
    @DisplayName("E22 the end of the loop fails an opening that waits for a reader, and a later one")
    fun closedLoopEndsOpening() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val loop = PipeLoop.create("short-lived")
            val options = PipeOptions.defaults().withLoop(loop)
            val opening =
                async(start = CoroutineStart.UNDISPATCHED) { runCatching { WriteEnd.fifo(fifo).open(options) } }
            assertTrue(opening.isActive)
            loop.close()
            assertEquals("pipe loop short-lived is closed", rootMessage(opening.await()))
            assertEquals(
                "pipe loop short-lived is closed",
                rootMessage(runCatching { WriteEnd.fifo(fifo).open(options) }),
            )
        }

    @Test
    @DisplayName("E11 a FIFO that is deleted or replaced between two writers is an error that names it")
    fun replacedBetweenWriters() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            WriteEnd.fifo(fifo).open().use { it.writeLine("last") }
            assertEquals("last", reader.readLine())
            assertNull(reader.readLine())
            Files.delete(fifo)
            assertEquals(fifo.toString(), assertThrowsSuspending<NoSuchFileException> { reader.readLine() }.message)
            fifo.createFile()
            assertEquals("$fifo: no FIFO", assertThrowsSuspending<IOException> { reader.readLine() }.message)
            Files.delete(fifo)
            Posix.makeFifo(fifo)
            val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            WriteEnd.fifo(fifo).open().use { it.writeLine("again") }
            assertEquals("again", line.await())
            reader.close()
        }

    @Test
    @DisplayName("E11 readAll takes what one writer has sent, and the next one what the next has")
    fun readAllOfEachWriter() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            repeat(3) {
                val text = async(start = CoroutineStart.UNDISPATCHED) { reader.readText() }
                WriteEnd.fifo(fifo).open().use { writer -> writer.write("text $it") }
                assertEquals("text $it", text.await())
            }
            reader.close()
        }

    @Test
    @DisplayName("a FIFO is given the capacity that is asked for")
    fun capacity() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            ReadEnd.fifo(fifo).open(PipeOptions.defaults().withCapacity(8192)).use {
                val number = Posix.openFifo(fifo, 0)
                assertEquals(8192, Posix.capacity(number))
                Posix.close(number)
            }
        }

    @Test
    @DisplayName("W05 a FIFO's reader goes, another one comes, and goes as well")
    fun readersComeAndGo() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val first = ReadEnd.fifo(fifo).open()
            val writer = WriteEnd.fifo(fifo).open()
            first.close()
            repeat(3) {
                writer.awaitReaderGone()
                assertThrowsSuspending<BrokenPipeException> { writer.write("x") }
                val reader = ReadEnd.fifo(fifo).open()
                val gone = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
                assertTrue(gone.isActive)
                writer.writeLine("hello")
                assertEquals("hello", reader.readLine())
                assertTrue(gone.isActive)
                reader.close()
                gone.await()
            }
            writer.close()
        }

    @Test
    @DisplayName("a FIFO's reader that goes breaks the pipe")
    fun brokenPipe() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val reader = ReadEnd.fifo(fifo).open()
            val writer = WriteEnd.fifo(fifo).open()
            val gone = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
            assertTrue(gone.isActive)
            reader.close()
            gone.await()
            assertThrowsSuspending<BrokenPipeException> { writer.writeLine("anybody?") }
            writer.abort()
        }

    @Test
    @DisplayName("E05 a child writes a FIFO of ours as its stdout, and reads one as its descriptor 3")
    fun forChild() =
        runBlocking<Unit> {
            val output = directory.fifo("output")
            val input = directory.fifo("input")
            val reader = ReadEnd.fifo(output).open()
            val writing = async(start = CoroutineStart.UNDISPATCHED) { WriteEnd.fifo(input).open() }
            val builder = sh("read line <&3; echo \"\$line\"")
            WriteEnd.fifo(output).forChild().use { end ->
                builder.redirectOutput(end.redirect()).withPiped(mapOf(3 to ReadEnd.fifo(input))) {
                    writing.await().use { it.writeLine("through two FIFOs") }
                    assertEquals("through two FIFOs", reader.readLine())
                    assertNull(reader.readLine())
                }
            }
            reader.close()
        }
}
