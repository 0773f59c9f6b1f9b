package dev.aiopipe.examples.recipes

import dev.aiopipe.DuplexEnd
import dev.aiopipe.FifoOption
import dev.aiopipe.PipeOptions
import dev.aiopipe.ReadEnd
import dev.aiopipe.acceptConnection
import dev.aiopipe.aioPipe
import dev.aiopipe.copyBidirectional
import dev.aiopipe.open
import dev.aiopipe.outputLines
import dev.aiopipe.runPiped
import dev.aiopipe.rx
import dev.aiopipe.tx
import dev.aiopipe.withPiped
import java.io.IOException
import java.io.InputStream
import java.io.InterruptedIOException
import java.lang.ProcessBuilder.Redirect
import java.net.SocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Path
import kotlin.time.Duration
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emitAll
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.merge
import kotlinx.coroutines.launch
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.withTimeoutOrNull

// docs/recipes.md shows each block between the markers; ReadmeTest compares the two, and RecipesTest runs them.

// begin
suspend fun confirm(question: String, time: Duration): Boolean {
    println(question)
    ReadEnd.stdin().open().use { input ->
        return withTimeoutOrNull(time) { input.requestLine() } == true && input.readLine() == "yes"
    }
}

// end

// begin
suspend fun askThenRun(program: (String?) -> ProcessBuilder): Int {
    println("which file?")
    val options = PipeOptions.defaults().withReadAhead(false) // takes the line, and no byte after it
    val name = ReadEnd.stdin().open(options).use { it.readLine() }
    return program(name).inheritIO().runPiped().exitCode
}

// end

// begin
fun follow(log: Path): Flow<String> =
    ProcessBuilder("tail", "-n", "+1", "-F", "$log").redirectError(Redirect.DISCARD).outputLines().map { it.text }

fun followFifo(fifo: Path): Flow<String> = flow {
    ReadEnd.fifo(fifo, FifoOption.CREATE, FifoOption.KEEP_OPEN).open().use { emitAll(it.lines()) }
}

// end

// begin
fun labelled(programs: Map<String, ProcessBuilder>): Flow<String> =
    programs.map { (name, program) -> program.outputLines().map { "$name: ${it.text}" } }.merge()

suspend fun intoOnePipe(programs: List<ProcessBuilder>): String = coroutineScope {
    val (rx, tx) = aioPipe()
    launch {
        tx.forChild().use { end ->
            coroutineScope {
                programs.forEach { launch { it.redirectOutput(end.redirect()).runPiped().orThrow() } }
            }
        } // all have ended; this closes the last copy of the end
    }
    rx.open().use { it.readText() }
}

// end

// begin
suspend fun packAndSum(source: ProcessBuilder, packed: Path): String? =
    ProcessBuilder("gzip").redirectOutput(packed.toFile()).withPiped { gzip ->
        ProcessBuilder("sha256sum").withPiped { sum ->
            source.withPiped { it.stdout.teeTo(gzip.stdin, sum.stdin) } // the slower one sets the pace
            gzip.stdin.close()
            sum.stdin.close()
            check(gzip.awaitExit() == 0) { "gzip has failed" }
            sum.stdout.readLine()
        }
    }

// end

// begin
suspend fun proxy(server: ServerSocketChannel, target: SocketAddress) = coroutineScope {
    while (true) {
        val client = DuplexEnd.of(server.acceptConnection())
        launch {
            try {
                client.use {
                    val other = runInterruptible(Dispatchers.IO) { SocketChannel.open(target) }
                    client.copyBidirectional(DuplexEnd.of(other))
                }
            } catch (e: IOException) {
                System.err.println("a connection has failed: $e")
            }
        }
    }
}

// end

// begin
suspend fun <T> parsed(program: ProcessBuilder, parse: (InputStream) -> T): T = program.withPiped { child ->
    child.stdin.close()
    try {
        runInterruptible(Dispatchers.IO) { parse(child.stdout.asInputStream()) }
    } catch (e: InterruptedIOException) {
        ensureActive() // a cancellation interrupts the thread
        throw e
    }
}

// end
