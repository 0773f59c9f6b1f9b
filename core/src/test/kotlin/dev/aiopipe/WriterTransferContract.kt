package dev.aiopipe

import java.io.ByteArrayInputStream
import java.nio.ByteBuffer
import java.nio.channels.Channels
import java.nio.channels.ClosedChannelException
import java.nio.channels.Pipe
import java.nio.channels.ReadableByteChannel
import java.util.concurrent.CountDownLatch
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** What a blocking channel has is written. */
interface WriterTransferContract : WriterCase {
    @Test
    @DisplayName("transferFrom moves all up to the end, and closes nothing")
    fun transferMovesAll() = writing {
        val bytes = noise(tooMuch)
        val source = Channels.newChannel(ByteArrayInputStream(bytes))
        val transfer = alongside { writer.transferFrom(source) }
        assertSameBytes(bytes, receiveExactly(bytes.size))
        assertEquals(bytes.size.toLong(), transfer.await())
        assertTrue(source.isOpen)
        assertEquals(0, writer.transferFrom(source))
        writer.writeLine("next")
        assertReceives("next\n")
    }

    @Test
    @DisplayName("W08 transfers that are cancelled again and again owe one chunk, and lose nothing")
    fun cancelledTransfersOweOneChunk() = writing {
        val bytes = noise(tooMuch)
        val source = Channels.newChannel(ByteArrayInputStream(bytes))
        waiting { writer.transferFrom(source) }.cancelAndJoin()
        repeat(20) { waiting { writer.transferFrom(source) }.cancelAndJoin() }
        assertTrue(writer.owed <= 64 * 1024) { "${writer.owed} bytes are owed" }
        val transfer = alongside { writer.transferFrom(source) }
        assertSameBytes(bytes, receiveExactly(bytes.size))
        transfer.await()
    }

    @Test
    @DisplayName("W08 fifty transfers that are cancelled at once owe one chunk, and lose nothing")
    fun transfersCancelledAtOnceOweOneChunk() = writing {
        val bytes = noise(tooMuch)
        val source = Channels.newChannel(ByteArrayInputStream(bytes))
        val transfers = List(50) { waiting { writer.transferFrom(source) } }
        transfers.forEach { it.cancel() }
        transfers.joinAll()
        assertTrue(writer.owed <= 64 * 1024) { "${writer.owed} bytes are owed" }
        val transfer = alongside { writer.transferFrom(source) }
        assertSameBytes(bytes, receiveExactly(bytes.size))
        transfer.await()
    }

    @Test
    @DisplayName("W08 transfers read nothing while a write waits, which may be cancelled and owe the rest")
    fun transfersReadNothingWhileAWriteWaits() = writing {
        val bytes = noise(tooMuch)
        val write = waiting { writer.write(bytes) }
        val source = Channels.newChannel(ByteArrayInputStream("kept".toByteArray()))
        val transfers = List(3) { waiting { writer.transferFrom(source) } }
        (transfers + write).forEach { it.cancel() }
        (transfers + write).joinAll()
        assertTrue(writer.owed < bytes.size)
        assertEquals(4, source.read(ByteBuffer.allocate(9)))
        assertSameBytes(bytes, receiveExactly(bytes.size))
    }

    @Test
    @DisplayName(
        "W08 a cancelled transfer whose silent source speaks at last waits while another one owes, and loses nothing"
    )
    fun silentTransfersOweOneChunk() = writing {
        val sources = List(3) { Silent(noise(60_000)) }
        val transfers = sources.map { source -> waiting { writer.transferFrom(source) } }
        sources.forEach { it.asked.await() } // each holds the others up for a moment only
        val bytes = noise(tooMuch)
        waiting { writer.write(bytes) }.cancelAndJoin()
        val owed = writer.owed
        transfers.forEach { it.cancel() }
        sources.forEach { it.speaks.countDown() }
        sources.forEach { it.spoken.await() }
        assertTrue(writer.owed <= owed) { "${writer.owed} bytes are owed, not $owed" }
        assertSameBytes(bytes, receiveExactly(bytes.size))
        assertEquals(180_000, receiveExactly(180_000).size)
        transfers.joinAll()
        assertEquals(0, writer.owed)
    }

