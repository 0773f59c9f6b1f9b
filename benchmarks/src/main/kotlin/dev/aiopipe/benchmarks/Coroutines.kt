package dev.aiopipe.benchmarks

import dev.aiopipe.PipeLoop
import dev.aiopipe.PipeOptions
import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import dev.aiopipe.PipedProcess
import dev.aiopipe.ReadEnd
import dev.aiopipe.aioPipe
import dev.aiopipe.dispatcher
import dev.aiopipe.open
import dev.aiopipe.startPiped
import java.util.concurrent.Semaphore
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** What the benchmarks, which are Java, need coroutines for. */
internal class ChildLines(builder: ProcessBuilder) : AutoCloseable {
    private val child: PipedProcess = runBlocking { builder.startPiped() }

    fun read(count: Int): Long = runBlocking { charsOf(child.stdout, count) }

    fun readAll(): Long = runBlocking { charsOf(child.stdout, Int.MAX_VALUE) }

    fun roundTrip(line: String): String? = runBlocking {
        child.stdin.writeLine(line)
        child.stdout.readLine()
    }

    override fun close() = child.close()
}

/** Stdin of this process, which a loop of lines comes in by. */
internal class StdinLines {
    private val stdin = runBlocking { ReadEnd.stdin().open() }

    fun read(count: Int): Long = runBlocking { charsOf(stdin, count) }
}

private suspend fun charsOf(lines: PipeReader, count: Int): Long {
    var chars = 0L
    var left = count
    while (left-- > 0) {
        val line = lines.readLine() ?: break
        chars += line.length
    }
    return chars
}

/** Pipes whose readers all wait on one loop, each in a coroutine on the loop's own thread. */
internal class PipeGroup(count: Int) : AutoCloseable {
    private val loop = PipeLoop.create("benchmark-loop")
    private val scope = CoroutineScope(loop.dispatcher)
    private val allArrived = Semaphore(0)
    private var received = 0 // of the loop's thread
    private val writers: List<PipeWriter> =
        runBlocking(Dispatchers.Default) {
            val options = PipeOptions.defaults().withLoop(loop)
            List(count) {
                val (rx, tx) = aioPipe()
                val reader = rx.open(options)
                scope.launch { receive(reader) }
                tx.open(options)
            }
        }

    private suspend fun receive(reader: PipeReader) {
        while (reader.readLine() != null) {
            if (++received % writers.size == 0) allArrived.release()
        }
    }

    fun oneMessageEach() = runBlocking {
        for (writer in writers) writer.write(MESSAGE)
        allArrived.acquire()
    }

    override fun close() {
        scope.cancel()
        loop.close()
    }

    private companion object {
        val MESSAGE = "nineteen characters\n".toByteArray()
    }
}
