package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.nio.channels.AsynchronousCloseException
import java.nio.channels.ClosedChannelException
import java.nio.channels.ReadPendingException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedClass
import org.junit.jupiter.params.provider.CsvSource

/** A transfer from pipe to pipe does the same whether its bytes come through this process or stay in the kernel. */
@ParameterizedClass(name = "{0}, splices {1}")
@CsvSource("DEFAULT,true", "DEFAULT,false", "LOOP,true", "LOOP,false")
@ExtendWith(NothingLeft::class)
class SplicedTransferTest(private val threads: Threads, splices: Boolean) : SplicedOrNot(splices) {
    /** A pipe that is read, and one that is written. */
    private fun between(block: suspend CoroutineScope.(Link, Link) -> Unit) = threads.run { loop ->
        val links = List(2) { link(loop) }
        try {
            block(links[0], links[1])
        } finally {
            links.forEach { it.close() }
        }
    }

    @Test
    @DisplayName("everything is moved, in order, and neither side is closed")
    fun all() = between { from, to ->
        val bytes = noise(3_000_000)
        val sent = async { from.writer.use { it.write(bytes) } }
        val moved = async { from.reader.transferTo(to.writer) }
        assertSameBytes(bytes, to.reader.readExactly(bytes.size))
        assertEquals(bytes.size.toLong(), moved.await())
        sent.await()
        assertEquals(0, from.reader.transferTo(to.writer))
        to.writer.writeLine("more")
        assertEquals("more", to.reader.readLine())
    }

    @Test
    @DisplayName("a count leaves the rest, and what was read ahead goes first")
    fun counted() = between { from, to ->
        from.writer.write("first\n0123456789")
        assertEquals("first", from.reader.readLine())
        assertEquals(4, from.reader.transferTo(to.writer, 4))
        from.writer.write("abcdef")
        assertEquals(9, from.reader.transferTo(to.writer, 9))
        assertEquals(0, from.reader.transferTo(to.writer, 0))
        assertEquals("0123456789abc", to.reader.readExactly(13).decodeToString())
        assertEquals("def", from.reader.readExactly(3).decodeToString())
        val (a, b) =
            listOf(async { from.reader.transferTo(to.writer, 150_000) }, async { from.writer.write(noise(200_000)) })
        assertSameBytes(noise(200_000).copyOf(150_000), to.reader.readExactly(150_000))
        a.await()
        assertSameBytes(noise(200_000).copyOfRange(150_000, 200_000), from.reader.readExactly(50_000))
        b.await()
    }

    @Test
    @DisplayName("a line end that was split is dropped before anything is moved")
    fun splitLineEnd() = threads.run { loop ->
        val options = PipeOptions.defaults().withLoop(loop).withLineEnds(LineEnds.ANY)
        val from = link(options)
        val to = link(loop)
        from.writer.write("line\r")
        assertEquals("line", from.reader.readLine())
        from.writer.use { it.write("\nrest") }
        from.reader.transferTo(to.writer)
        assertEquals("rest", to.reader.readExactly(4).decodeToString())
        from.close()
        to.close()
    }

    @Test
    @DisplayName("bytes that wait for room stay in the source, and a cancelled transfer has taken none of them")
    fun cancelledWithoutRoom() = between { from, to ->
        val full = to.writer.fill()
        from.writer.write("data")
        val moved = waiting { from.reader.transferTo(to.writer) }
        if (splices) assertEquals(0, from.reader.buffered)
        assertThrows<ReadPendingException> { from.reader.readLine() }
        moved.cancelAndJoin()
        assertEquals(0, to.writer.owed)
        to.reader.readExactly(full)
        assertEquals("data", from.reader.readExactly(4).decodeToString())
        to.writer.writeLine("whole")
        assertEquals("whole", to.reader.readLine())
    }

