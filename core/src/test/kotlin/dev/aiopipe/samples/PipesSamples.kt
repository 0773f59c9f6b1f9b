package dev.aiopipe.samples

import dev.aiopipe.DuplexEnd
import dev.aiopipe.PipeLoop
import dev.aiopipe.acceptConnection
import dev.aiopipe.aioDuplex
import dev.aiopipe.aioPipe
import dev.aiopipe.dispatcher
import dev.aiopipe.open
import dev.aiopipe.rx
import dev.aiopipe.startPiped
import dev.aiopipe.tx
import java.nio.channels.ServerSocketChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

// Samples of the KDoc: they are compiled with the tests, so they can't go out of date.

internal suspend fun pipe() {
    val (rx, tx) = aioPipe()
    tx.open().use { it.writeLine("hello") }
    rx.open().use { println(it.readLine()) }
}

internal suspend fun duplex() {
    val (mine, theirs) = aioDuplex()
    ProcessBuilder("sh", "-c", "cat <&3 >&4").startPiped(mapOf(3 to theirs.rx, 4 to theirs.tx)).use {
        mine.tx.open().use { requests -> requests.writeLine("hello") }
        mine.rx.open().use { answers -> println(answers.readLine()) }
    }
}

internal suspend fun accept(server: ServerSocketChannel) = coroutineScope {
    while (true) {
        val client = DuplexEnd.of(server.acceptConnection())
        launch { client.rx.open().use { input -> client.tx.open().use { input.transferTo(it) } } }
    }
}

internal suspend fun onTheLoop(server: ServerSocketChannel) =
    PipeLoop.create("server").use { loop -> withContext(loop.dispatcher) { accept(server) } }
