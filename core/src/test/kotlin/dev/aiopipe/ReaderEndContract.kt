package dev.aiopipe

import java.nio.ByteBuffer
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Reads that come to the end of the stream. */
interface ReaderEndContract : ReaderCase {
    @Test
    @DisplayName("R04 each read reports the end; a final one as often as it is called")
    fun everyReadReportsTheEnd() {
        val reads =
            listOf<suspend PipeReader.() -> Unit>(
                { assertEquals(-1, read(ByteBuffer.allocate(10))) },
                { assertEquals(0, readAtMost(10).size) },
                { assertEquals(null, readLine()) },
                { assertFalse(request(1)) },
                { assertFalse(requestLine()) },
                { assertEquals(0, peek(1).size) },
                { assertThrows<IncompleteReadException> { readUntilAny("\n".toByteArray(), "\r".toByteArray()) } },
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
    @DisplayName("R39 peek gives fewer bytes at the end")
    fun peekAtTheEnd() = reading {
        send("ab")
        end()
        assertEquals("ab", reader.peek(3).decodeToString())
        assertEquals("ab", reader.readAtMost(3).decodeToString())
    }

    @Test
    @DisplayName("R36 malformed text up to the end is reported, and stays readable")
    fun malformedTextUpToTheEnd() =
        reading(options = { it.withMalformedInput(java.nio.charset.CodingErrorAction.REPORT) }) {
            send(byteArrayOf('a'.code.toByte(), -61))
            end()
            assertThrows<java.nio.charset.CharacterCodingException> { reader.readText() }
            assertThrows<java.nio.charset.CharacterCodingException> { reader.readLine() }
            assertEquals("[97, -61]", reader.readAll().contentToString())
        }

    @Test
    @DisplayName("R35 a \\r at the end is a whole line end")
    fun returnAtTheEnd() =
        reading(options = { it.withLineEnds(LineEnds.ANY) }) {
            send("a\rb\r")
            end()
            assertEquals(listOf("a", "b", null), List(3) { reader.readLine() })
        }

    @Test
    @DisplayName("R05 readAll reads up to the end, beyond maxLineBytes")
    fun readAllReadsToTheEnd() =
        reading(maxLineBytes = 10) {
            val read = waiting { reader.readAll() }
            sendAndArrive("first ")
            sendAndArrive("second ")
            send("third")
            end()
            assertEquals("first second third", read.await().decodeToString())
            if (kind.endIsFinal) assertEnded()
        }

    @Test
    @DisplayName("R05 readAll over its limit loses nothing")
    fun readAllOverItsLimitLosesNothing() = reading {
        send("0123456789")
        end()
        assertEquals(9, assertThrows<LimitExceededException> { reader.readAll(9) }.limit())
        assertEquals("0123456789", reader.readText(10))
    }

    @Test
    @DisplayName("R14 request takes nothing, and is false only at the end of an empty buffer")
    fun requestTakesNothing() = reading {
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

    @Test
    @DisplayName("R21 readExactly at a short end keeps the bytes")
    fun readExactlyAtShortEndKeepsTheBytes() = reading {
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

    @Test
    @DisplayName("R08 a line is put together from chunks")
    fun lineComesInChunks() = reading {
        val read = waiting { reader.readLine() }
        sendAndArrive("chunk1 ")
        sendAndArrive("chunk2 ")
        sendAndArrive("chunk3 ")
        send("\n chunk4")
        end()
        assertEquals("chunk1 chunk2 chunk3 ", read.await())
        assertEquals(" chunk4", reader.readLine())
        assertEnded()
    }

    @Test
    @DisplayName("R12 R13 an unterminated last line is a line, an empty stream has none")
    fun lastLineNeedsNoLineEnd() {
        reading {
            send("some data")
            end()
            assertTrue(reader.requestLine())
            assertEquals("some data", reader.readLine())
            assertEnded()
        }
        reading {
            end()
            assertFalse(reader.requestLine())
            if (kind.endIsFinal) assertEnded()
        }
    }

    @Test
    @DisplayName("R17 the end without a delimiter keeps the bytes")
    fun endWithoutDelimiterKeepsTheBytes() = reading {
        send("no delimiter")
        end()
        val failure = assertThrows<IncompleteReadException> { reader.readUntil(';'.code) }
        assertEquals(-1, failure.expected())
        assertEquals(12, failure.available())
        assertReads("no delimiter")
    }

    @Test
    @DisplayName("R26 malformed bytes become U+FFFD")
    fun malformedBytesAreReplaced() = reading {
        send(byteArrayOf(0x61, 0xff.toByte(), 0x62, 0x0a, 0xe2.toByte(), 0x82.toByte(), 0x0a, 0x63, 0xc3.toByte()))
        end()
        assertEquals(listOf("a\ufffdb", "\ufffd", "c\ufffd"), List(3) { reader.readLine() })
        assertEnded()
    }

    @Test
    @DisplayName("E22 R05 the end of the loop fails a reader that is at its end, too")
    fun loopEndsAfterTheEnd() {
        val loop = PipeLoop.create("short-lived")
        reading(of = loop) {
            send("line\n")
            end()
            assertReads("line\n")
            assertEnded()
            loop.close()
            assertEquals("pipe loop short-lived is closed", rootMessage(runCatching { reader.readLine() }))
            assertClosed()
        }
    }

    @Test
    @DisplayName("R29 chunks() gives all, and ends")
    fun chunksGiveAll() = reading {
        val bytes = noise(500_000)
        val sender = alongside {
            send(bytes)
            end()
        }
        val chunks = reader.chunks().toList()
        assertTrue(chunks.all { it.size in 1..65_536 })
        assertSameBytes(bytes, chunks.reduce(ByteArray::plus))
        sender.await()
    }
}
