package dev.aiopipe.examples.recipes

import dev.aiopipe.LineEnds
import dev.aiopipe.PipeOptions
import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import dev.aiopipe.withPiped
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import me.tongfei.progressbar.ConsoleProgressBarConsumer
import me.tongfei.progressbar.ProgressBarBuilder

// docs/recipes.md shows each block between the markers; ReadmeTest compares the two, and RecipesTest runs them.

// begin
suspend fun through(filter: ProcessBuilder, lines: Flow<String>): List<String> = filter.withPiped { child ->
    launch { child.stdin.use { it.writeLines(lines) } } // while the output is read
    child.stdout.lines().toList()
}

// end

// begin
suspend fun <R> withServer(program: ProcessBuilder, log: (String) -> Unit, use: suspend () -> R): R =
    program.withPiped { server ->
        withTimeout(10.seconds) { server.stdout.lines().first { it == "ready" } }
        backgroundScope.launch { server.stdout.lines().collect(log) }
        use().also { server.stop(stdinGrace = Duration.ZERO) } // most servers do not read their stdin
    }

// end

// begin
suspend fun ask(worker: ProcessBuilder, question: String, log: (String) -> Unit): String? = worker.withPiped { child ->
    backgroundScope.launch { child.stderr.lines().collect { log("worker ${child.process.pid()}: $it") } }
    child.stdin.writeLine(question)
    child.stdout.readLine()
}

// end

// begin
private val percent = Regex("""(\d+)(\.\d+)?%""")

suspend fun watch(program: ProcessBuilder, show: (Int) -> Unit): Int =
    program.withPiped(options = PipeOptions.defaults().withLineEnds(LineEnds.ANY)) { child ->
        child.stdin.close()
        child.stderr.lines().mapNotNull { percent.find(it) }.collect { show(it.groupValues[1].toInt()) }
        child.awaitExit()
    }

suspend fun download(url: String, file: Path): Int =
    ProgressBarBuilder()
        .setTaskName("${file.fileName}")
        .setInitialMax(100)
        .setConsumer(ConsoleProgressBarConsumer(System.err, 80)) // the default one takes ^C away from the JVM
        .build()
        .use { bar -> watch(ProcessBuilder("curl", "-#f", "-o", "$file", url)) { bar.stepTo(it.toLong()) } }

// end

// begin
suspend fun python(statements: List<String>): List<String> =
    ProcessBuilder("python3", "-i", "-q").redirectErrorStream(true).withPiped { python ->
        suspend fun answer() =
            withTimeout(10.seconds) { python.stdout.readUntilAny(prompt, morePrompt).decodeToString() }
        answer() // the first prompt
        statements.map { statement ->
            python.stdin.writeLine(statement)
            answer().removeSuffix(">>> ").removeSuffix("... ")
        }
    }

private val prompt = ">>> ".toByteArray()
private val morePrompt = "... ".toByteArray()

// end

// begin
fun PipeReader.records(): Flow<ByteArray> = flow { while (request(1)) emit(readUntil(0).run { copyOf(size - 1) }) }

suspend fun filesIn(directory: Path): List<String> =
    ProcessBuilder("find", "$directory", "-type", "f", "-print0").withPiped { find ->
        find.stdout.records().map { it.decodeToString() }.toList()
    }

// end

// begin
suspend fun PipeReader.readFrame(limit: Int = 1 shl 20): ByteArray = atomically {
    val length = ByteBuffer.wrap(readExactly(Int.SIZE_BYTES)).getInt()
    if (length !in 0..limit) throw IOException("a frame of $length bytes")
    readExactly(length)
}

suspend fun PipeWriter.writeFrame(body: ByteArray) {
    write(ByteBuffer.allocate(Int.SIZE_BYTES).putInt(body.size).flip(), ByteBuffer.wrap(body)) // one message
}

// end
