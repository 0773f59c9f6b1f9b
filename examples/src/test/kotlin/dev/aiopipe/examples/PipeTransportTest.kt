package dev.aiopipe.examples

import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import dev.aiopipe.aioDuplex
import dev.aiopipe.open
import dev.aiopipe.rx
import dev.aiopipe.tx
import io.modelcontextprotocol.kotlin.sdk.types.JSONRPCMessage
import io.modelcontextprotocol.kotlin.sdk.types.JSONRPCNotification
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class PipeTransportTest {
    /** A transport, and the streams of its peer. */
    private class Side(val transport: PipeTransport, val input: PipeReader, val output: PipeWriter) {
        val messages = Channel<JSONRPCMessage>(Channel.UNLIMITED)
        val errors = Channel<Throwable>(Channel.UNLIMITED)
        var closings = 0

        init {
            transport.onMessage { messages.send(it) }
            transport.onError { errors.trySend(it) }
            transport.onClose { closings++ }
        }
    }

    private fun test(block: suspend (Side) -> Unit) =
        runBlocking<Unit> {
            val (mine, theirs) = aioDuplex()
            val input = theirs.rx.open()
            val output = theirs.tx.open()
            lateinit var side: Side
            coroutineScope {
                val transport = PipeTransport(this, mine.rx.open(), mine.tx.open(), grace = 50.milliseconds)
                side = Side(transport, input, output)
                transport.start()
                yield() // now it reads
                block(side)
            } // returns after the transport has ended
            assertEquals(1, side.closings)
            input.close()
            output.close()
        }

    @Test
    @DisplayName("close returns while the peer is silent and keeps its output open")
    fun silentPeer() = test { side ->
        side.transport.close()
        assertEquals(1, side.closings)
        assertNull(side.input.readLine())
        side.transport.close()
    }

    @Test
    @DisplayName("close returns while the peer does not read, and the message that waits fails")
    fun peerThatDoesNotRead() = test { side ->
        coroutineScope {
            val message = JSONRPCNotification("long", JsonPrimitive("x".repeat(1 shl 20)))
            val sending = async(start = CoroutineStart.UNDISPATCHED) { runCatching { side.transport.send(message) } }
            assertTrue(sending.isActive) // a pipe holds less
            side.transport.close()
            assertInstanceOf(IOException::class.java, sending.await().exceptionOrNull())
        }
    }

    @Test
    @DisplayName("the end of the input closes the transport")
    fun endOfInput() = test { side ->
        side.output.writeLine("""{"jsonrpc": "2.0", "method": "last"}""")
        side.output.close()
        assertEquals(JSONRPCNotification("last"), side.messages.receive())
        assertNull(side.input.readLine())
    }

    @Test
    @DisplayName("a line that is not a message is reported, and the next one is read")
    fun garbage() = test { side ->
        side.output.writeLine("Starting up …")
        side.output.writeLine("""{"jsonrpc": "2.0", "method": "hello"}""")
        assertEquals(JSONRPCNotification("hello"), side.messages.receive())
        assertTrue(side.errors.tryReceive().isSuccess)
        side.transport.close()
    }
}
