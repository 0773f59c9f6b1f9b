package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import java.io.InterruptedIOException
import java.nio.channels.AsynchronousCloseException
import java.util.concurrent.CompletableFuture
import kotlin.concurrent.thread
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith

/** Streams of `java.io` over a reader and a writer. */
@ExtendWith(NothingLeft::class)
class BlockingStreamsTest {
    private fun withPipe(block: suspend (PipeReader, PipeWriter) -> Unit) =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            rx.open().use { reader -> tx.open().use { writer -> block(reader, writer) } }
        }

    @Test
    @DisplayName("what goes in by the one stream comes out of the other, and closing one closes its end")
    fun copies() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val bytes = noise(1_000_000)
            val received = async(Dispatchers.IO) { rx.open().asInputStream().use { it.readAllBytes() } }
            withContext(Dispatchers.IO) { tx.open().asOutputStream().use { it.write(bytes) } }
            assertSameBytes(bytes, received.await())
        }

    @Test
    @DisplayName("the stream has no buffer of its own: reads of both kinds may take turns")
    fun takesTurns() = withPipe { reader, writer ->
        writer.write("a line\n12rest")
        val stream = reader.asInputStream()
        assertEquals('a'.code, stream.read())
        assertEquals(" line", reader.readLine())
        assertEquals("12", stream.readNBytes(2).decodeToString())
        assertEquals(4, stream.available())
        assertEquals("rest", reader.readExactly(4).decodeToString())
        assertEquals(0, stream.available())
    }

    @Test
    @DisplayName("closing frees a blocked read")
    fun closeFreesARead() = withPipe { reader, _ ->
        val stream = reader.asInputStream()
        val outcome = CompletableFuture<Throwable?>()
        val blocked = thread { outcome.complete(runCatching { stream.read() }.exceptionOrNull()) }
        Await.until(blocked, Thread.State.WAITING)
        stream.close()
        assertTrue(outcome.get() is AsynchronousCloseException, "${outcome.get()}")
        blocked.join()
    }

    @Test
    @DisplayName("an interrupt ends a read, which has taken nothing, and a write, whose rest is owed")
    fun interrupts() = withPipe { reader, writer ->
        val reading = interrupted { reader.asInputStream().readNBytes(10) }
        assertTrue(reading is InterruptedIOException, "$reading")
        val bytes = noise(200_000)
        val writing = interrupted { writer.asOutputStream().write(bytes) } as InterruptedIOException
        assertEquals(bytes.size, writing.bytesTransferred)
        assertTrue(writer.owed > 0)
        assertSameBytes(bytes, reader.readExactly(bytes.size))
    }

    /** What a blocked call throws when its thread is interrupted. */
    private fun interrupted(call: () -> Unit): Throwable? {
        val outcome = CompletableFuture<Throwable?>()
        val blocked = thread { outcome.complete(runCatching(call).exceptionOrNull()) }
        Await.until(blocked, Thread.State.WAITING)
        blocked.interrupt()
        return outcome.get()
    }

    @Test
    @DisplayName("on the thread of a loop a call that would have to wait is refused, and takes nothing")
    fun refusedOnTheLoop() = withPipe { reader, writer ->
        PipeLoop.create("blocked").use { loop ->
            withContext(loop.dispatcher) {
                assertThrows<IllegalStateException> { reader.asInputStream().read() }
                val bytes = noise(200_000)
                assertThrows<IllegalStateException> { writer.asOutputStream().write(bytes) }
                writer.close()
            }
            assertSameBytes(noise(200_000), reader.readAll()) // the rest was owed
        }
    }

    @Test
    @DisplayName("on the thread of a loop a skip that would have to wait returns how many bytes it has dropped")
    fun skipOnTheLoop() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            rx.open(PipeOptions.defaults().withMaxLineBytes(4)).use { reader ->
                tx.open().use { writer ->
                    writer.write("dropped")
                    assertTrue(reader.request(7))
                    PipeLoop.create("blocked").use { loop ->
                        withContext(loop.dispatcher) { assertEquals(7, reader.asInputStream().skip(100)) }
                    }
                    writer.write("kept")
                    assertEquals("kept", reader.readExactly(4).decodeToString())
                }
            }
        }
}
