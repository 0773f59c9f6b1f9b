package dev.aiopipe.examples

import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.withPiped
import java.nio.file.Path
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class ExamplesTest {
    @TempDir lateinit var directory: Path

    private class Run(val exit: Int, val output: String, val errors: String)

    private fun run(program: ProcessBuilder, configure: ProcessBuilder.() -> Unit = {}): Run = runBlocking {
        program.apply(configure).withPiped { child ->
            child.stdin.close()
            val errors = async { child.stderr.readText() }
            val output = child.stdout.readText()
            Run(child.awaitExit(), output, errors.await())
        }
    }

    private fun assertCounted(output: String) {
        val lines = output.lines().map { it.trim() }
        assertTrue("hi from child" in lines, output)
        val last = lines.last { it.isNotEmpty() }
        assertTrue(Regex("131,072 lines in .* million lines/s, .* MB/s").matches(last), output)
    }

    @Test
    @DisplayName("HelloFromChild reads a line, and counts many")
    fun helloFromChild() {
        val run = run(example("HelloFromChildKt", "8"))
        assertEquals(0, run.exit, run.errors)
        assertCounted(run.output)
        assertTrue("lines of a child" in run.errors, run.errors)
    }

    @Test
    @DisplayName("HelloFromChild with stdout in a file")
    fun helloFromChildIntoAFile() {
        val output = directory.resolve("out")
        val run = run(example("HelloFromChildKt", "8")) { redirectOutput(output.toFile()) }
        assertEquals(0, run.exit, run.errors)
        assertCounted(output.readText())
    }

    @Test
    @DisplayName("HelloFromChild on a terminal")
    fun helloFromChildOnATerminal() {
        requireProgram("script")
        val command = example("HelloFromChildKt", "8").command().joinToString(" ") { "'$it'" }
        val run = run(ProcessBuilder("script", "-qec", command, "/dev/null"))
        assertEquals(0, run.exit, run.output)
        assertCounted(run.output)
    }

    @Test
    @DisplayName("CatFile checks objects of a repository")
    fun catFile() {
        requireProgram("git")
        directory.resolve("file").writeText("hello\n")
        for (command in listOf("init -q", "add -A", "-c user.name=A -c user.email=a@example.org commit -qm first")) {
            val run =
                run(ProcessBuilder(listOf("git") + command.split(' '))) {
                    directory(this@ExamplesTest.directory.toFile())
                }
            assertEquals(0, run.exit, run.errors)
        }
        val run =
            run(example("CatFileKt", "HEAD:file", "nothing", "HEAD^{tree}")) {
                directory(this@ExamplesTest.directory.toFile())
            }
        assertEquals(
            listOf(
                "HEAD:file: blob of 6 bytes, intact",
                "nothing: missing",
                "HEAD^{tree}: tree of 32 bytes, intact",
                "",
            ),
            run.output.lines(),
            run.errors,
        )
    }
}
