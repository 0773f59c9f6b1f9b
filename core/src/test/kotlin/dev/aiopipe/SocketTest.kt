package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.AcceptPendingException
import java.nio.channels.ClosedChannelException
import java.nio.channels.NotYetConnectedException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
class SocketTest {
    @Test
    @DisplayName("half-close: a closed writer gives the peer its end, and the other direction goes on")
    fun halfClose() = connected { (near, far) ->
        val writer = near.tx().open()
        val reader = near.rx().open()
        val peerReader = far.rx().open()
        val peerWriter = far.tx().open()
        writer.writeLine("question")
        writer.close()
        assertEquals("question", peerReader.readLine())
        assertNull(peerReader.readLine())
        peerWriter.writeLine("answer")
        assertEquals("answer", reader.readLine())
        peerWriter.close()
        assertNull(reader.readLine())
        reader.close()
        peerReader.close()
    }

    @Test
    @DisplayName("a proxy copies both directions, passes each end on, and closes both sides")
    fun proxy() = connected { (client, connection) ->
        val (backend, theirs) = aioDuplex()
        val totals = async { connection.copyBidirectional(theirs) }
        client.tx.open().use { it.writeLine("question") }
        assertEquals("question\n", backend.rx.open().use { it.readText() })
        backend.tx.open().use { it.writeLine("answer") }
        assertEquals("answer\n", client.rx.open().use { it.readText() })
        assertEquals(CopyTotals(9, 7), totals.await())
    }

    @Test
    @DisplayName("a copy of both directions that is cancelled, or fails, closes both sides")
    fun endedProxy() {
        for (cancel in listOf(true, false)) {
            connected { (client, connection) ->
                val (backend, theirs) = aioDuplex()
                val totals = async { runCatching { connection.copyBidirectional(theirs) } }
                val questions = client.tx.open()
                val there = backend.rx.open()
                questions.writeLine("question")
                assertEquals("question", there.readLine())
                there.close()
                if (cancel) {
                    totals.cancelAndJoin()
                } else {
                    questions.writeLine("nobody reads")
                    assertTrue(totals.await().exceptionOrNull() is BrokenPipeException)
                }
                assertNull(client.rx.open().use { it.readLine() })
                backend.tx.open().use { it.awaitReaderGone() }
                questions.abort()
            }
        }
    }

    @Test
    @DisplayName("W02 megabytes both ways at once")
    fun volume() = connected { (near, far) ->
        val sent = ChildMain.pattern(5 shl 20)
        val received =
            listOf(near to far, far to near).map { (from, to) ->
                launch { from.tx().open().use { it.write(sent) } }
                async { to.rx().open().use { it.readAll() } }
            }
        received.forEach { assertTrue(sent.contentEquals(it.await())) }
    }

