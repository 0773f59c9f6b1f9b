package dev.aiopipe.benchmarks.compare

import dev.aiopipe.PipeLoop
import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import dev.aiopipe.aioPipe
import dev.aiopipe.dispatcher
import dev.aiopipe.open
import dev.aiopipe.runPiped
import dev.aiopipe.startPiped
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.concurrent.Semaphore
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** This library's suspend functions, on a dispatcher. */
internal class Coroutines private constructor(private val dispatcher: CoroutineDispatcher) : Contestant("not written") {
    override fun lines(endlessLines: ProcessBuilder): Work {
        val lines = runBlocking(dispatcher) { endlessLines.startPiped() }.stdout
        return work { count ->
            var chars = 0L
            repeat(count) { chars += lines.readLine()!!.length }
            check(chars >= 0)
        }
    }

    private fun work(block: suspend CoroutineScope.(count: Int) -> Unit) = Work { count ->
        runBlocking(dispatcher) { block(count) }
    }

    override fun roundTrips(echo: ProcessBuilder, line: String, latencies: Latencies): Work {
        val child = runBlocking(dispatcher) { echo.startPiped() }
        return work { count ->
            latencies.begin(count)
            repeat(count) {
                val begin = System.nanoTime()
                child.stdin.writeLine(line)
                child.stdout.readLine()
                latencies.addSince(begin)
            }
        }
    }

    override fun messages(pipes: Int): Work {
        val arrived = Semaphore(0)
        val writers = runBlocking(dispatcher) { openAll(pipes, arrived) }
        // Not on the dispatcher, which the readers need while this waits.
        return Work { count ->
            repeat(count) {
                runBlocking { for (writer in writers) writer.write(BYTES) }
                arrived.acquire(pipes)
            }
        }
    }

    private suspend fun openAll(pipes: Int, arrived: Semaphore): List<PipeWriter> {
        val scope = CoroutineScope(dispatcher)
        return List(pipes) {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            scope.launch { receive(reader, arrived) }
            tx.open()
        }
    }

    private suspend fun receive(reader: PipeReader, arrived: Semaphore) {
        while (reader.readLine() != null) arrived.release()
    }

    override fun throughput(blockSize: Int) = work { count ->
        val (rx, tx) = aioPipe()
        val reader = rx.open()
        val writer = tx.open()
        launch {
            val block = ByteBuffer.allocateDirect(blockSize)
            repeat(count) { writer.write(block.clear()) }
            writer.close()
        }
        val block = ByteBuffer.allocateDirect(blockSize)
        while (reader.read(block.clear()) >= 0) continue
        reader.close()
    }

    override fun toFile(source: ProcessBuilder, file: Path) = work { count ->
        repeat(count) {
            source.startPiped().use { child ->
                child.stdout.transferTo(file)
                child.awaitExit()
            }
        }
    }

    override fun fromFile(file: Path, sink: ProcessBuilder) = work { count ->
        repeat(count) {
            sink.startPiped().use { child ->
                child.stdin.transferFrom(file)
                child.stdin.close()
                child.awaitExit()
            }
        }
    }

    override fun starts(echo: ProcessBuilder, atOnce: Int) = work { count ->
        repeat(count) {
            List(atOnce) {
                    launch {
                        echo.startPiped().use { child ->
                            child.stdin.writeLine("hello")
                            child.stdout.readLine()
                            child.stdin.close()
                            child.awaitExit()
                        }
                    }
                }
                .joinAll()
        }
    }

    override fun runs(program: ProcessBuilder, atOnce: Int) = work { count ->
        repeat(count) { List(atOnce) { launch { program.runPiped() } }.joinAll() }
    }

    override fun idle(pipes: Int): Work {
        val writers = mutableListOf<PipeWriter>()
        return work { count ->
            repeat(count) { writers += openAll(pipes, Semaphore(0)) }
            delay(IDLE_MILLIS) // until all wait
            check(writers.all { it.owed == 0 })
        }
    }

    companion object {
        private val BYTES = MESSAGE.toByteArray()
        private const val IDLE_MILLIS = 500L

        @JvmStatic fun onDefault(): Contestant = Coroutines(Dispatchers.Default)

        @JvmStatic fun onLoop(): Contestant = Coroutines(PipeLoop.shared().dispatcher)
    }
}
