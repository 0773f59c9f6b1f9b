package dev.aiopipe.examples

import dev.aiopipe.ProcessOutput
import dev.aiopipe.Signal
import dev.aiopipe.runPiped
import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.requireInterrupts
import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.withPiped
import java.nio.file.Path
import javax.imageio.ImageIO
import kotlin.io.path.exists
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readBytes
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class ScreenshotTest {
    @TempDir lateinit var directory: Path

    @BeforeEach
    fun chromiumIsThere() {
        requireProgram("chromium")
    }

    @Test
    @DisplayName("a page in a file: its title is printed, and the screenshot shows it")
    fun file() =
        runBlocking<Unit> {
            val page = directory.resolve("page.html")
            page.writeText("<!DOCTYPE html><title>Green &amp; more</title><body style='background: #00ff00'>")
            assertEquals("Green & more\n", run(page.toUri().toString()).orThrow().stdoutText())
            assertScreenshot(0x00ff00)
            assertNothingLeft()
        }

    @Test
    @DisplayName("a page in a data: URL")
    fun data() =
        runBlocking<Unit> {
            val page = "data:text/html,<title>From data</title><body style='background: rgb(0, 0, 255)'>"
            assertEquals("From data\n", run(page).orThrow().stdoutText())
            assertScreenshot(0x0000ff)
            assertNothingLeft()
        }

    @Test
    @DisplayName("a page that does not exist is a failure that says so, and leaves no browser")
    fun missing() =
        runBlocking<Unit> {
            val output = run(directory.resolve("missing.html").toUri().toString())
            assertNotEquals(0, output.exitCode())
            assertTrue("missing.html: net::ERR_FILE_NOT_FOUND" in output.stderrText(), output.stderrText())
            assertFalse(png.exists())
            assertNothingLeft()
        }

    @Test
    @DisplayName("^C while the page is still at work leaves no browser")
    fun interrupted() =
        runBlocking<Unit> {
            requireInterrupts()
            program("data:text/html,<title>busy</title><script>while (true);</script>").withPiped { program ->
                backgroundScope.launch { program.stderr.lines().collect { System.err.println(it) } }
                Await.until("a page is there", ::browsers) { found -> found.any { "--type=renderer" in it } }
                program.signal(Signal.INT)
                assertEquals(130, program.awaitExit())
            }
            assertFalse(png.exists())
            Await.until("no process of the browser is left", ::browsers) { it.isEmpty() }
        }

    private val png
        get() = directory.resolve("page.png")

    private fun program(url: String): ProcessBuilder {
        val program = example("ScreenshotKt", url, "$png")
        program.command().add(1, "-Djava.io.tmpdir=$directory")
        program.environment()["TMPDIR"] = "$directory"
        return program
    }

    private suspend fun run(url: String): ProcessOutput = program(url).runPiped()

    private fun assertScreenshot(color: Int) {
        val signature =
            byteArrayOf(0x89.toByte(), 'P'.code.toByte(), 'N'.code.toByte(), 'G'.code.toByte(), 13, 10, 26, 10)
        assertArrayEquals(signature, png.readBytes().copyOf(signature.size))
        val image = ImageIO.read(png.toFile())
        assertEquals(color, image.getRGB(image.width / 2, image.height / 2) and 0xffffff)
    }

    private fun assertNothingLeft() {
        Await.until("no process of the browser is left", ::browsers) { it.isEmpty() }
        assertEquals(emptyList<Path>(), directory.listDirectoryEntries("screenshot*"))
    }

    /** The command lines of Chromium's processes that have this test's directory in it, or in their environment. */
    private fun browsers(): List<String> =
        ProcessHandle.allProcesses().toList().mapNotNull { process ->
            val proc = Path.of("/proc/${process.pid()}")
            val command = text(proc.resolve("cmdline"))
            val isOurs = "$directory" in command || "$directory" in text(proc.resolve("environ"))
            command.replace('\u0000', ' ').takeIf { isOurs && "chrom" in it.substringBefore(' ') }
        }

    /** A process that has ended, and one of another user, has none. */
    private fun text(file: Path) = runCatching { file.readText(Charsets.ISO_8859_1) }.getOrDefault("")
}
