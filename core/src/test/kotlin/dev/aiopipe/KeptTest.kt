package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.Descriptors
import dev.aiopipe.testkit.Garbage
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.logging.Logger
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.extension.ExtendWith

/** What is in use is no garbage, though its user holds a part of it only. What nobody uses is closed: see the ends. */
@ExtendWith(NothingLeft::class)
@Timeout(60)
class KeptTest {
    private val logger = Logger.getLogger("dev.aiopipe")
    private val before = pipes().toSet()

    private fun pipes() = Descriptors.open().values.filter { it.startsWith("pipe:") }

    @BeforeEach
    fun silence() {
        logger.useParentHandlers = false // what is lost in the end is closed with a warning
    }

    /** The other direction: what is not in use any more is closed. */
    @AfterEach
    fun collect() {
        Await.until("what is lost is closed", { pipes().also { System.gc() } }) { it.all { pipe -> pipe in before } }
        logger.useParentHandlers = true
    }

    private fun stdoutOf(builder: ProcessBuilder) = runBlocking { builder.startPiped().stdout }

    private fun stdinOf(builder: ProcessBuilder) = runBlocking { builder.startPiped().stdin }

    private fun lose(builder: ProcessBuilder): ProcessHandle = runBlocking {
        builder.startPiped().process.toHandle()
    }

    private fun awaitExitOf(child: ProcessHandle) = Await.until("it has exited") { !child.isAlive }

    @Test
    @DisplayName("a child of which only stdout is held keeps its stdin and stderr")
    fun onlyStdout() =
        runBlocking<Unit> {
            val stdout = stdoutOf(sh("echo $$; cat; echo warning >&2; echo last"))
            val child = ProcessHandle.of(stdout.readLine()!!.toLong()).orElseThrow()
            Garbage.collect()
            assertTrue(child.isAlive) // its stdin would have ended
            child.children().forEach { it.destroy() } // cat
            assertEquals("last", stdout.readLine()) // or SIGPIPE would have come before
            assertNull(stdout.readLine())
            awaitExitOf(child)
            stdout.close()
        }

    @Test
    @DisplayName("a child of which only stdin is held keeps its outputs")
    fun onlyStdin() =
        runBlocking<Unit> {
            val stdin = stdinOf(sh("read x; echo out; echo warning >&2; read x; echo out; cat; kill -s KILL $$"))
            stdin.writeLine("")
            Garbage.collect()
            stdin.writeLine("")
            stdin.writeLine("it lives")
            stdin.close()
            stdin.awaitClosed()
        }

    @Test
    @DisplayName("a lost child lives on, as one of the JDK does; its pipes are closed after its exit")
    fun nothingHeld() {
        val child = lose(sh("echo hello; cat; sleep 1000"))
        Garbage.collect()
        assertTrue(child.children().count() > 0) // cat
        child.children().forEach { it.destroyForcibly() }
        child.destroyForcibly()
        awaitExitOf(child)
    }

    @Test
    @DisplayName("the halves of a conversation keep each other, opened or not")
    fun halves() =
        runBlocking<Unit> {
            ServerSocketChannel.open().bind(InetSocketAddress("localhost", 0)).use { server ->
                val channel = SocketChannel.open(server.localAddress)
                server.accept().use { peer ->
                    peer.configureBlocking(false)
                    val reader = readerOf(channel)
                    Garbage.collect()
                    assertEquals(0, peer.read(ByteBuffer.allocate(1))) // no end
                    peer.write(ByteBuffer.wrap("hello\n".toByteArray()))
                    assertEquals("hello", reader.readLine())
                    reader.close()
                }
            }
            val writer = writerOf()
            Garbage.collect()
            writer.writeLine("hello")
            theirs!!.use { it.write("hello\n") } // there is somebody to read it
            theirs = null
            writer.close()
        }

    private suspend fun readerOf(channel: SocketChannel) = DuplexEnd.of(channel).rx().open()

    private var theirs: PipeWriter? = null

    /** The other half is opened and lost, as are, on the other side, both ends but the writer. */
    private suspend fun writerOf(): PipeWriter {
        val (mine, theirs) = aioDuplex()
        mine.rx().open()
        this.theirs = theirs.tx().open()
        return mine.tx().open()
    }

    @Test
    @DisplayName("a wait for the reader's end keeps the writer")
    fun readerGone() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val gone = goneOf(tx)
            Garbage.collect()
            assertTrue(!gone.isDone)
            rx.close()
            gone.get()
        }

    private fun goneOf(end: WriteEnd) = end.openOutput(PipeOptions.defaults()).join().readerGone()
}
