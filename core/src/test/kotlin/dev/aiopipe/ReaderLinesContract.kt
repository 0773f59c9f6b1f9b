package dev.aiopipe

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Reads that look for a line end or a delimiter. */
interface ReaderLinesContract : ReaderCase {
    @Test
    @DisplayName("R09 a line at the limit is read, one over it is skipped")
    fun linesOverTheLimitCanBeSkipped() =
        reading(maxLineBytes = 7) {
            send("1234567\n12345678\n1234567\r\nnext\n")
            assertEquals("1234567", reader.readLine())
            assertEquals(7, assertThrows<LimitExceededException> { reader.readLine() }.limit())
            assertTrue(reader.requestLine())
            assertThrows<LimitExceededException> { reader.readLine() }
            assertEquals(9, reader.skipLine())
            assertEquals("1234567", reader.readLine())
            assertEquals("next", reader.readLine())
        }

    @Test
    @DisplayName("R11 a line over the limit fails before its end has come, and stays readable")
    fun lineOverTheLimitFailsEarly() =
        reading(maxLineBytes = 3) {
            val read = waiting { reader.readLine() }
            send("12345")
            assertTrue(failureOf(read) is LimitExceededException)
            assertTrue(reader.requestLine())
            assertEquals("12345", reader.readAtMost(10).decodeToString())
        }

    @Test
    @DisplayName("R11 skipLine drops a line that is far over the limit")
    fun skipLineDropsLongLines() =
        reading(maxLineBytes = 3) {
            val sent = alongside { send("x".repeat(1_000_000) + "\nabc\n") }
            assertThrows<LimitExceededException> { reader.readLine() }
            assertEquals(1_000_001, reader.skipLine())
            assertEquals("abc", reader.readLine())
            sent.await()
        }

    @Test
    @DisplayName("R15 an empty delimiter is a mistake")
    fun emptyDelimiterIsRefused() = reading {
        val failure = assertThrows<IllegalArgumentException> { reader.readUntil(ByteArray(0)) }
        assertEquals("delimiter is empty", failure.message)
        assertThrows<IllegalArgumentException> { reader.readUntil(256) }
        assertThrows<IllegalArgumentException> { reader.readUntil(10, -1) }
    }

    @Test
    @DisplayName("R16 a delimiter is found across chunks")
    fun delimiterIsFoundAcrossChunks() {
        for (chunks in listOf(listOf("QWEaa", "XYaa", "a"), listOf("QWEaa", "XYa", "aa"))) {
            reading {
                val read = waiting { reader.readUntil("aaa".toByteArray()) }
                chunks.dropLast(1).forEach { sendAndArrive(it) }
                send(chunks.last())
                assertEquals("QWEaaXYaaa", read.await().decodeToString())
            }
        }
    }

    @Test
    @DisplayName("R16 one byte as delimiter, signed or not")
    fun delimiterMayBeOneByte() = reading {
        send(byteArrayOf(1, 2, -1, 3, -1, 4))
        assertEquals("[1, 2, -1]", reader.readUntil(255).contentToString())
        assertEquals("[3, -1]", reader.readUntil(-1).contentToString())
        assertEquals("[4]", reader.readAtMost(9).contentToString())
    }

    @Test
    @DisplayName("R09 readUntil counts its limit before the delimiter")
    fun readUntilKeepsItsLimit() = reading {
        send("1234567--8")
        val delimiter = "--".toByteArray()
        assertEquals(6, assertThrows<LimitExceededException> { reader.readUntil(delimiter, 6) }.limit())
        assertEquals("1234567--", reader.readUntil(delimiter, 7).decodeToString())
        assertReads("8")
    }

    @Test
    @DisplayName("R38 of several delimiters the one that ends first counts, also across chunks")
    fun firstOfSeveralDelimiters() = reading {
        suspend fun readPrompt() =
            reader.readUntilAny("> ".toByteArray(), "$ ".toByteArray(), "END".toByteArray()).decodeToString()
        send("a> b$ END")
        assertEquals(listOf("a> ", "b$ ", "END"), List(3) { readPrompt() })
        val read = waiting { readPrompt() }
        sendAndArrive("x E")
        sendAndArrive("N$")
        send(" > ")
        assertEquals("x EN$ ", read.await())
        assertReads("> ")
    }

    @Test
    @DisplayName("R38 of delimiters that end at one byte the longest counts for the limit")
    fun longestOfSeveralDelimiters() = reading {
        val ends = arrayOf("\n".toByteArray(), "\r\n".toByteArray())
        send("abc\r\nabcd\n")
        assertEquals(2, assertThrows<LimitExceededException> { reader.readUntilAny(*ends, limit = 2) }.limit())
        assertEquals("abc\r\n", reader.readUntilAny(*ends, limit = 3).decodeToString())
        assertThrows<LimitExceededException> { reader.readUntilAny(*ends, limit = 3) }
        assertEquals("abcd\n", reader.readUntilAny(*ends, limit = 4).decodeToString())
        assertThrows<IllegalArgumentException> { reader.readUntilAny() }
        assertThrows<IllegalArgumentException> { reader.readUntilAny(ByteArray(0)) }
    }

    @Test
    @DisplayName("R39 peek waits for so many bytes, and takes nothing")
    fun peekTakesNothing() = reading {
        val peek = waiting { reader.peek(3) }
        sendAndArrive("ab")
        assertTrue(peek.isActive)
        send("cd")
        assertEquals("abc", peek.await().decodeToString())
        assertEquals("", reader.peek(0).decodeToString())
        assertReads("abcd")
        assertThrows<IllegalArgumentException> { reader.peek(-1) }
    }

    @Test
    @DisplayName("R25 line ends are \\n and \\r\\n, and a lone \\r is data")
    fun lineEndsAreRecognized() = reading {
        send("a\r\nb\nc\rd\n\r\n\n\r\r\n")
        assertEquals(listOf("a", "b", "c\rd", "", "", "\r"), List(6) { reader.readLine() })
    }

    @Test
    @DisplayName("R25 \\r and \\n in different chunks are one line end")
    fun lineEndMayBeSplit() =
        reading(maxLineBytes = 1) {
            val read = waiting { reader.readLine() }
            sendAndArrive("a")
            sendAndArrive("\r")
            assertTrue(read.isActive)
            send("\n")
            assertEquals("a", read.await())
        }

    @Test
    @DisplayName("R26 characters that are split at any byte come out whole")
    fun charactersMayBeSplit() = reading {
        val text = "a\u00e9\u20ac\ud83d\ude00z"
        val bytes = "$text\n".toByteArray()
        for (split in 1 until bytes.size) {
            val read = waiting { reader.readLine() }
            send(bytes.copyOf(split))
            eventually("$split bytes arrive") { reader.buffered == split }
            send(bytes.copyOfRange(split, bytes.size))
            assertEquals(text, read.await())
        }
    }
}
