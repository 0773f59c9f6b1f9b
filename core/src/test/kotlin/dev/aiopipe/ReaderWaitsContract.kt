package dev.aiopipe

import java.nio.ByteBuffer
import java.nio.channels.AsynchronousCloseException
import java.nio.channels.ReadPendingException
import java.util.concurrent.LinkedBlockingQueue
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Reads that wait and are cancelled, disturbed or closed meanwhile. */
interface ReaderWaitsContract : ReaderCase {
    @Test
    @DisplayName("R23 a cancelled readLine leaves the half line to the next one")
    fun cancelledReadTakesNothing() = reading {
        val read = waiting { reader.readLine() }
        sendAndArrive("par")
        read.cancelAndJoin()
        assertEquals(3, reader.buffered)
        send("tial\n")
        assertEquals("partial", reader.readLine())
    }

    @Test
    @DisplayName("R23 what a cancelled read waited for is there for each other kind of read")
    fun cancelledReadsOfEveryKindTakeNothing() = reading {
        val reads =
            listOf<suspend () -> Any?>(
                { reader.readLine() },
                { reader.readExactly(100) },
                { reader.readExactly(ByteBuffer.allocate(100)) },
                { reader.readUntil(';'.code) },
                { reader.readAll() },
                { reader.readText() },
                { reader.skip(100) },
                { reader.skipLine() },
                { reader.request(100) },
                { reader.requestLine() },
                { reader.peek(100) },
                { reader.readUntilAny(";".toByteArray(), "--".toByteArray()) },
                { reader.atomically { readExactly(100) } },
                { reader.lines().collect { fail<Unit>(it) } },
            )
        for ((sent, read) in reads.withIndex()) {
            val wait = waiting { read() }
            send("x")
            eventually("byte $sent arrives") { reader.buffered > sent }
            wait.cancelAndJoin()
        }
        assertEquals("x".repeat(reads.size), reader.readExactly(reads.size).decodeToString())
    }

    @Test
    @DisplayName("R24 a second reader is refused, the first one is undisturbed")
    fun secondReaderIsRefused() = reading {
        val first = waiting { reader.readLine() }
        assertThrows<ReadPendingException> { reader.readLine() }
        assertThrows<ReadPendingException> { reader.request(1) }
        assertThrows<ReadPendingException> { reader.readAtMost(1) }
        sendAndArrive("fir")
        assertThrows<ReadPendingException> { reader.readAtMost(1) }
        send("st\nsecond\n")
        assertEquals("first", first.await())
        assertEquals("second", reader.readLine())
    }

    @Test
    @DisplayName("R24 the slot is free as soon as a waiting read is cancelled")
    fun cancelFreesTheSlotAtOnce() = reading {
        repeat(100) {
            val first = waiting { reader.readLine() }
            first.cancel()
            val second = waiting { reader.readLine() }
            send("$it\n")
            assertEquals("$it", second.await())
            assertTrue(failureOf(first) is CancellationException)
        }
    }

    @Test
    @DisplayName("R24 the slot is free as soon as a read is cancelled that was woken, and has not got to run")
    fun cancelOfWokenReadFreesTheSlotAtOnce() = reading {
        val woken = LinkedBlockingQueue<Runnable>()
        val held =
            object : CoroutineDispatcher() {
                override fun dispatch(context: CoroutineContext, block: Runnable) = woken.put(block)
            }
        val first = async(held, start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
        send("one\n")
        eventually("it is woken") { woken.isNotEmpty() }
        first.cancel()
        assertEquals("one", reader.readLine())
        val next = waiting { reader.readLine() }
        woken.take().run()
        assertTrue(failureOf(first) is CancellationException)
        send("two\n")
        assertEquals("two", next.await())
    }

    @Test
    @DisplayName("R33 a read of a cancelled coroutine takes nothing")
    fun readOfCancelledCoroutineTakesNothing() = reading {
        send("line\n")
        assertTrue(reader.requestLine())
        val cancelled =
            launch(start = CoroutineStart.UNDISPATCHED) {
                coroutineContext.cancel()
                assertThrows<CancellationException> { reader.readLine() }
                assertThrows<CancellationException> { reader.readAtMost(1) }
                assertThrows<CancellationException> { reader.readExactly(1) }
                assertThrows<CancellationException> { reader.read(ByteBuffer.allocate(1)) }
                assertThrows<CancellationException> { reader.readUntil(10) }
                assertThrows<CancellationException> { reader.skip(1) }
                assertThrows<CancellationException> { reader.skipLine() }
                assertThrows<CancellationException> { reader.request(1) }
                assertThrows<CancellationException> { reader.requestLine() }
                assertThrows<CancellationException> { reader.atomically { fail<Unit>("ran") } }
                assertThrows<CancellationException> { reader.lines().collect { fail<Unit>(it) } }
            }
        cancelled.join()
        assertEquals(5, reader.buffered)
        assertEquals("line", reader.readLine())
    }

    @Test
    @DisplayName("R32 close wakes a waiting read, later ones find it closed")
    fun closeWakesWaitingRead() = reading {
        val read = waiting { reader.readLine() }
        sendAndArrive("half a line")
        reader.close()
        val failure = failureOf(read)
        assertTrue(failure is AsynchronousCloseException) { "$failure" }
        assertClosed()
    }

    @Test
    @DisplayName("R32 close drops what is buffered")
    fun closeDropsWhatIsBuffered() = reading {
        send("a\nb\n")
        assertTrue(reader.request(4))
        reader.close()
        assertEquals(0, reader.buffered)
        assertClosed()
    }

    @Test
    @DisplayName("R32 close from within what a read woke")
    fun closeBetweenReads() = reading {
        coroutineScope {
            val reads = waiting {
                val line = reader.readLine()
                reader.close()
                line
            }
            send("a\nb\n")
            assertEquals("a", reads.await())
        }
        assertClosed()
    }

    @Test
    @DisplayName("E22 the end of the loop fails a waiting read, and later ones, with the cause")
    fun loopEnds() {
        val loop = PipeLoop.create("short-lived")
        reading(of = loop) {
            val read = waiting { reader.readLine() }
            sendAndArrive("half a line")
            loop.close()
            assertEquals("pipe loop short-lived is closed", rootMessage(runCatching { read.await() }))
            assertEquals(0, reader.buffered)
            for (later in listOf<suspend () -> Any?>({ reader.readAtMost(1) }, { reader.readLine() })) {
                assertEquals("pipe loop short-lived is closed", rootMessage(runCatching { later() }))
            }
            assertClosed()
        }
    }
}
