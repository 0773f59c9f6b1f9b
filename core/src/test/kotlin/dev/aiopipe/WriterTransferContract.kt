package dev.aiopipe

import java.io.ByteArrayInputStream
import java.nio.ByteBuffer
import java.nio.channels.Channels
import java.nio.channels.ClosedChannelException
import java.nio.channels.Pipe
import java.nio.channels.ReadableByteChannel
import kotlinx.coroutines.cancelAndJoin
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
