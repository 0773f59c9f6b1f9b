package dev.aiopipe

import java.nio.ByteBuffer
import java.nio.channels.WritableByteChannel
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

/** Flows, sizes and amounts. */
interface ReaderVolumeContract : ReaderCase {
    @Test
    @DisplayName("R29 a slow collector holds the writer back")
    fun slowCollectorHoldsTheWriterBack() = reading {
        val line = "x".repeat(999)
        val lines = 4_000
        val sent = AtomicLong()
        val sender = alongside { repeat(lines) { send("$line\n").also { sent.addAndGet(1_000) } } }
        var collected = 0L
        reader.lines().take(lines).collect {
            assertEquals(line, it)
            collected += 1_000
            if (collected % 100_000 == 1_000L) {
                val full = minOf(collected + minOf(kind.onTheWay, PIPE_BYTES) / 8, lines * 1_000L)
                eventually("the writer is as far as it gets") { sent.get() >= full }
                repeat(50) { yield() }
            }
            val ahead = sent.get() - collected
            assertTrue(ahead <= kind.onTheWay + READ_AHEAD) { "$ahead bytes ahead" }
        }
        sender.await()
    }

    @Test
    @DisplayName("R29 what a cancelled collector has not got is read next")
    fun cancelledCollectorLosesNothing() = reading {
        val got = mutableListOf<String>()
        val collector = waiting { reader.lines().collect { got += it } }
        send("a\nb\nc")
        eventually("two lines and a half arrive") { got.size == 2 && reader.buffered == 1 }
        collector.cancelAndJoin()
        send("d\n")
        assertEquals(listOf("a", "b"), got)
        assertEquals("cd", reader.readLine())
    }

    @Test
    @DisplayName("R29 a collector that is cancelled while it has a line gets no further")
    fun collectorMayCancelItself() = reading {
        send("a\nb\nc\n")
        assertTrue(reader.request(6))
        val got = mutableListOf<String>()
        val collector = alongside {
            reader.lines().collect {
                got += it
                if (it == "b") throw kotlinx.coroutines.CancellationException("enough")
            }
        }
        collector.join()
        assertEquals(listOf("a", "b"), got)
        assertEquals("c", reader.readLine())
    }

    @Test
    @DisplayName("a transfer to a channel that takes nothing can be cancelled, and loses no byte")
    fun channelThatTakesNothing() = reading {
        send("abcdef")
        assertTrue(reader.request(6))
        val asked = CountDownLatch(3)
        val stuck =
            object : WritableByteChannel {
                override fun write(source: ByteBuffer): Int {
                    val count = if (asked.count == 3L) 2 else 0
                    source.position(source.position() + count)
                    asked.countDown()
                    return count
                }

                override fun isOpen() = true

                override fun close() = Unit
            }
        val transfer = alongside { reader.transferTo(stuck) }
        withContext(Dispatchers.IO) { asked.await() }
        transfer.cancelAndJoin()
        assertReads("cdef")
    }

    @Test
    @DisplayName("R29 take(3) leaves the fourth line")
    fun takeLeavesTheRest() = reading {
        send("1\n2\n3\n4\n")
        assertEquals(listOf("1", "2", "3"), reader.lines().take(3).toList())
        assertEquals("4", reader.readLine())
    }

    @Test
    @DisplayName("R29 a collector may read the body behind its header")
    fun collectorMayRead() = reading {
        send("2\nab3\ncde0\n")
        val bodies = mutableListOf<String>()
        reader.lines().take(3).collect { bodies += reader.readExactly(it.toInt()).decodeToString() }
        assertEquals(listOf("ab", "cde", ""), bodies)
    }

    @Test
    @DisplayName("R30 lines of awkward lengths")
    fun linesOfAwkwardLengths() = reading {
        for (length in listOf(1, 65_535, 65_536, 65_537, 5_000_000)) {
            val line = String(CharArray(length) { 'a' + it % 26 })
            val sender = alongside { send("$line\n") }
            assertTrue(line == reader.readLine()) { "line of $length bytes" }
            sender.await()
        }
    }

    @Test
    @DisplayName("R31 a hundred thousand writes of one byte")
    fun singleBytes() = reading {
        val bytes = noise(100_000)
        val sender = alongside { for (byte in bytes) send(byteArrayOf(byte)) }
        assertSameBytes(bytes, reader.readExactly(bytes.size))
        sender.await()
    }

    @Test
    @DisplayName("R31 one write of 64 MiB")
    fun oneLargeWrite() = reading {
        val bytes = noise(64 shl 20)
        val sender = alongside { send(bytes) }
        var position = 0
        while (position < bytes.size) {
            val chunk = reader.readAtMost(100_000)
            assertTrue(java.util.Arrays.equals(chunk, 0, chunk.size, bytes, position, position + chunk.size))
            position += chunk.size
        }
        sender.await()
    }

    private companion object {
        /** What the reader may have read beyond what was collected. */
        const val READ_AHEAD = 64 * 1024
    }
}
