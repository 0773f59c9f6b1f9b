package dev.aiopipe

import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** What is written arrives, in order and in one piece. */
interface WriterOrderContract : WriterCase {
    @Test
    @DisplayName("W01 an empty write does nothing, but to a closed writer it fails")
    fun emptyWriteDoesNothing() = writing {
        writer.write(ByteArray(0))
        writer.write("")
        writer.write()
        writer.write(ByteBuffer.allocate(0), ByteBuffer.allocate(0))
        writer.writeLines(emptyList())
        writer.close()
        assertThrows<ClosedChannelException> { writer.write(ByteArray(0)) }
        assertThrows<ClosedChannelException> { writer.write() }
        assertThrows<ClosedChannelException> { writer.writeLines(emptyList()) }
        assertThrows<ClosedChannelException> { writer.writeLines(emptyFlow()) }
        assertEquals(0, receiveAll().size)
    }

    @Test
    @DisplayName("W02 a write larger than the pipe completes as it is drained")
    fun largeWriteCompletes() = writing {
        val bytes = noise(tooMuch)
        val write = waiting { writer.write(bytes) }
        assertSameBytes(bytes, receiveExactly(bytes.size))
        write.await()
        writer.write("next")
        assertReceives("next")
    }

    @Test
    @DisplayName("W02 part of an array")
    fun partOfAnArrayIsWritten() = writing {
        val bytes = "0123456789".toByteArray()
        writer.write(bytes, 2, 3)
        writer.write(bytes, 8)
        assertReceives("23489")
        assertThrows<IllegalArgumentException> { writer.write(bytes, 8, 3) }
        assertThrows<IllegalArgumentException> { writer.write(bytes, -1, 3) }
        assertThrows<IllegalArgumentException> { writer.write(bytes, 11) }
        assertThrows<IllegalArgumentException> { writer.write(bytes, 5, Int.MAX_VALUE) }
    }

    @Test
    @DisplayName("W02 text is encoded")
    fun textIsEncoded() = writing {
        writer.write("\u00e9\u20ac")
        writer.writeLine(StringBuilder("\ud83d\ude00"))
        assertReceives("\u00e9\u20ac\ud83d\ude00\n")
    }

    @Test
    @DisplayName("W03 messages of a hundred coroutines are not torn and keep their order")
    fun messagesOfManyWritersAreNotTorn() = writing {
        val writers = 100
        val messages = Integer.getInteger("aiopipe.messages", 40)
        for (id in 0 until writers) {
            launch {
                val random = java.util.Random(id.toLong())
                repeat(messages) { writer.write(Numbered.message(id, it, 1 + random.nextInt(20_000))) }
            }
        }
        val next = IntArray(writers)
        repeat(writers * messages) {
            val (id, number) = Numbered.receive { receiveExactly(it) }
            assertEquals(next[id]++, number)
        }
        assertTrue(next.all { it == messages })
    }

    @Test
    @DisplayName("W13 what a flow has emitted arrives while it pauses")
    fun pausingFlowHoldsNothingBack() = writing {
        val gate = gate()
        val lines = alongside {
            writer.writeLines(
                flow {
                    emit("one")
                    emit("two")
                    gate.await()
                    emit("three")
                }
            )
        }
        assertReceives("one\ntwo\n")
        assertTrue(lines.isActive)
        gate.complete(Unit)
        lines.await()
        assertReceives("three\n")
    }

    @Test
    @DisplayName("W13 lines of any length, in order")
    fun linesAreWrittenInOrder() = writing {
        val lines = List(300) { "$it".repeat(1 + it * it % 5_000) }
        val twice = launch {
            writer.writeLines(lines)
            writer.writeLines(flowOf(*lines.toTypedArray()))
        }
        val expected = lines.joinToString("") { "$it\n" }
        assertReceives(expected + expected)
        twice.join()
    }

    @Test
    @DisplayName("W13 a flow may use one builder for all its lines")
    fun builderMayBeUsedAgain() = writing {
        val line = StringBuilder()
        writer.writeLines(
            flow {
                repeat(5) {
                    line.setLength(0)
                    emit(line.append("line ").append(it))
                }
            }
        )
        assertReceives("line 0\nline 1\nline 2\nline 3\nline 4\n")
    }

    @Test
    @DisplayName("W13 what came before a failure of the lines is written")
    fun linesBeforeAFailureAreWritten() = writing {
        val failing = sequence {
            yield("a")
            yield("b")
            error("no more")
        }
        assertEquals("no more", assertThrows<IllegalStateException> { writer.writeLines(failing.asIterable()) }.message)
        assertReceives("a\nb\n")
        val flow = flow {
            emit("c")
            emit("d")
            error("no more")
        }
        assertEquals("no more", assertThrows<IllegalStateException> { writer.writeLines(flow) }.message)
        assertReceives("c\nd\n")
    }

    @Test
    @DisplayName("W13 cancelled writeLines has sent whole lines")
    fun cancelledWriteLinesSendsWholeLines() = writing {
        val lines = List(tooMuch / 500) { "$it".padEnd(999, '.') }
        val write = waiting { writer.writeLines(lines) }
        write.cancelAndJoin()
        writer.close()
        val received = receiveAll().decodeToString()
        assertTrue(received.endsWith("\n"))
        assertEquals(lines.take(received.length / 1_000), received.trimEnd().lines())
    }

    @Test
    @DisplayName("W14 buffers of every kind, one or several")
    fun buffersOfEveryKindAreWritten() = writing {
        val heap = ByteBuffer.wrap("..heap..".toByteArray(), 2, 4)
        val direct = ByteBuffer.allocateDirect(6).put("direct".toByteArray()).flip()
        val readOnly = ByteBuffer.wrap("read-only".toByteArray()).asReadOnlyBuffer()
        val sliced = ByteBuffer.wrap("..slice..".toByteArray(), 2, 5).slice()
        val all = listOf(heap, direct, readOnly, sliced)
        all.forEach { writer.write(it.duplicate()) }
        writer.write(*all.toTypedArray())
        assertReceives("heapdirectread-onlysliceheapdirectread-onlyslice")
        assertTrue(all.none { it.hasRemaining() })
    }

    @Test
    @DisplayName("W14 gathered buffers of any size are one message")
    fun largeGatheredBuffersAreOneMessage() = writing {
        val parts = List(5) { ByteBuffer.wrap(noise(tooMuch / 4, it)) }
        val write = waiting { writer.write(*parts.toTypedArray()) }
        val behind = waiting { writer.write("behind") }
        val received = receiveExactly(tooMuch / 4 * 5)
        parts.forEachIndexed { i, part ->
            assertSameBytes(part.array(), received.copyOfRange(i * (tooMuch / 4), (i + 1) * (tooMuch / 4)))
        }
        write.await()
        assertTrue(parts.none { it.hasRemaining() })
        assertReceives("behind")
        behind.await()
    }
}
