package dev.aiopipe.examples

import dev.aiopipe.DuplexEnd
import dev.aiopipe.acceptConnection
import dev.aiopipe.open
import dev.aiopipe.rx
import dev.aiopipe.tx
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.ServerSocketChannel
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/**
 * Sends each line back to the client that wrote it, over TCP on this machine. The argument is the port, 0 for any free
 * one; the port is printed. A client that writes `stop` ends the server.
 */
fun main(args: Array<String>) = runBlocking {
    val stop = CompletableDeferred<Unit>()
    ServerSocketChannel.open().use { server ->
        server.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), args.firstOrNull()?.toInt() ?: 0))
        println((server.localAddress as InetSocketAddress).port)
        val serving = launch {
            while (true) {
                val client = DuplexEnd.of(server.acceptConnection())
                launch { if (echo(client)) stop.complete(Unit) }
            }
        }
        stop.await()
        serving.cancelAndJoin()
    }
}

/** Until the client has ended. True if it wants the server to stop. */
private suspend fun echo(client: DuplexEnd): Boolean {
    val input = client.rx.open()
    val output = client.tx.open()
    try {
        while (true) {
            val line = input.readLine() ?: return false
            if (line == "stop") return true
            output.writeLine(line)
        }
    } catch (e: IOException) {
        System.err.println("a client has gone: $e")
        return false
    } finally {
        output.close()
        input.close()
    }
}
