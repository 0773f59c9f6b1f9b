package consumer

import dev.aiopipe.AioPipe
import dev.aiopipe.PipeLoop
import dev.aiopipe.PipeOptions
import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import dev.aiopipe.acceptConnection
import dev.aiopipe.aioDuplex
import dev.aiopipe.rx
import dev.aiopipe.aioPipe
import dev.aiopipe.dispatcher
import dev.aiopipe.open
import dev.aiopipe.startPiped
import dev.aiopipe.withPiped
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

/** A program of a user whose Kotlin is the oldest that the README promises. */
fun main(): Unit = runBlocking {
    val pipe: AioPipe = aioPipe()
    val (rx, tx) = pipe
    tx.open().use { it.writeLine("a line") }
    check(rx.open(PipeOptions.defaults().withMaxLineBytes(10)).use { it.firstLine() } == "a line")

    val (mine, theirs) = aioDuplex()
    val copied =
        ProcessBuilder("cat").withPiped(mapOf(3 to theirs.rx), grace = 1.seconds) { cat ->
            launch { cat.stdin.use { it.writeBoth("one", "two") } }
            cat.stdout.lines().toList()
        }
    check(copied == listOf("one", "two"))
    mine.close()

    PipeLoop.create("consumer").use { loop ->
        val exit = withContext(loop.dispatcher) { ProcessBuilder("true").startPiped().use { it.awaitExit() } }
        check(exit == 0)
    }

    ServerSocketChannel.open().use { server ->
        server.bind(null)
        SocketChannel.open(server.localAddress).use { server.acceptConnection().close() }
    }
    println("done")
}

private suspend fun PipeReader.firstLine(): String? = atomically { readLine() }

private suspend fun PipeWriter.writeBoth(first: String, second: String) {
    writeLines(listOf(first, second))
}
