package dev.aiopipe.examples

import dev.aiopipe.DuplexEnd
import dev.aiopipe.open
import dev.aiopipe.rx
import dev.aiopipe.tx
import dev.aiopipe.withPiped
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.SocketChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class EchoServerTest {
    @Test
    @DisplayName("clients get their own lines back, and one of them stops the server")
    fun echoes() =
        runBlocking<Unit> {
            example("EchoServerKt", "0").withPiped { server ->
                val port = server.stdout.readLine()!!.toInt()
                coroutineScope {
                    for (name in listOf("a", "b", "c")) {
                        launch {
                            val lines = List(1_000) { "$name $it" }
                            val client = connect(port)
                            val output = client.tx.open()
                            launch { output.use { it.writeLines(lines) } }
                            client.rx.open().use { assertEquals(lines, it.lines().toList()) }
                        }
                    }
                } // all are through before the server is stopped
                val silent = connect(port)
                val client = connect(port)
                client.tx.open().use { it.writeLine("stop") }
                client.rx.open().use { assertNull(it.readLine()) }
                silent.rx.open().use { assertNull(it.readLine()) }
                silent.close()
                assertEquals(0, server.awaitExit())
                assertEquals("", server.stderr.readText())
            }
        }

    private fun connect(port: Int) =
        DuplexEnd.of(SocketChannel.open(InetSocketAddress(InetAddress.getLoopbackAddress(), port)))
}