    @Test
    @DisplayName("a transfer that is cancelled while the source is empty frees the reader")
    fun cancelledWithoutInput() = between { from, to ->
        repeat(100) {
            val moved = waiting { from.reader.transferTo(to.writer) }
            moved.cancelAndJoin()
            val line = alongside { from.reader.readLine() }
            from.writer.writeLine("line $it")
            assertEquals("line $it", line.await())
        }
    }

    @Test
    @DisplayName("messages before and after the bytes of a transfer stay whole, and owed ones go first")
    fun otherMessages() = between { from, to ->
        val before = noise(200_000, 1)
        val after = noise(200_000, 2)
        waiting { to.writer.write(before) }.cancelAndJoin()
        from.writer.write("between")
        val moved = waiting { from.reader.transferTo(to.writer, 7) }
        val last = waiting { to.writer.write(after) }
        assertTrue(to.writer.owed > 0)
        assertSameBytes(before, to.reader.readExactly(before.size))
        assertEquals("between", to.reader.readExactly(7).decodeToString())
        assertSameBytes(after, to.reader.readExactly(after.size))
        assertEquals(7, moved.await())
        last.await()
    }

    @Test
    @DisplayName("the close of the reader fails the transfer, and from then on no write to it succeeds")
    fun readerClosed() = between { from, to ->
        val empty = waiting { from.reader.transferTo(to.writer) }
        from.reader.close()
        assertThrows<BrokenPipeException> { from.writer.write("x") }
        assertInstanceOf(AsynchronousCloseException::class.java, failureOf(empty))
        assertThrows<ClosedChannelException> { from.reader.transferTo(to.writer) }
    }

    @Test
    @DisplayName("the close of the reader while the target is full: from then on no write to it succeeds")
    fun readerClosedWithoutRoom() = between { from, to ->
        val full = to.writer.fill()
        from.writer.write("data")
        val moved = waiting { from.reader.transferTo(to.writer) }
        from.reader.close()
        assertThrows<BrokenPipeException> { from.writer.write("x") }
        to.reader.readExactly(full)
        assertInstanceOf(ClosedChannelException::class.java, failureOf(moved))
    }

    @Test
    @DisplayName("the abort of the writer fails the transfer, takes nothing, and ends the target")
    fun writerAborted() = between { from, to ->
        val full = to.writer.fill()
        from.writer.write("data")
        val moved = waiting { from.reader.transferTo(to.writer) }
        to.writer.abort()
        assertInstanceOf(AsynchronousCloseException::class.java, failureOf(moved))
        assertEquals("data", from.reader.readExactly(4).decodeToString())
        assertEquals(full, to.reader.readAll().size)
    }

    @Test
    @DisplayName("the close of the writer ends the target at once, and the transfer with the next byte, or the end")
    fun writerClosed() = between { from, to ->
        val moved = waiting { from.reader.transferTo(to.writer) }
        to.writer.close()
        assertEquals(0, to.reader.readAll().size)
        from.writer.write("data")
        assertInstanceOf(ClosedChannelException::class.java, failureOf(moved))
        assertEquals("data", from.reader.readExactly(4).decodeToString())
    }

    @Test
    @DisplayName("a transfer comes to its end though the writer is closed, if the source has no more")
    fun writerClosedBeforeTheEnd() = between { from, to ->
        val moved = waiting { from.reader.transferTo(to.writer) }
        to.writer.close()
        from.writer.close()
        assertEquals(0, moved.await())
    }

    @Test
    @DisplayName("a target without reader fails the transfer as it fails a write, and the bytes stay readable")
    fun brokenPipe() = between { from, to ->
        val waits = waiting { from.reader.transferTo(to.writer) }
        to.reader.close()
        val asWritten = assertThrows<BrokenPipeException> { to.writer.write("x") }
        from.writer.write("data")
        val failure = failureOf(waits)
        assertInstanceOf(BrokenPipeException::class.java, failure)
        assertEquals(asWritten.message, failure!!.message)
        assertEquals("data", from.reader.readExactly(4).decodeToString())
    }

