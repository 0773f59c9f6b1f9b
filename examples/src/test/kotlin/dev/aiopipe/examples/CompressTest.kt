package dev.aiopipe.examples

import dev.aiopipe.PipedProcess
import dev.aiopipe.Signal
import dev.aiopipe.runPiped
import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.requireInterrupts
import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.withPiped
import java.io.RandomAccessFile
import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.fileSize
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readBytes
import kotlin.io.path.readText
import kotlin.io.path.writeBytes
import kotlin.io.path.writeText
import kotlin.random.Random
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class CompressTest {
    @TempDir lateinit var directory: Path

    private val file
        get() = directory.resolve("file")

    private val compressed
        get() = directory.resolve("file.gz")

    @BeforeEach
    fun programsAreThere() {
        requireProgram("gzip")
        requireProgram("sha256sum")
    }

    @Test
    @DisplayName("the compressed file is what gzip -dc can read, and the sum is that of sha256sum")
    fun result() =
        runBlocking<Unit> {
            file.writeBytes(Random(1).nextBytes(5_000_003) + ByteArray(5_000_003))
            val output = compressing().runPiped().orThrow()
            assertEquals(ProcessBuilder("sha256sum", "$file").runPiped().orThrow().stdoutText(), output.stdoutText())
            val decompressed = ProcessBuilder("gzip", "-dc", "$compressed").runPiped().orThrow().stdout()
            assertArrayEquals(file.readBytes(), decompressed)
            assertEquals(listOf(file, compressed), directory.listDirectoryEntries().sorted())
            assertTrue("MiB/s" in output.stderrText(), output.stderrText())
        }

    @Test
    @DisplayName("an empty file")
    fun empty() =
        runBlocking<Unit> {
            file.writeBytes(ByteArray(0))
            val output = compressing().runPiped().orThrow()
            assertEquals(ProcessBuilder("sha256sum", "$file").runPiped().orThrow().stdoutText(), output.stdoutText())
            assertEquals(0, ProcessBuilder("gzip", "-dc", "$compressed").runPiped().orThrow().stdout().size)
        }

    @Test
    @DisplayName("SIGINT in the middle leaves no child and no compressed file")
    fun interrupted() {
        requireInterrupts()
        val errors =
            inTheMiddle(compressing()) { program, _ ->
                program.signal(Signal.INT)
                assertEquals(130, program.awaitExit())
            }
        assertTrue("MiB/s" in errors, errors)
    }

    @Test
    @DisplayName("^C on a terminal, which goes to the children, too")
    fun interruptedOnATerminal() {
        requireInterrupts()
        requireProgram("script")
        val command = compressing().command().joinToString(" ") { "'$it'" }
        inTheMiddle(ProcessBuilder("script", "-qec", command, "/dev/null")) { program, _ ->
            program.stdin.write("\u0003")
            assertEquals(130, program.awaitExit())
        }
    }

    @Test
    @DisplayName("if a child dies, the other one is ended, and there is no compressed file")
    fun deadChild() {
        val errors =
            inTheMiddle(compressing()) { program, children ->
                children.first { "sha256sum" in it.info().command().orElse("") }.destroyForcibly()
                assertEquals(1, program.awaitExit())
            }
        assertTrue("nobody reads stdin of sha256sum" in errors, errors)
    }

    @Test
    @DisplayName("a compressed file that is there already stays as it is")
    fun existing() =
        runBlocking<Unit> {
            file.writeText("new")
            compressed.writeText("old")
            val output = compressing().runPiped()
            assertEquals(1, output.exitCode())
            assertTrue("FileAlreadyExistsException: $compressed" in output.stderrText(), output.stderrText())
            assertEquals("old", compressed.readText())
        }

    @Test
    @DisplayName("a file that does not exist is a failure that names it")
    fun missing() =
        runBlocking<Unit> {
            val output = compressing().runPiped()
            assertEquals(1, output.exitCode())
            assertTrue("NoSuchFileException: $file" in output.stderrText(), output.stderrText())
            assertEquals(emptyList<Path>(), directory.listDirectoryEntries())
        }

    private fun compressing() = example("CompressKt", "$file")

    /**
     * Runs the program on an input that is too big for any test, and strikes when compressed bytes have come. Only the
     * input is left then. Returns what the program has written to stderr.
     */
    private fun inTheMiddle(
        program: ProcessBuilder,
        strike: suspend (PipedProcess, List<ProcessHandle>) -> Unit,
    ): String = runBlocking {
        RandomAccessFile(file.toFile(), "rw").use { it.setLength(1L shl 40) } // takes no space
        val part = directory.resolve("file.gz.part")
        val errors = program.withPiped { running ->
            val errors = async { running.stderr.readText() }
            backgroundScope.launch { running.stdout.readText() }
            Await.until("gzip has written something") { part.exists() && part.fileSize() > 0 }
            val children = running.process.toHandle().descendants().toList()
            strike(running, children)
            assertEquals(emptyList<ProcessHandle>(), children.filter { it.isAlive })
            errors.await()
        }
        assertEquals(listOf(file), directory.listDirectoryEntries())
        errors
    }
}
