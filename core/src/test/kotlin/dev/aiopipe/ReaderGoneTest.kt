package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.sh
import java.nio.channels.AsynchronousCloseException
import java.nio.channels.ClosedChannelException
import java.nio.file.Path
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class ReaderGoneTest {
    @Test
    @DisplayName("W05 on an idle pipe, for several who wait; and again afterwards")
    fun idle() = piped { reader, writer ->
        val waiting = List(3) { async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() } }
        assertTrue(waiting.all { it.isActive })
        writer.writeLine("still here")
        assertEquals("still here", reader.readLine())
        assertTrue(waiting.all { it.isActive })
        reader.close()
        waiting.forEach { it.await() }
        writer.awaitReaderGone()
    }

    @Test
    @DisplayName("W05 on a full pipe, whose waiting write breaks at the same time")
    fun full() = piped { reader, writer ->
        val writing = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.write(ByteArray(1 shl 20)) } }
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
        assertTrue(waiting.isActive && writing.isActive)
        reader.close()
        waiting.await()
        assertEquals(BrokenPipeException::class, writing.await().exceptionOrNull()!!::class)
    }

    @Test
    @DisplayName("W05 when the reader has gone already, with and without a write that has told")
    fun gone() = piped { reader, writer ->
        reader.close()
        writer.awaitReaderGone()
        assertThrowsSuspending<BrokenPipeException> { writer.write("x") }
        writer.awaitReaderGone()
    }

    @Test
    @DisplayName("W05 a writer that is closed or aborted meanwhile says so; a closed one refuses")
    fun closed() =
        runBlocking<Unit> {
            for (close in listOf(PipeWriter::close, PipeWriter::abort)) {
                val (rx, tx) = aioPipe()
                val reader = rx.open()
                val writer = tx.open()
                val waiting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.awaitReaderGone() } }
                close(writer)
                assertEquals(AsynchronousCloseException::class, waiting.await().exceptionOrNull()!!::class)
                assertThrowsSuspending<ClosedChannelException> { writer.awaitReaderGone() }
                assertEquals(null, reader.readLine()) { "no copy of the writing end is left" }
                reader.close()
            }
        }

    @Test
    @DisplayName("W05 a cancelled wait leaves the pipe, and other waits, alone")
    fun cancelled() = piped { reader, writer ->
        val other = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
        repeat(3) { launch(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }.cancelAndJoin() }
        assertTrue(other.isActive)
        writer.writeLine("still here")
        assertEquals("still here", reader.readLine())
        reader.close()
        other.await()
    }

    @Test
    @DisplayName("E15 W05 the stdin of a child that has exited")
    fun childHasExited() =
        runBlocking<Unit> {
            sh("read line").startPiped().use { child ->
                val waiting = async(start = CoroutineStart.UNDISPATCHED) { child.stdin.awaitReaderGone() }
                assertTrue(waiting.isActive)
                child.stdin.writeLine("that is all")
                waiting.await()
                assertThrowsSuspending<BrokenPipeException> { child.stdin.write("more") }
            }
        }

    @Test
    @DisplayName("W05 an inherited FIFO whose reader had gone before it was opened here")
    fun inheritedFifoWithoutReader(@TempDir directory: Path) =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val both = Posix.openFifo(fifo, 2)
            val number = Posix.openFifo(fifo, 1)
            Posix.close(both)
            val writer = WriteEnd.inherited(number).open()
            writer.awaitReaderGone()
            assertThrowsSuspending<BrokenPipeException> { writer.write("x") }
            writer.close()
        }

    @Test
    @DisplayName("W05 what is typed on a terminal is no sign that it is gone; the next write tells")
    fun terminal() =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(true)
            PipeLoop.create("terminal").use { loop ->
                val writer = WriteEnd.inherited(terminal).open(PipeOptions.defaults().withLoop(loop))
                val waiting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.awaitReaderGone() } }
                Posix.write(master, "typed".toByteArray())
                Await.until("it has arrived") { Posix.available(terminal) == 5 }
                repeat(2) { withContext(loop.dispatcher) {} } // a pass that sees it
                assertTrue(waiting.isActive)
                Posix.close(master)
                assertThrowsSuspending<BrokenPipeException> { writer.write("x") }
                assertTrue(waiting.await().isSuccess)
                writer.close()
            }
        }

    @Test
    @DisplayName("E29 a broken stdout is a BrokenPipeException in a German environment, too")
    fun inGerman() =
        runBlocking<Unit> {
            val builder = adopting("write until broken")
            builder.environment() += mapOf("LANG" to "de_DE.UTF-8", "LC_ALL" to "de_DE.UTF-8", "LANGUAGE" to "de")
            builder.command().add(1, "-Duser.language=de")
            builder.command().add(1, "-Duser.country=DE")
            builder.startPiped().use { program ->
                program.stdout.close()
                val lines = List(3) { program.stderr.readLine() }
                assertEquals(List(3) { "dev.aiopipe.BrokenPipeException in de_DE" }, lines)
            }
        }

    private fun piped(block: suspend kotlinx.coroutines.CoroutineScope.(PipeReader, PipeWriter) -> Unit) =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            rx.open().use { reader ->
                val writer = tx.open()
                try {
                    block(reader, writer)
                } finally {
                    writer.abort()
                }
            }
        }
}