    /** A channel whose read blocks until it is told to speak. */
    private class Silent(private val bytes: ByteArray) : ReadableByteChannel {
        val asked = CompletableDeferred<Unit>()
        val speaks = CountDownLatch(1)
        val spoken = CompletableDeferred<Unit>()

        override fun read(target: ByteBuffer): Int {
            asked.complete(Unit)
            speaks.await()
            target.put(bytes)
            spoken.complete(Unit)
            return bytes.size
        }

        override fun isOpen() = true

        override fun close() = Unit
    }

    @Test
    @DisplayName("a cancelled transfer throws the cancellation, also if the writer was closed, or the source failed")
    fun cancelledTransferThrowsTheCancellation() = writing {
        for (fails in listOf(true, false)) {
            val source =
                object : ReadableByteChannel {
                    val asked = CompletableDeferred<Unit>()
                    val speaks = CountDownLatch(1)

                    override fun read(target: ByteBuffer): Int {
                        asked.complete(Unit)
                        speaks.await()
                        if (fails) throw ClosedChannelException()
                        target.put(1)
                        return 1
                    }

                    override fun isOpen() = true

                    override fun close() = Unit
                }
            val outcome = CompletableDeferred<Throwable?>()
            val transfer = waiting { outcome.complete(runCatching { writer.transferFrom(source) }.exceptionOrNull()) }
            source.asked.await()
            transfer.cancel()
            if (!fails) writer.abort()
            source.speaks.countDown()
            outcome.await().let { assertTrue(it is CancellationException) { "$it" } }
        }
    }

    @Test
    @DisplayName("W07 a transfer comes to its end though the writer is closed, if the source has no more")
    fun sourceEndsBehindClose() = writing {
        val source = Pipe.open()
        val transfer = alongside { writer.transferFrom(source.source()) }
        source.sink().write(ByteBuffer.wrap("the chunk".toByteArray()))
        assertReceives("the chunk")
        writer.close()
        source.sink().close()
        assertEquals(9, transfer.await())
        source.source().close()
    }

    @Test
    @DisplayName("a transfer whose source is silent holds no other one up")
    fun silentTransferHoldsNobodyUp() = writing {
        val silent = Pipe.open()
        val waits = alongside { writer.transferFrom(silent.source()) }
        val source = Channels.newChannel(ByteArrayInputStream("others".toByteArray()))
        assertEquals(6, writer.transferFrom(source))
        assertReceives("others")
        silent.sink().close()
        assertEquals(0, waits.await())
        silent.source().close()
    }

    @Test
    @DisplayName("W07 transferFrom to a closed writer takes nothing")
    fun transferToClosedWriterTakesNothing() = writing {
        writer.close()
        val source = Channels.newChannel(ByteArrayInputStream("kept".toByteArray()))
        assertThrows<ClosedChannelException> { writer.transferFrom(source) }
        assertEquals(4, source.read(ByteBuffer.allocate(9)))
    }

    @Test
    @DisplayName("a failure of the source is its own, and a channel that does not block is a mistake")
    fun transferFromWhatFails() = writing {
        val failing =
            object : ReadableByteChannel {
                override fun read(target: ByteBuffer) = error("unreadable")

                override fun isOpen() = true

                override fun close() = Unit
            }
        assertEquals("unreadable", assertThrows<IllegalStateException> { writer.transferFrom(failing) }.message)
        val pipe = Pipe.open()
        pipe.source().configureBlocking(false)
        assertThrows<IllegalArgumentException> { writer.transferFrom(pipe.source()) }
        pipe.source().close()
        pipe.sink().close()
        writer.writeLine("next")
        assertReceives("next\n")
    }
}
