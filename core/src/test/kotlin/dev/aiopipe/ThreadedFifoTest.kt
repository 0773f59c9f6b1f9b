package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.testkit.Programs.requireThat
import java.nio.file.Files
import java.nio.file.Path
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** FIFOs, and what else JNA and `/proc` serve for, in JVMs that do without. */
@ExtendWith(NothingLeft::class)
class ThreadedFifoTest {
    @TempDir lateinit var directory: Path

    @Test
    @DisplayName("a FIFO is open when open returns: a writer does not wait; each writer's end comes once")
    fun openedAtOnce() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            adopting("read FIFO", "$fifo", fallback = true).withPiped { program ->
                assertEquals("open, THREAD", program.stdout.readLine())
                for (line in listOf("one", "two", "three")) {
                    val writer = Posix.openFifo(fifo, 1) // fails if nobody has it open for reading
                    Posix.write(writer, "$line\n".toByteArray())
                    assertEquals(line, program.stdout.readLine())
                    Posix.close(writer)
                    assertEquals("null", program.stdout.readLine())
                }
                assertEquals(0, program.awaitExit())
            }
        }

    @Test
    @DisplayName("a cancelled open for writing leaves no thread")
    fun openedInVain() =
        runBlocking<Unit> {
            adopting("open FIFO in vain", "${directory.fifo()}", fallback = true).withPiped { program ->
                assertEquals("cancelled", program.stdout.readLine())
                assertEquals("no thread is left", program.stdout.readLine() ?: program.stderr.readText())
            }
        }

    @Test
    @DisplayName("an aborted write to a reader that does not read leaves no thread")
    fun writtenInVain() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            adopting("write FIFO in vain", "$fifo", fallback = true).withPiped { program ->
                val reader = Posix.openFifo(fifo, 0)
                assertEquals("open", program.stdout.readLine())
                assertEquals("no thread is left", program.stdout.readLine() ?: program.stderr.readText())
                Posix.close(reader)
            }
        }

    @Test
    @DisplayName("with JNA and without /proc: FIFOs, capacity, awaitReaderGone, children and stdin work")
    fun withoutProc() =
        runBlocking<Unit> {
            requireThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "root, who may hide /proc")
            requireProgram("unshare")
            val builder = adopting("without proc", "$directory")
            val home = System.getProperty("java.home")
            builder.command().add(1, "-Djava.home=$home")
            builder.environment()["LD_LIBRARY_PATH"] = "$home/lib" // else it is found by /proc/self/exe
            val hidden = ProcessBuilder(listOf("unshare", "-m") + builder.command())
            hidden.environment().putAll(builder.environment())
            hidden.command().addAll(2, listOf("sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"))
            hidden.withPiped { program ->
                program.stdin.use { it.writeLine("line") }
                val expected =
                    listOf(
                        "through a FIFO, THREAD",
                        "the reader has gone",
                        "from a child",
                        "stdin: line",
                        "descriptor 3 can't be looked at: there is no /proc/self/fd",
                    )
                for (line in expected) assertEquals(line, program.stdout.readLine() ?: program.stderr.readText())
            }
        }
}
