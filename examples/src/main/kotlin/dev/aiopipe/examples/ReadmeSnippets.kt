package dev.aiopipe.examples

import dev.aiopipe.rx
import dev.aiopipe.tx
import dev.aiopipe.FifoOption
import dev.aiopipe.DuplexEnd
import dev.aiopipe.PipeLoop
import dev.aiopipe.PipeOptions
import dev.aiopipe.PipeReader
import dev.aiopipe.PipedProcess
import dev.aiopipe.ReadEnd
import dev.aiopipe.WriteEnd
import dev.aiopipe.acceptConnection
import dev.aiopipe.aioDuplex
import dev.aiopipe.aioPipe
import dev.aiopipe.dispatcher
import dev.aiopipe.open
import dev.aiopipe.startPiped
import dev.aiopipe.withPiped
import java.nio.channels.ServerSocketChannel
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

// What README.md shows, between the markers; a test compares the two.

// begin
suspend fun greeting() {
    val (rx, tx) = aioPipe()
    tx.forChild().use { end ->
        ProcessBuilder("echo", "hi from child").redirectOutput(end.redirect()).start()
    } // our copy is closed, so that the end of the stream can come
    rx.open().use { reader -> println(reader.readLine()) }
}

// end

// begin
suspend fun sorted(lines: List<String>): List<String> =
    ProcessBuilder("sort").withPiped { sort ->
        launch { sort.stdin.use { it.writeLines(lines) } } // side by side: neither pipe holds the other up
        sort.stdout.lines().toList()
    }

// end

// begin
suspend fun convert(program: ProcessBuilder, line: String): String? = program.withPiped { child ->
    backgroundScope.launch { child.stderr.lines().collect { println("converter: $it") } } // not waited for
    child.stdin.writeLine(line)
    child.stdout.readLine()
}

// end

// begin
suspend fun askAll(builder: ProcessBuilder, questions: List<String>): List<String> = builder.withPiped { worker ->
    questions.map { question ->
        worker.stdin.writeLine(question)
        var answer: String? = null
        withTimeoutOrNull(5.seconds) { answer = worker.stdout.readLine() } // assigned inside: it can't get lost
        checkNotNull(answer) { "no answer to $question" } // withPiped stops the worker
    }
}

// end

// begin
suspend fun nextLine(worker: PipedProcess): String? {
    while (withTimeoutOrNull(1.seconds) { worker.stdout.requestLine() } == null) println("still waiting")
    return worker.stdout.readLine() // does not wait; null at the end
}

// end

// begin
suspend fun PipeReader.readMessage(): ByteArray = atomically {
    val length = checkNotNull(readLine()) { "the stream has ended" }.toInt()
    readExactly(length)
}

// end

// begin
suspend fun countLatin1Lines(builder: ProcessBuilder): Int =
    PipeLoop.create("my-loop").use { loop ->
        val options = PipeOptions.defaults().withLoop(loop).withCharset(Charsets.ISO_8859_1).withMaxLineBytes(1 shl 20)
        withContext(loop.dispatcher) { // on the loop's own thread: what waits changes no thread, and nothing may block
            builder.startPiped(options = options).use { child ->
                child.stdin.close()
                child.stdout.lines().toList().size
            }
        }
    }

// end

// begin
suspend fun serve(answer: (String) -> String) {
    val input = ReadEnd.stdin().open() // a pipe, FIFO, terminal, socket, file or /dev/null: the same reader
    val output = WriteEnd.stdout().open()
    while (true) {
        val isThere = withTimeoutOrNull(30.seconds) { input.requestLine() } // works while stdin is silent
        val request = (if (isThere == true) input.readLine() else null) ?: break
        output.writeLine(answer(request))
    }
    output.close()
    output.awaitClosed() // what was written is out
}

// end

// begin
suspend fun askByDescriptor(program: ProcessBuilder): String? {
    val (mine, theirs) = aioDuplex()
    return program.withPiped(passing = mapOf(3 to theirs.rx, 4 to theirs.tx)) {
        mine.tx.open().use { it.writeLine("how are you?") }
        mine.rx.open().use { it.readLine() }
    }
}

suspend fun answerByDescriptor() {
    ReadEnd.inherited(3).open().use { questions ->
        WriteEnd.inherited(4).open().use { answers -> questions.lines().collect { answers.writeLine("fine") } }
    }
}

// end

// begin
suspend fun follow(path: Path, show: (String) -> Unit) {
    ReadEnd.fifo(path, FifoOption.CREATE, FifoOption.KEEP_OPEN).open().use {
        it.lines().collect(show)
    } // writers come and go, the end never comes
}

suspend fun echo(server: ServerSocketChannel) = coroutineScope {
    while (true) {
        val client = DuplexEnd.of(server.acceptConnection())
        launch { client.rx.open().use { input -> client.tx.open().use { input.transferTo(it) } } }
    }
}

// end
