package dev.aiopipe.examples

import dev.aiopipe.DuplexEnd
import dev.aiopipe.FifoOption
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
import dev.aiopipe.rx
import dev.aiopipe.startPiped
import dev.aiopipe.tx
import dev.aiopipe.withPiped
import java.nio.channels.ServerSocketChannel
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

// README.md shows each block between the markers; ReadmeTest compares the two.

// begin
suspend fun talk() {
    ProcessBuilder("cat").withPiped { cat ->
        cat.stdin.writeLine("hello")
        println(cat.stdout.readLine())
    } // cat has ended here, however the block was left
}

// end

// begin
suspend fun sorted(lines: List<String>): List<String> =
    ProcessBuilder("sort").withPiped { sort ->
        launch { sort.stdin.use { it.writeLines(lines) } } // while the output is read
        sort.stdout.lines().toList()
    }

// end

// begin
suspend fun convert(program: ProcessBuilder, line: String): String? = program.withPiped { child ->
    // withPiped does not wait for this coroutine
    backgroundScope.launch { child.stderr.lines().collect { println("converter: $it") } }
    child.stdin.writeLine(line)
    child.stdout.readLine()
}

// end

// begin
suspend fun askAll(builder: ProcessBuilder, questions: List<String>): List<String> = builder.withPiped { worker ->
    questions.map { question ->
        worker.stdin.writeLine(question)
        var answer: String? = null
        withTimeoutOrNull(5.seconds) { answer = worker.stdout.readLine() } // assigned inside, so it cannot get lost
        checkNotNull(answer) { "no answer to $question" } // withPiped stops the worker
    }
}

// end

// begin
suspend fun nextLine(worker: PipedProcess): String? {
    while (withTimeoutOrNull(1.seconds) { worker.stdout.requestLine() } == null) println("still waiting")
    return worker.stdout.readLine() // does not wait; null at the end of stream
}

// end

// begin
suspend fun PipeReader.readMessage(): ByteArray = atomically {
    val length = checkNotNull(readLine()) { "the stream has ended" }.toInt()
    readExactly(length)
}

// end

// begin
suspend fun inside(): String? = coroutineScope {
    val (rx, tx) = aioPipe()
    launch { tx.open().use { it.writeLine("hello") } }
    rx.open().use { it.readLine() }
}

// end

// begin
suspend fun greeting() {
    val (rx, tx) = aioPipe()
    tx.forChild().use { end ->
        ProcessBuilder("echo", "hi from child").redirectOutput(end.redirect()).start()
    } // closes our copy, or the reader never sees the end of stream
    rx.open().use { reader -> println(reader.readLine()) }
}

// end

// begin
suspend fun serve(answer: (String) -> String) {
    val input = ReadEnd.stdin().open() // a pipe, FIFO, terminal, socket, file or /dev/null
    val output = WriteEnd.stdout().open()
    while (true) {
        val isThere = withTimeoutOrNull(30.seconds) { input.requestLine() } // works while stdin is silent
        val request = (if (isThere == true) input.readLine() else null) ?: break
        output.writeLine(answer(request))
    }
    output.close()
    output.awaitClosed() // all that was written is out
}

// end

// begin
suspend fun follow(path: Path, show: (String) -> Unit) {
    ReadEnd.fifo(path, FifoOption.CREATE, FifoOption.KEEP_OPEN).open().use {
        it.lines().collect(show)
    } // writers come and go, the end never comes
}

// end

// begin
suspend fun echo(server: ServerSocketChannel) = coroutineScope {
    while (true) {
        val client = DuplexEnd.of(server.acceptConnection())
        launch { client.rx.open().use { input -> client.tx.open().use { input.transferTo(it) } } }
    }
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
suspend fun countLatin1Lines(builder: ProcessBuilder): Int =
    PipeLoop.create("my-loop").use { loop ->
        val options = PipeOptions.defaults().withLoop(loop).withCharset(Charsets.ISO_8859_1).withMaxLineBytes(1 shl 20)
        withContext(loop.dispatcher) { // the loop's own thread: no change of threads, but nothing may block it
            builder.startPiped(options = options).use { child ->
                child.stdin.close()
                child.stdout.lines().toList().size
            }
        }
    }

// end
