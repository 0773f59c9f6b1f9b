package dev.aiopipe

import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** What the options of a reader change. */
interface ReaderOptionsContract : ReaderCase {
    private fun anyLineEnd(maxLineBytes: Int = 100, case: suspend Reading.() -> Unit) =
        reading(maxLineBytes, options = { it.withLineEnds(LineEnds.ANY) }, case = case)

    @Test
    @DisplayName("R35 with any line end a lone \\r ends a line at once, and \\r\\n is one line end")
    fun loneReturnEndsALine() = anyLineEnd {
        send("10%\r20%\r")
        assertEquals(listOf("10%", "20%"), List(2) { reader.readLine() })
        send("\nnext\r\nlast\r\r\n\n")
        assertEquals(listOf("next", "last", "", ""), List(4) { reader.readLine() })
    }

    @Test
    @DisplayName("R35 the \\n of a line end that began with \\r is no data for any read")
    fun newlineAfterReturnIsNoData() {
        val reads =
            listOf<suspend PipeReader.() -> String>(
                { readExactly(4).decodeToString() },
                { peek(4).decodeToString().also { skip(4) } },
                { readUntil('y'.code).decodeToString() },
                { "${skip(4)}".let { if (it == "4") "body" else it } },
                {
                    request(4)
                    readAtMost(4).decodeToString()
                },
            )
        for (read in reads) {
            anyLineEnd {
                send("header\r")
                assertEquals("header", reader.readLine())
                send("\nbody\n")
                assertEquals("body", reader.read())
                assertEquals("", reader.readLine())
            }
        }
    }

    @Test
    @DisplayName("R35 a \\r that was read as data leaves the \\n after it alone")
    fun returnAsDataEndsNoLine() = anyLineEnd {
        send("a\r")
        assertReads("a\r")
        send("\nb\n")
        assertEquals(listOf("", "b"), List(2) { reader.readLine() })
    }

    @Test
    @DisplayName("R35 a block that is rolled back finds the same lines again, nested ones too")
    fun rolledBackLinesComeBack() = anyLineEnd {
        send("one\r")
        suspend fun PipeReader.giveBack(lines: List<String>) {
            runCatching {
                atomically {
                    assertEquals(lines, List(lines.size) { readLine() })
                    error("give back")
                }
            }
        }
        reader.giveBack(listOf("one"))
        reader.atomically {
            assertEquals("one", readLine())
            send("\ntwo\rthree\n")
            giveBack(listOf("two", "three"))
            giveBack(listOf("two"))
            assertEquals("two", readLine())
            giveBack(listOf("three"))
        }
        assertEquals("three", reader.readLine())
    }

    @Test
    @DisplayName("R35 a \\n that belongs to a line before a block does not count for the block's limit")
    fun newlineBeforeABlockDoesNotCount() =
        anyLineEnd(maxLineBytes = 4) {
            send("head\r")
            assertEquals("head", reader.readLine())
            send("\nbody\n\n")
            repeat(2) {
                runCatching {
                    reader.atomically {
                        assertEquals("body", readExactly(4).decodeToString())
                        error("give back")
                    }
                }
            }
            assertEquals(listOf("body", ""), List(2) { reader.readLine() })
        }

    @Test
    @DisplayName("R35 the limit does not count a line end, and skipLine drops a line with any of them")
    fun limitAndSkipWithAnyLineEnd() =
        anyLineEnd(maxLineBytes = 3) {
            send("abc\rabcd\rabcde\r\nabc\r\n")
            assertEquals("abc", reader.readLine())
            assertThrows<LimitExceededException> { reader.readLine() }
            assertTrue(reader.requestLine())
            assertEquals(5, reader.skipLine())
            assertEquals(7, reader.skipLine())
            assertEquals("abc", reader.readLine())
        }

    @Test
    @DisplayName("R36 malformed text is reported, and stays readable")
    fun malformedTextIsReported() =
        reading(options = { it.withMalformedInput(CodingErrorAction.REPORT) }) {
            send(
                "\u00e9\n".toByteArray() + byteArrayOf('x'.code.toByte(), -1, '\n'.code.toByte()) + "ok\n".toByteArray()
            )
            assertEquals("\u00e9", reader.readLine())
            repeat(2) { assertThrows<CharacterCodingException> { reader.readLine() } }
            assertEquals("[120, -1, 10]", reader.peek(3).contentToString())
            assertEquals(3, reader.skipLine())
            assertEquals("ok", reader.readLine())
        }

    @Test
    @DisplayName("R37 without reading ahead no read takes a byte more than it asked for")
    fun nothingIsReadAhead() =
        reading(options = { it.withReadAhead(false) }) {
            suspend fun assertTakes(expected: Any?, read: suspend () -> Any?) {
                assertEquals(expected, read())
                assertEquals(0, reader.buffered)
            }
            send("one\ntwo, three; four five\nsix seven eight nine")
            assertTakes("one") { reader.readLine() }
            assertTakes("two,") { reader.readExactly(4).decodeToString() }
            assertTakes(" thr") { reader.readAtMost(4).decodeToString() }
            assertTakes("ee;") { reader.readUntil(';'.code).decodeToString() }
            assertTakes(1L) { reader.skip(1) }
            assertTakes(10L) { reader.skipLine() }
            assertTakes("six ") { reader.readUntilAny(" ".toByteArray(), "xyz".toByteArray()).decodeToString() }
            assertTakes("seven") { reader.atomically { readExactly(2) + readExactly(3) }.decodeToString() }
            assertEquals(" ei", reader.peek(3).decodeToString())
            assertTrue(reader.request(5))
            assertEquals(5, reader.buffered)
            assertTakes(" eight nine") { reader.readExactly(11).decodeToString() }
        }
}
