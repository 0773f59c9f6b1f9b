package dev.aiopipe.examples.recipes

import dev.aiopipe.OutputLine.Source.STDERR
import dev.aiopipe.PipeLoop
import dev.aiopipe.PipeOptions
import dev.aiopipe.ProcessOutput
import dev.aiopipe.ProcessTimeoutException
import dev.aiopipe.dispatcher
import dev.aiopipe.outputLines
import dev.aiopipe.runPiped
import dev.aiopipe.runPipeline
import dev.aiopipe.withPiped
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit
import kotlinx.coroutines.withTimeout

// docs/recipes.md shows each block between the markers; ReadmeTest compares the two, and RecipesTest runs them.

// begin
suspend fun capture(program: ProcessBuilder, time: Duration): String =
    try {
        program.runPiped(limit = 1 shl 20, timeout = time).orThrow().stdoutText()
    } catch (e: ProcessTimeoutException) {
        e.output().stdoutText() + "[stopped after $time]"
    }

// end

// begin
suspend fun build(program: ProcessBuilder, time: Duration, show: (String) -> Unit): List<String> =
    withTimeout(time) {
        val kept = mutableListOf<String>()
        program.outputLines().collect { if (it.source == STDERR) show("build: ${it.text}") else kept += it.text }
        kept
    }

// end

// begin
suspend fun levels(log: Path): String =
    listOf(
            ProcessBuilder("cut", "-d", " ", "-f", "1").redirectInput(log.toFile()),
            ProcessBuilder("sort"),
            ProcessBuilder("uniq", "-c"),
        )
        .runPipeline(timeout = 1.minutes)
        .orThrow()
        .stdoutText()

// end

// begin
suspend fun runAll(programs: List<ProcessBuilder>, atOnce: Int = 32): List<ProcessOutput> = coroutineScope {
    val permits = Semaphore(atOnce)
    programs.map { async { permits.withPermit { it.runPiped() } } }.awaitAll()
}

// end

// begin
suspend fun countLines(programs: List<ProcessBuilder>, loops: List<PipeLoop>): Int = coroutineScope {
    programs
        .mapIndexed { i, program ->
            val loop = loops[i % loops.size]
            async(loop.dispatcher) { // the thread that waits for the stream reads it, too
                program.withPiped(options = PipeOptions.defaults().withLoop(loop)) { it.stdout.lines().count() }
            }
        }
        .awaitAll()
        .sum()
}

// end

// begin
suspend fun runBy(prefix: List<String>, command: List<String>): String =
    ProcessBuilder(prefix + command).runPiped().orThrow().stdoutText()

val asPostgres = listOf("sudo", "-n", "-u", "postgres", "--")
val inPod = listOf("kubectl", "exec", "-i", "web-0", "--")
val onHost = listOf("ssh", "-o", "BatchMode=yes", "db.example.org")

/** A word for ssh, which joins its arguments to a line that the remote shell takes apart again. */
fun quoted(word: String): String = "'" + word.replace("'", "'\\''") + "'"

// end
