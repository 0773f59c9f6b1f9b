package dev.aiopipe

import java.nio.ByteBuffer
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Reads that count bytes. */
interface ReaderBytesContract : ReaderCase {
    @Test
    @DisplayName("R01 readAtMost(0) takes nothing")
    fun readingZeroBytesTakesNothing() = reading {
        send("data")
        assertTrue(reader.request(4))
        assertEquals(0, reader.readAtMost(0).size)
        assertEquals(0, reader.read(ByteBuffer.allocate(0)))
        assertEquals(4, reader.buffered)
        assertReads("data")
    }

    @Test
    @DisplayName("R02 readAtMost waits, and takes what comes")
    fun readAtMostTakesWhatComes() = reading {
        val read = waiting { reader.readAtMost(30) }
        send("eighteen bytes....")
        assertEquals("eighteen bytes....", read.await().decodeToString())
    }

    @Test
    @DisplayName("R03 readAtMost leaves the rest")
    fun readAtMostLeavesTheRest() = reading {
        send("line1line2")
        assertTrue(reader.request(10))
        assertEquals("line1", reader.readAtMost(5).decodeToString())
        assertEquals(5, reader.buffered)
        assertReads("line2")
    }

    @Test
    @DisplayName("the reader tells how it works")
    fun readerTellsItsMode() = reading { assertEquals(kind.mode, reader.mode) }

    @Test
    @DisplayName("R18 readExactly of none is empty, of less a mistake")
    fun readExactlyChecksItsCount() = reading {
        assertEquals(0, reader.readExactly(0).size)
        assertEquals("count < 0: -1", assertThrows<IllegalArgumentException> { reader.readExactly(-1) }.message)
        assertEquals("count < 0: -2", assertThrows<IllegalArgumentException> { reader.readAtMost(-2) }.message)
        assertEquals("count < 0: -3", assertThrows<IllegalArgumentException> { reader.skip(-3) }.message)
        assertEquals("count < 0: -4", assertThrows<IllegalArgumentException> { reader.request(-4) }.message)
        assertEquals("limit < 0: -5", assertThrows<IllegalArgumentException> { reader.readAll(-5) }.message)
        assertThrows<IllegalArgumentException> { reader.read(ByteBuffer.allocate(1).asReadOnlyBuffer()) }
        assertThrows<IllegalArgumentException> { reader.readExactly(ByteBuffer.allocate(1).asReadOnlyBuffer()) }
    }

    @Test
    @DisplayName("R20 readExactly of two chunks leaves the third")
    fun readExactlyLeavesTheRest() = reading {
        val read = waiting { reader.readExactly(12) }
        sendAndArrive("chunk1")
        send("chunk2")
        assertEquals("chunk1chunk2", read.await().decodeToString())
        send("chunk3")
        assertReads("chunk3")
    }

    @Test
    @DisplayName("R20 a buffer is filled, or left alone")
    fun buffersAreFilled() = reading {
        send("0123456789")
        assertTrue(reader.request(10))
        val heap = ByteBuffer.allocate(6).position(2).limit(5)
        reader.readExactly(heap)
        assertEquals("[0, 0, 48, 49, 50, 0]", heap.array().contentToString())
        assertEquals(5, heap.position())
        val direct = ByteBuffer.allocateDirect(4)
        assertEquals(4, reader.read(direct))
        assertEquals(0x33343536, direct.flip().getInt())
        assertEquals(3, reader.read(ByteBuffer.allocate(100)))
    }

    @Test
    @DisplayName("R18 skip drops bytes, also more than are buffered")
    fun skipDropsBytes() =
        reading(maxLineBytes = 1000) {
            val bytes = noise(300_000)
            val sent = alongside { send(bytes) }
            assertEquals(10, reader.skip(10))
            assertEquals(0, reader.skip(0))
            assertEquals(250_000, reader.skip(250_000))
            assertSameBytes(bytes.copyOfRange(250_010, 300_000), reader.readExactly(49_990))
            sent.await()
        }
}
