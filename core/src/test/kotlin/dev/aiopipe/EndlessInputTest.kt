package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.Descriptors
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Path
import kotlin.time.Duration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.onCompletion
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** Inputs that never end, for readers that leave. */
@ExtendWith(NothingLeft::class)
class EndlessInputTest {
    private val completed = CompletableDeferred<Throwable?>()

    private fun Flow<String>.noticed() = onCompletion { completed.complete(it) }

    private val endless = flow { while (true) emit("line") }.noticed()

    /** Emits its line, and then nothing for ever. */
    private fun silentAfter(vararg lines: String): Flow<String> = flow {
        lines.forEach { emit(it) }
        awaitCancellation()
    }
        .noticed()

    @Test
    @DisplayName("P06 a flow that goes on emitting is cancelled when the child has exited")
    fun endlessFlow() =
        runBlocking<Unit> {
            ProcessBuilder("true").startPiped().use { child ->
                assertThrowsSuspending<BrokenPipeException> { child.stdin.writeLines(endless) }
                assertTrue(completed.isCompleted)
                assertEquals(0, child.awaitExit())
            }
        }

    @Test
    @DisplayName("P06 the output of yes, moved into a child that exits, and yes can be stopped")
    fun endlessReader() =
        runBlocking<Unit> {
            ProcessBuilder("yes").startPiped().use { yes ->
                ProcessBuilder("true").startPiped().use { child ->
                    assertThrowsSuspending<BrokenPipeException> { yes.stdout.transferTo(child.stdin) }
                    assertEquals(0, child.awaitExit())
                }
                assertEquals("y", yes.stdout.readLine()!!.takeLast(1))
                assertEquals(143, yes.stop(never, stdinGrace = Duration.ZERO))
            }
        }

    @Test
    @DisplayName("P06 a flow that is silent is cancelled when the child has exited")
    fun silentFlow() =
        runBlocking<Unit> {
            sh("read line; exit 3").startPiped().use { child ->
                val failure =
                    assertThrowsSuspending<BrokenPipeException> { child.stdin.writeLines(silentAfter("line")) }
                assertTrue(completed.isCompleted)
                assertTrue("nobody reads stdin of sh" in failure.message!!) { "$failure" }
                assertEquals(3, child.awaitExit())
            }
        }

    @Test
    @DisplayName("P06 a silent flow in the background of a block, when the child has exited")
    fun silentFlowInBackground() =
        runBlocking<Unit> {
            val outcome =
                sh("read line; echo \$line").withPiped(grace = never) { child ->
                    val writing = backgroundScope.async { runCatching { child.stdin.writeLines(silentAfter("line")) } }
                    assertEquals("line", child.stdout.readLine())
                    writing.await()
                }
            assertEquals(BrokenPipeException::class, outcome.exceptionOrNull()!!::class)
            assertTrue(completed.isCompleted)
        }

    @Test
    @DisplayName("P06 the watch for a reader ends with the call, and another call watches anew")
    fun watchIsReleased() = piped { reader, writer ->
        val before = Descriptors.pipes()
        repeat(2) {
            val gate = CompletableDeferred<Unit>()
            val lines = flow {
                emit("line")
                gate.await()
            }
            val writing = alongside { writer.writeLines(lines) }
            assertEquals("line", reader.readLine())
            Await.until("the reader is watched") { Descriptors.pipes() > before }
            gate.complete(Unit)
            writing.await()
            Await.until("nothing is watched") { Descriptors.pipes() == before }
        }
        val writing = alongside { runCatching { writer.writeLines(silentAfter()) } }
        Await.until("the reader is watched") { Descriptors.pipes() > before }
        reader.close()
        assertEquals(BrokenPipeException::class, writing.await().exceptionOrNull()!!::class)
    }

    @Test
    @DisplayName("a silent flow into a FIFO outlives the change of readers")
    fun fifo(@TempDir directory: Path) =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val writer = async { WriteEnd.fifo(fifo).open() }
            val first = ReadEnd.fifo(fifo).open()
            val lines = Channel<String>()
            val end = writer.await()
            val writing = async { end.writeLines(flow { for (line in lines) emit(line) }) }
            lines.send("one")
            assertEquals("one", first.readLine())
            val gone = async(start = CoroutineStart.UNDISPATCHED) { end.awaitReaderGone() }
            first.close()
            gone.await()
            assertTrue(writing.isActive)
            val second = ReadEnd.fifo(fifo).open()
            second.use {
                lines.send("two")
                assertEquals("two", it.readLine())
                lines.close()
                writing.await()
                end.close()
                assertEquals(null, it.readLine())
            }
        }

    @Test
    @DisplayName("a silent flow to a socket's peer that has ended its own output goes on")
    fun halfClosedSocket() =
        runBlocking<Unit> {
            ServerSocketChannel.open().bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).use { server ->
                SocketChannel.open(server.localAddress).use { peer ->
                    val ours = DuplexEnd.of(server.accept())
                    ours.rx.open().use { input ->
                        val output = ours.tx.open()
                        val lines = Channel<String>()
                        val writing = async { output.writeLines(flow { for (line in lines) emit(line) }) }
                        peer.shutdownOutput()
                        output.awaitReaderGone()
                        assertEquals(null, input.readLine())
                        lines.send("still")
                        lines.close()
                        writing.await()
                        output.close()
                        assertEquals("still\n", String(peer.socket().getInputStream().readAllBytes()))
                    }
                }
            }
        }

    private fun piped(block: suspend CoroutineScope.(PipeReader, PipeWriter) -> Unit) =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            rx.open().use { reader ->
                val writer = tx.open()
                try {
                    block(reader, writer)
                } finally {
                    writer.abort()
                }
            }
        }
}