    @Test
    @DisplayName("W06 a peer that goes breaks the pipe for a write that waits, and for later ones")
    fun peerGoes() = connected { (near, far) ->
        val writer = near.tx().open()
        val reader = near.rx().open()
        val writing = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.write(ByteArray(32 shl 20)) } }
        val gone = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
        assertTrue(writing.isActive && gone.isActive)
        far.close()
        assertEquals(BrokenPipeException::class, writing.await().exceptionOrNull()!!::class)
        gone.await()
        assertThrowsSuspending<BrokenPipeException> { writer.write("x") }
        writer.abort()
        reader.close()
    }

    @Test
    @DisplayName("W05 awaitReaderGone of a socket: behind input that nobody has read, its end shows when it is read")
    fun endOfPeerBehindInput() = connected { (near, far) ->
        PipeLoop.create("sockets").use { loop ->
            val options = PipeOptions.defaults().withLoop(loop)
            val writer = near.tx().open(options)
            val reader = near.rx().open(options)
            far.tx().open().use { it.writeLine("last words") }
            val gone = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
            repeat(3) { withContext(loop.dispatcher) {} } // passes that see the input
            assertTrue(gone.isActive)
            assertEquals("last words", reader.readLine())
            assertNull(reader.readLine())
            gone.await()
            writer.awaitReaderGone()
            writer.abort()
            reader.close()
        }
        far.close()
    }

    @Test
    @DisplayName("W05 awaitReaderGone of a socket: a request is no sign, the peer's end behind it is one")
    fun endOfPeerBehindRequest() = connected { (near, far) ->
        val writer = near.tx().open()
        val reader = near.rx().open()
        val gone = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
        far.tx().open().let { peer ->
            peer.writeLine("request")
            assertEquals("request", reader.readLine())
            assertTrue(gone.isActive)
            peer.close()
        }
        gone.await()
        writer.abort()
        reader.close()
        far.close()
    }

    @Test
    @DisplayName("W05 awaitReaderGone of a socket that nobody reads: the peer's end, and its abrupt one")
    fun endOfPeer() {
        for (abruptly in listOf(false, true)) connected { (near, far) ->
            val writer = near.tx().open()
            val gone = async(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
            assertTrue(gone.isActive)
            if (abruptly) writer.writeLine("unread, so that the peer's close is a reset")
            far.close()
            gone.await()
            writer.abort()
            near.close()
        }
    }

    @Test
    @DisplayName("both directions need one loop, a connection, and are used once")
    fun misuse() = connected { (near, far) ->
        val reader = near.rx().open()
        PipeLoop.create("another").use { loop ->
            val failure =
                assertThrowsSuspending<IllegalStateException> { near.tx().open(PipeOptions.defaults().withLoop(loop)) }
            assertTrue("both directions of a socket need one loop" in failure.message!!, failure.message)
        }
        assertThrowsSuspending<IllegalStateException> { near.rx().open() }
        assertThrowsSuspending<IllegalStateException> { far.rx().forChild() }
        assertThrowsSuspending<IllegalStateException> { far.tx().forChild() }
        reader.close()
        far.close()
        val unconnected = DuplexEnd.of(SocketChannel.open())
        assertThrowsSuspending<NotYetConnectedException> { unconnected.rx().open() }
        unconnected.close()
    }

    @Test
    @DisplayName("acceptConnection: one that is there already, one that comes, and hundreds")
    fun accept() = serving { server ->
        val early = SocketChannel.open(server.localAddress)
        server.acceptConnection().close()
        early.close()
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { server.acceptConnection() }
        assertTrue(waiting.isActive)
        SocketChannel.open(server.localAddress).close()
        waiting.await().close()
        launch { repeat(300) { server.acceptConnection().close() } }
        repeat(300) { SocketChannel.open(server.localAddress).use { assertEquals(-1, it.read(oneByte())) } }
    }

    @Test
    @DisplayName("acceptConnection that is cancelled accepts nothing, and the next one goes on")
    fun cancelledAccept() = serving { server ->
        repeat(50) {
            val waiting = launch(start = CoroutineStart.UNDISPATCHED) { server.acceptConnection() }
            assertTrue(waiting.isActive)
            waiting.cancelAndJoin()
        }
        val client = SocketChannel.open(server.localAddress)
        server.acceptConnection().use { assertEquals(client.localAddress, it.remoteAddress) }
        client.close()
    }

    @Test
    @DisplayName("a second acceptConnection is refused while one waits, and disturbs nothing")
    fun secondAccept() = serving { server ->
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { server.acceptConnection() }
        assertThrowsSuspending<AcceptPendingException> { server.acceptConnection() }
        assertTrue(waiting.isActive)
        SocketChannel.open(server.localAddress).close()
        waiting.await().close()
    }

    @Test
    @DisplayName("acceptConnection ends when its channel is closed while it waits")
    fun channelClosedWhileAccepting() = serving { server ->
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { server.acceptConnection() } }
        assertTrue(waiting.isActive)
        server.close()
        val failure = waiting.await().exceptionOrNull()
        assertTrue(failure is ClosedChannelException, "$failure")
    }

    @Test
    @DisplayName("E22 acceptConnection fails when its loop or its channel is closed")
    fun closedWhileAccepting() = serving { server ->
        val loop = PipeLoop.create("short-lived")
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { server.acceptConnection(loop) } }
        loop.close()
        val failure = waiting.await().exceptionOrNull()!!
        assertTrue(failure is IOException && "short-lived" in failure.message!!, "$failure")
        assertThrowsSuspending<IOException> { server.acceptConnection(loop) }
        server.close()
        assertThrowsSuspending<ClosedChannelException> { server.acceptConnection() }
    }

    @Test
    @DisplayName("E22 a closed loop fails both directions of a socket, and closes it")
    fun closedLoop() = connected { (near, far) ->
        val loop = PipeLoop.create("short-lived")
        val options = PipeOptions.defaults().withLoop(loop)
        val reader = near.rx().open(options)
        val writer = near.tx().open(options)
        val reading = async(start = CoroutineStart.UNDISPATCHED) { runCatching { reader.readLine() } }
        val writing = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.write(ByteArray(32 shl 20)) } }
        assertTrue(reading.isActive && writing.isActive)
        loop.close()
        for (failure in listOf(reading.await(), writing.await())) {
            assertEquals("pipe loop short-lived is closed", rootMessage(failure)) { "$failure" }
        }
        far.rx().open().use { peer ->
            assertThrowsSuspending<IOException> {
                while (peer.skip(1L shl 20) > 0) continue
                throw IOException("the end")
            }
        }
        far.close()
    }

    @Test
    @DisplayName("E22 W05 a closed loop ends awaitReaderGone, though nobody writes")
    fun closedLoopEndsWatch() = connected { (near, far) ->
        val loop = PipeLoop.create("short-lived")
        val writer = near.tx().open(PipeOptions.defaults().withLoop(loop))
        val watching = async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.awaitReaderGone() } }
        assertTrue(watching.isActive)
        loop.close()
        assertEquals("pipe loop short-lived is closed", rootMessage(watching.await()))
        near.close()
        far.close()
    }

    private fun connected(block: suspend CoroutineScope.(Pair<DuplexEnd, DuplexEnd>) -> Unit) = serving { server ->
        val near = SocketChannel.open(server.localAddress)
        val far = server.acceptConnection()
        try {
            block(Pair(DuplexEnd.of(near), DuplexEnd.of(far)))
        } finally {
            near.close()
            far.close()
        }
    }

    private fun serving(block: suspend CoroutineScope.(ServerSocketChannel) -> Unit) =
        runBlocking(Dispatchers.Default) {
            ServerSocketChannel.open().use { server ->
                server.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                block(server)
            }
        }

    private fun oneByte() = java.nio.ByteBuffer.allocate(1)
}
