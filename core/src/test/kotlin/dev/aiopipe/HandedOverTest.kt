package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import java.nio.file.Path
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** Numbers that this process was started with, in the hands of its children. */
@ExtendWith(NothingLeft::class)
class HandedOverTest {
    @TempDir lateinit var directory: Path

    private val fifo by lazy { directory.fifo() }

    @Test
    @DisplayName("E05 an inherited FIFO without a writer is passed on: nobody waits for its other side")
    fun fifoWithoutWriterIsPassed() = limited {
        val number = Posix.openFifo(fifo, 0)
        sh("cat <&3; echo over").withPiped(mapOf(3 to ReadEnd.inherited(number))) { child ->
            assertEquals("over", child.stdout.readLine())
        }
        assertClosed(number)
    }

    @Test
    @DisplayName("E05 an inherited FIFO without a reader is passed on, and is broken there")
    fun fifoWithoutReaderIsPassed() = limited {
        val both = Posix.openFifo(fifo, 2)
        val number = Posix.openFifo(fifo, 1)
        Posix.close(both)
        sh("read go; (trap '' PIPE; echo x >&3) 2>&-; echo $?").withPiped(mapOf(3 to WriteEnd.inherited(number))) {
            child ->
            child.stdin.writeLine("go")
            assertTrue(child.stdout.readLine() != "0")
        }
        assertClosed(number)
    }

    @Test
    @DisplayName("E02 an inherited FIFO without a writer as the stdin of a child")
    fun fifoWithoutWriterIsStdin() = limited {
        val number = Posix.openFifo(fifo, 0)
        ReadEnd.inherited(number).forChild().use { end ->
            sh("cat; echo over").redirectInput(end.redirect()).withPiped { child ->
                end.close()
                assertEquals("over", child.stdout.readLine())
            }
        }
        assertClosed(number)
    }

    @Test
    @DisplayName("a number that is handed over in both directions is closed once, with the second one")
    fun bothDirections() = limited {
        val number = Posix.openFifo(fifo, 2)
        val reading = ReadEnd.inherited(number).forChild()
        val writing = WriteEnd.inherited(number).forChild()
        reading.close()
        assertEquals(fifo.toString(), File("/proc/self/fd/$number").canonicalPath)
        writing.close()
        assertClosed(number)
        val (other, end) = Posix.pipe() // has the number now
        assertEquals(number, other)
        reading.close()
        writing.close()
        Posix.close(other)
        Posix.close(end)
    }

    @Test
    @DisplayName("an opening that is cancelled before it begins closes its number, once")
    fun cancelledOpening() = limited {
        val (read, write) = Posix.pipe()
        val end = ReadEnd.inherited(read)
        coroutineScope {
            launch(start = CoroutineStart.UNDISPATCHED) {
                cancel()
                end.open()
            }
        }
        assertClosed(read)
        assertThrowsSuspending<IllegalStateException> { end.open() }
        end.close()
        Posix.close(write)
    }

    @Test
    @DisplayName("the master of a terminal: a thread reads and writes what others see there; a child can't have it")
    fun master() = limited {
        val (master, terminal) = Posix.terminal(true)
        val reader = ReadEnd.inherited(master).open()
        val writer = WriteEnd.inherited(master).open()
        ReadEnd.inherited(master).forChild().use { end ->
            val refusal = assertThrowsSuspending<IOException> { end.redirect() }
            assertTrue("can't be handed over" in refusal.message!!) { "$refusal" }
        }
        assertEquals(ReadMode.THREAD, reader.mode)
        Posix.write(terminal, "shown\n".toByteArray())
        assertEquals("shown", reader.readLine())
        writer.writeLine("typed")
        assertEquals("typed\n", Posix.read(terminal, 100).decodeToString())
        Posix.close(terminal)
        assertEquals(null, reader.readLine())
        reader.close()
        writer.close()
    }

    @Test
    @DisplayName("E06 a start that fails names the program, also where a shell hands descriptors over")
    fun failedStartNamesTheProgram() = limited {
        for (passing in listOf(emptyMap(), mapOf(3 to aioPipe().also { it.rx().close() }.tx()))) {
            val builder = ProcessBuilder("ls").redirectOutput(directory.resolve("no/such/file").toFile())
            val failure = assertThrowsSuspending<IOException> { builder.startPiped(passing) }
            assertTrue("\"ls\"" in failure.message!! && "/bin/sh" !in failure.message!!) { "$failure" }
        }
    }

    private fun limited(block: suspend () -> Unit) = runBlocking<Unit> { withTimeout(20_000) { block() } }

    private fun assertClosed(number: Int) =
        Await.until("number $number is closed") { !File("/proc/self/fd/$number").exists() }
}