    @Test
    @DisplayName("a reader of the target that goes while the transfer waits for room fails it")
    fun brokenWithoutRoom() = between { from, to ->
        to.writer.fill()
        from.writer.write("data")
        val moved = waiting { from.reader.transferTo(to.writer) }
        to.reader.close()
        assertInstanceOf(BrokenPipeException::class.java, failureOf(moved))
        assertEquals("data", from.reader.readExactly(4).decodeToString())
    }

    @Test
    @DisplayName("the end of the loop fails a transfer, with the cause, whatever it waits for")
    fun loopEnds() {
        for (full in listOf(true, false)) threads.run {
            val loop = PipeLoop.create("aiopipe-ending")
            val from = link(loop)
            val to = link(loop)
            if (full) {
                to.writer.fill()
                from.writer.write("data")
            }
            val moved = waiting { from.reader.transferTo(to.writer) }
            loop.close()
            val failure = failureOf(moved)
            assertTrue(generateSequence(failure) { it.cause }.any { "aiopipe-ending" in "$it" }) { "$failure" }
            from.close()
            to.close()
        }
    }

    @Test
    @DisplayName("a block that fails gives back what its transfer has sent")
    fun rolledBack() = between { from, to ->
        from.writer.write("data")
        assertThrows<IllegalStateException> {
            from.reader.atomically {
                transferTo(to.writer, 2)
                error("after the transfer")
            }
        }
        assertEquals("da", to.reader.readExactly(2).decodeToString())
        assertEquals("data", from.reader.readExactly(4).decodeToString())
    }

    @Test
    @DisplayName("two transfers to one writer bring all bytes of both, each in its order")
    fun twoSources() = threads.run { loop ->
        val sources = List(2) { link(loop) }
        val to = link(loop)
        val transfers = sources.map { async { it.reader.transferTo(to.writer) } }
        fun bytes(seed: Int) = ByteArray(1_000_000) { (it % 127 * 2 + seed).toByte() }
        val sends = sources.mapIndexed { i, source -> async { source.writer.use { it.write(bytes(i)) } } }
        val all = to.reader.readExactly(2_000_000)
        assertEquals(listOf(1_000_000L, 1_000_000L), transfers.awaitAll())
        sends.awaitAll()
        for (i in 0..1) {
            assertSameBytes(bytes(i), all.filter { it.toInt() and 1 == i }.toByteArray())
        }
        (sources + to).forEach { it.close() }
    }

    @Test
    @DisplayName("while one side is not ready nothing is tried again and again")
    fun quiet() = threads.run {
        PipeLoop.create("aiopipe-quiet").use { loop ->
            val from = link(loop)
            val to = link(loop)
            val moved = waiting { from.reader.transferTo(to.writer) }
            assertQuiet("aiopipe-quiet") // no input
            from.writer.write("data")
            to.reader.readExactly(4)
            to.writer.fill()
            from.writer.write("data")
            eventually("the transfer has seen the data") { from.reader.buffered > 0 || splices }
            assertQuiet("aiopipe-quiet") // no room
            assertFalse(moved.isCompleted)
            moved.cancelAndJoin()
            from.close()
            to.close()
        }
    }

    @Test
    @DisplayName("a slow child at each side: all lines arrive, and the wait for the end is that of the source")
    fun children() = threads.run { loop ->
        val options = PipeOptions.defaults().withLoop(loop)
        dev.aiopipe.testkit.Programs.sh("i=0; while [ \$i -lt 2000 ]; do echo line \$i; i=\$((i+1)); done").withPiped(
            options = options
        ) { source ->
            dev.aiopipe.testkit.Programs.sh("cat").withPiped(options = options) { target ->
                val moved = async { target.stdin.use { source.stdout.transferTo(it) } }
                val text = target.stdout.readText()
                assertEquals(List(2000) { "line $it\n" }.joinToString(""), text)
                assertEquals(text.length.toLong(), moved.await())
            }
        }
    }
}
