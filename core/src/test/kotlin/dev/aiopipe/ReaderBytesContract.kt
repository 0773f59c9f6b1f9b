package dev.aiopipe

import java.nio.ByteBuffer
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.Assumptions.assumeTrue
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
    @DisplayName("R04 each read tells the end; a final one again and again")
    fun everyReadTellsTheEnd() {
        assumeTrue(kind.canEnd)
        val reads =
            listOf<suspend PipeReader.() -> Unit>(
                { assertEquals(-1, read(ByteBuffer.allocate(10))) },
                { assertEquals(0, readAtMost(10).size) },
                { assertEquals(null, readLine()) },
                { assertFalse(request(1)) },
                { assertFalse(requestLine()) },
                { assertEquals(0, readAll().size) },
                { assertEquals("", readText()) },
                { assertEquals(0, skip(5)) },
                { assertEquals(0, skipLine()) },
                { assertThrows<IncompleteReadException> { readExactly(1) } },
                { assertThrows<IncompleteReadException> { readUntil(1) } },
                { lines().collect { fail<Unit>(it) } },
                { chunks().collect { fail<Unit>("a chunk") } },
            )
        if (kind.endIsFinal) {
            reading {
                end()
                repeat(3) { for (read in reads) reader.read() }
            }
        } else {
            for (read in reads) {
                reading {
                    end()
                    reader.read()
                }
            }
        }
    }

    @Test
    @DisplayName("the reader tells how it works")
    fun readerTellsItsMode() = reading { assertEquals(kind.mode, reader.mode) }

    @Test
    @DisplayName("R05 readAll reads up to the end, beyond maxLineBytes")
    fun readAllReadsToTheEnd() {
        assumeTrue(kind.canEnd)
        reading(maxLineBytes = 10) {
            val read = waiting { reader.readAll() }
            sendAndArrive("first ")
            sendAndArrive("second ")
            send("third")
            end()
            assertEquals("first second third", read.await().decodeToString())
            if (kind.endIsFinal) assertEnded()
        }
    }

    @Test
    @DisplayName("R05 readAll over its limit loses nothing")
    fun readAllOverItsLimitLosesNothing() {
        assumeTrue(kind.canEnd)
        reading {
            send("0123456789")
            end()
            assertEquals(9, assertThrows<LimitExceededException> { reader.readAll(9) }.limit())
            assertEquals("0123456789", reader.readText(10))
        }
    }

    @Test
    @DisplayName("R14 request takes nothing, and is false only at the end of an empty buffer")
    fun requestTakesNothing() {
        assumeTrue(kind.canEnd)
        reading {
            val request = waiting { reader.request(4) }
            sendAndArrive("abc")
            assertTrue(request.isActive)
            send("d\n")
            assertTrue(request.await())
            assertTrue(reader.requestLine())
            end()
            assertFalse(reader.request(6))
            assertTrue(reader.request(1))
            assertTrue(reader.requestLine())
            assertEquals("abcd", reader.readLine())
            assertFalse(reader.requestLine())
        }
    }

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
    @DisplayName("R21 readExactly at a short end keeps the bytes")
    fun readExactlyAtShortEndKeepsTheBytes() {
        assumeTrue(kind.canEnd)
        reading {
            send("short")
            end()
            val failure = assertThrows<IncompleteReadException> { reader.readExactly(6) }
            assertEquals(6, failure.expected())
            assertEquals(5, failure.available())
            assertReads("short")
            if (kind.endIsFinal) {
                assertThrows<IncompleteReadException> { reader.readExactly(ByteBuffer.allocate(7)) }
                assertEnded()
            }
        }
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
