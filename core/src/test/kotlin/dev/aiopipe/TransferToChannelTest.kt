package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.channels.Channels
import java.nio.channels.ReadPendingException
import java.nio.channels.ReadableByteChannel
import java.nio.channels.WritableByteChannel
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
class TransferToChannelTest {
    /** Takes nothing, and counts how often it was asked. */
    private class Full : WritableByteChannel {
        val asked = AtomicInteger()

        override fun write(source: ByteBuffer): Int {
            asked.incrementAndGet()
            return 0
        }

        override fun isOpen() = true

        override fun close() = Unit
    }

    @Test
    @DisplayName("a transfer to a channel that takes nothing can be cancelled, and has taken nothing")
    fun channelThatTakesNothing() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            tx.open().use { it.writeLine("line") }
            val full = Full()
            val transfer = launch(start = CoroutineStart.UNDISPATCHED) { reader.transferTo(full) }
            eventually("it is asked again") { full.asked.get() > 2 }
            transfer.cancelAndJoin()
            val asked = full.asked.get()
            assertEquals("line", reader.readLine())
            assertEquals(asked, full.asked.get())
            reader.close()
        }

    /** Counts how often a coroutine comes to this. */
    private class Counting : CoroutineDispatcher() {
        val dispatched = AtomicInteger()

        override fun dispatch(context: CoroutineContext, block: Runnable) {
            dispatched.incrementAndGet()
            Dispatchers.Default.dispatch(context, block)
        }

        override fun toString() = "dispatched $dispatched times"
    }

    @Test
    @DisplayName(
        "a transfer of many chunks to or from a channel changes to the coroutine's own thread once, at its end"
    )
    fun changesOfThreads() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            val writer = tx.open()
            val bytes = noise(40_000)
            val caller = Counting()
            val source = ofPieces(bytes, 1000)
            launch(caller, CoroutineStart.UNDISPATCHED) { assertEquals(40_000, writer.transferFrom(source)) }.join()
            assertTrue(caller.dispatched.get() <= 1) {
                "$caller"
            } // none, if the transfer is over before the wait for it
            caller.dispatched.set(0)
            val target = ByteArrayOutputStream()
            val onlySome = Channels.newChannel(target)
            val pieces =
                object : WritableByteChannel by onlySome {
                    override fun write(source: ByteBuffer): Int {
                        val piece = source.slice().limit(minOf(source.remaining(), 1000))
                        source.position(source.position() + piece.remaining())
                        return onlySome.write(piece)
                    }
                }
            launch(caller, CoroutineStart.UNDISPATCHED) { assertEquals(40_000, reader.transferTo(pieces, 40_000)) }
                .join()
            assertTrue(caller.dispatched.get() <= 1) { "$caller" }
            assertSameBytes(bytes, target.toByteArray())
            writer.close()
            reader.close()
        }

    /** A channel that gives its bytes in pieces. */
    private fun ofPieces(bytes: ByteArray, size: Int): ReadableByteChannel {
        val all = ByteBuffer.wrap(bytes)
        return object : ReadableByteChannel by Channels.newChannel(bytes.inputStream()) {
            override fun read(target: ByteBuffer): Int {
                if (!all.hasRemaining()) return -1
                val piece = all.slice().limit(minOf(size, all.remaining()))
                all.position(all.position() + piece.remaining())
                return piece.remaining().also { target.put(piece) }
            }
        }
    }

    @Test
    @DisplayName("a cancelled transfer waits for the write under way; what that did not take is readable")
    fun cancelledWhileItWrites() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            tx.open().use { it.write("0123456789") }
            reader.request(10)
            val begun = CompletableDeferred<Unit>()
            val leave = CountDownLatch(1)
            val slow =
                object : WritableByteChannel by Full() {
                    override fun write(source: ByteBuffer): Int {
                        begun.complete(Unit)
                        leave.await()
                        source.position(3)
                        return 3
                    }
                }
            val transfer = launch { reader.transferTo(slow) }
            begun.await()
            transfer.cancel()
            yield()
            assertFalse(transfer.isCompleted)
            assertThrowsSuspending<ReadPendingException> { reader.readAtMost(1) }
            leave.countDown()
            transfer.join()
            assertEquals("3456789", reader.readText())
            reader.close()
        }

    @Test
    @DisplayName("a transfer that waits for its source holds no thread")
    fun waitsWithoutAThread() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            val writer = tx.open()
            var blocked: Thread? = null
            val arrived = CompletableDeferred<Unit>()
            val target =
                object : WritableByteChannel by Full() {
                    override fun write(source: ByteBuffer): Int {
                        blocked = Thread.currentThread()
                        arrived.complete(Unit)
                        return source.remaining().also { source.position(source.limit()) }
                    }
                }
            val transfer = launch { reader.transferTo(target) }
            writer.write("data")
            arrived.await()
            eventually("the thread has nothing to do") {
                blocked!!.stackTrace.any { it.methodName == "getTask" && it.className.contains("ThreadPoolExecutor") }
            }
            assertTrue(transfer.isActive)
            writer.close()
            transfer.join()
            reader.close()
        }

    @Test
    @DisplayName("transfers go on while all threads of Dispatchers.IO are blocked")
    fun blockedPool() =
        runBlocking<Unit> {
            val opened = CountDownLatch(1)
            val size = maxOf(64, Runtime.getRuntime().availableProcessors())
            val blocked = CountDownLatch(size)
            val blockers =
                List(size) {
                    launch(Dispatchers.IO) {
                        blocked.countDown()
                        opened.await()
                    }
                }
            blocked.await()
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            val writer = tx.open()
            assertEquals(4, writer.transferFrom(Channels.newChannel("data".byteInputStream())))
            writer.close()
            val target = ByteArrayOutputStream()
            assertEquals(4, reader.transferTo(Channels.newChannel(target)))
            assertEquals("data", target.toString())
            reader.close()
            opened.countDown()
            blockers.forEach { it.join() }
        }

    @Test
    @DisplayName("a transfer that is cancelled after its reader was closed throws the cancellation")
    fun cancelledAfterTheClose() =
        runBlocking<Unit> {
            val target = aioPipe()
            val writer = target.tx().open()
            val filler = launch(start = CoroutineStart.UNDISPATCHED) { writer.write(ByteArray(1 shl 20)) }
            for (toWriter in listOf(true, false)) {
                val begun = CountDownLatch(if (toWriter) 0 else 1)
                val closed = CountDownLatch(1)
                val slow =
                    object : WritableByteChannel by Full() {
                        override fun write(source: ByteBuffer): Int {
                            begun.countDown()
                            closed.await()
                            return source.remaining().also { source.position(source.limit()) }
                        }
                    }
                val source = aioPipe()
                val reader = source.rx().open()
                source.tx().open().use { it.writeLine("line") }
                var thrown: Throwable? = null
                val transfer =
                    launch(start = CoroutineStart.UNDISPATCHED) {
                        val outcome = runCatching {
                            if (toWriter) reader.transferTo(writer) else reader.transferTo(slow)
                        }
                        thrown = outcome.exceptionOrNull()
                    }
                begun.await()
                reader.close()
                transfer.cancel()
                closed.countDown()
                transfer.join()
                assertTrue(thrown is CancellationException, "$thrown")
            }
            filler.cancelAndJoin()
            writer.abort()
            target.rx().close()
        }

    @Test
    @DisplayName("R34 a transfer in a block that fails: its bytes are sent, and readable again")
    fun inABlockThatFails() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            tx.open().use { it.writeLine("line") }
            val target = ByteArrayOutputStream()
            assertThrows<IllegalStateException> {
                reader.atomically {
                    transferTo(Channels.newChannel(target), 2)
                    error("after the transfer")
                }
            }
            assertEquals("li", target.toString())
            assertEquals("line", reader.readLine())
            reader.close()
        }

    @Test
    @DisplayName("R33 each read looks for cancellation before anything else")
    fun cancelledBefore() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            val writer = tx.open()
            writer.write("ab\ncd\n")
            val full = Full()
            val reads =
                listOf<suspend () -> Any?>(
                    { reader.readLine() },
                    { reader.read(ByteBuffer.allocate(1)) },
                    { reader.read(ByteBuffer.allocate(0)) },
                    { reader.readAtMost(1) },
                    { reader.readAtMost(0) },
                    { reader.readExactly(1) },
                    { reader.readExactly(0) },
                    { reader.readExactly(ByteBuffer.allocate(1)) },
                    { reader.readUntil('\n'.code) },
                    { reader.readAll() },
                    { reader.readText() },
                    { reader.skip(1) },
                    { reader.skip(0) },
                    { reader.skipLine() },
                    { reader.request(1) },
                    { reader.requestLine() },
                    { reader.atomically { 1 } },
                    { reader.transferTo(writer, 0) },
                    { reader.transferTo(full, 0) },
                    { reader.lines().collect {} },
                    { reader.chunks().collect {} },
                )
            reads.forEachIndexed { i, read ->
                var outcome: Result<Any?>? = null
                launch(start = CoroutineStart.UNDISPATCHED) {
                        currentCoroutineContext().cancel()
                        outcome = runCatching { read() }
                    }
                    .join()
                assertTrue(outcome!!.exceptionOrNull() is CancellationException, "read $i: $outcome")
            }
            assertEquals("ab", reader.readLine())
            reader.close()
            writer.close()
        }
}
