package dev.aiopipe.examples

import dev.aiopipe.withPiped
import java.io.File
import java.nio.file.Path
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class ExamplesTest {
    @TempDir lateinit var directory: Path

    private class Run(val exit: Int, val output: String, val errors: String)

    private fun java(main: String, vararg args: String): List<String> {
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
        return listOf(java, "-classpath", classes, "dev.aiopipe.examples.$main") + args
    }

    private fun run(command: List<String>, configure: ProcessBuilder.() -> Unit = {}): Run = runBlocking {
        ProcessBuilder(command).apply(configure).withPiped { child ->
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
        val run = run(java("HelloFromChildKt", "8"))
        assertEquals(0, run.exit, run.errors)
        assertCounted(run.output)
        assertTrue("lines of a child" in run.errors, run.errors)
    }

    @Test
    @DisplayName("HelloFromChild with stdout in a file")
    fun helloFromChildIntoAFile() {
        val output = directory.resolve("out")
        val run = run(java("HelloFromChildKt", "8")) { redirectOutput(output.toFile()) }
        assertEquals(0, run.exit, run.errors)
        assertCounted(output.readText())
    }

    @Test
    @DisplayName("HelloFromChild on a terminal")
    fun helloFromChildOnATerminal() {
        requireProgram("script")
        val command = java("HelloFromChildKt", "8").joinToString(" ") { "'$it'" }
        val run = run(listOf("script", "-qec", command, "/dev/null"))
        assertEquals(0, run.exit, run.output)
        assertCounted(run.output)
    }

    @Test
    @DisplayName("CatFile checks objects of a repository")
    fun catFile() {
        requireProgram("git")
        directory.resolve("file").writeText("hello\n")
        for (command in listOf("init -q", "add -A", "-c user.name=A -c user.email=a@example.org commit -qm first")) {
            val run = run(listOf("git") + command.split(' ')) { directory(this@ExamplesTest.directory.toFile()) }
            assertEquals(0, run.exit, run.errors)
        }
        val run =
            run(java("CatFileKt", "HEAD:file", "nothing", "HEAD^{tree}")) {
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

    private fun requireProgram(name: String) {
        val isThere = System.getenv("PATH").split(File.pathSeparatorChar).any { File(it, name).canExecute() }
        check(isThere || System.getenv("AIOPIPE_CI") == null) { "$name is not installed" }
        assumeTrue(isThere, "$name is not installed")
    }
}
