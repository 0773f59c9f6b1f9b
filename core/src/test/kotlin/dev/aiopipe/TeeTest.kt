package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource
import org.junit.jupiter.params.provider.ValueSource

/** One reader, several writers: every byte goes to each of them. */
@ExtendWith(NothingLeft::class)
open class TeeTest {
    private class Channel(val reader: PipeReader, val writer: PipeWriter) : AutoCloseable {
        override fun close() {
            reader.close()
            writer.abort()
        }
    }

    private suspend fun channel(loop: PipeLoop): Channel {
        val options = PipeOptions.defaults().withLoop(loop)
        val (rx, tx) = aioPipe()
        return Channel(rx.open(options), tx.open(options))
    }

    /** A source and two targets. */
    private fun withThree(
        threads: Threads,
        block: suspend kotlinx.coroutines.CoroutineScope.(Channel, Channel, Channel) -> Unit,
    ) = threads.run { loop ->
        val (source, first, second) = List(3) { channel(loop) }
        try {
            block(source, first, second)
        } finally {
            listOf(source, first, second).forEach { it.close() }
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("P46 both targets get every byte in order, and the slower one sets the pace")
    fun copies(threads: Threads) =
        withThree(threads) { source, first, second ->
            val bytes = noise(1_000_000)
            val tee = alongside { source.reader.teeTo(first.writer, second.writer) }
            val sent = alongside { source.writer.use { it.write(bytes) } }
            val most = 3 * PIPE_BYTES // in the source, on its way, and in the faster target
            val got = first.reader.readExactly(PIPE_BYTES)
            eventually("the faster target waits") { !sent.isCompleted && first.reader.buffered <= most }
            val rest = alongside { first.reader.readExactly(bytes.size - PIPE_BYTES) }
            assertFalse(sent.isCompleted)
            assertSameBytes(bytes, second.reader.readExactly(bytes.size))
            assertSameBytes(bytes, got + rest.await())
            assertEquals(bytes.size.toLong(), tee.await())
            sent.await()
            first.writer.writeLine("open")
            assertEquals("open", first.reader.readLine())
        }

    @Test
    @DisplayName("P46 lines collected beside a tee are those without it")
    fun linesBesideATee() =
        runBlocking<Unit> {
            val lines = List(20_000) { "line $it" }
            sh("cat").withPiped { child ->
                val (rx, tx) = aioPipe()
                val (copyRx, copyTx) = aioPipe()
                val tee = async {
                    tx.open().use { lineWriter ->
                        copyTx.open().use { copyWriter -> child.stdout.teeTo(lineWriter, copyWriter) }
                    }
                }
                async { child.stdin.use { it.writeLines(lines) } }
                val copy = async { copyRx.open().use { it.readText() } }
                assertEquals(lines, rx.open().use { it.lines().toList() })
                assertEquals(lines.joinToString("") { "$it\n" }, copy.await())
                assertEquals(copy.await().length.toLong(), tee.await())
            }
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("P47 a target that breaks is named, the other has all up to there, and nothing twice")
    fun brokenTarget(threads: Threads) =
        withThree(threads) { source, first, second ->
            val bytes = noise(500_000)
            val sent = alongside { source.writer.use { it.write(bytes) } }
            val tee = alongside { runCatching { source.reader.teeTo(first.writer, second.writer) } }
            val reading = alongside { first.reader.readExactly(100_000) } // both at once: neither gets so much alone
            assertSameBytes(bytes.copyOf(100_000), second.reader.readExactly(100_000))
            val received = reading.await()
            second.reader.close()
            val more = alongside { first.reader.readAll() }
            val failure = tee.await().exceptionOrNull()
            assertTrue(failure is BrokenPipeException, "$failure")
            assertTrue(second.writer.toString().removePrefix("PipeWriter[").substringBefore(',') in failure!!.message!!)
            source.reader.transferTo(first.writer)
            first.writer.close()
            assertSameBytes(bytes, received + more.await())
            sent.await()
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("P47 a target that is broken from the start takes nothing from the other")
    fun brokenFromTheStart(threads: Threads) =
        withThree(threads) { source, first, second ->
            second.reader.close()
            source.writer.write("data")
            assertThrows<BrokenPipeException> { source.reader.teeTo(first.writer, second.writer) }
            source.writer.close()
            source.reader.transferTo(first.writer)
            first.writer.close()
            assertEquals("data", first.reader.readText())
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("P48 cancelled at random, each byte is still readable, or delivered or owed at both")
    fun cancelled(threads: Threads) =
        withThree(threads) { source, first, second ->
            val bytes = noise(3_000_000)
            val sent = alongside { source.writer.use { it.write(bytes) } }
            val readers = listOf(first, second).map { target -> async { target.reader.readExactly(bytes.size) } }
            val random = java.util.Random(1)
            var cancels = 0
            while (!(sent.isCompleted && source.reader.request(1).not())) {
                val tee = async { source.reader.teeTo(first.writer, second.writer) }
                repeat(random.nextInt(6)) { kotlinx.coroutines.yield() }
                tee.cancelAndJoin()
                cancels++
            }
            readers.forEach { assertSameBytes(bytes, it.await()) }
            assertTrue(cancels > 10) { "$cancels cancels" }
        }

    @ParameterizedTest
    @ValueSource(ints = [1, 2])
    @DisplayName("P48 a tee that waits behind another message of one target takes nothing when it is cancelled")
    fun cancelledBeforeItsTurn(slow: Int) =
        withThree(Threads.DEFAULT) { source, first, second ->
            val busy = if (slow == 1) first else second
            val write = waiting { busy.writer.write(noise(200_000)) }
            source.writer.write("data")
            waiting { source.reader.teeTo(first.writer, second.writer) }.cancelAndJoin()
            assertEquals("data", source.reader.readExactly(4).decodeToString())
            assertEquals(0, first.writer.owed + second.writer.owed)
            busy.reader.readExactly(200_000)
            write.await()
        }

    @Test
    @DisplayName("a tee needs a target, and refuses a closed one without taking anything")
    fun misuse() =
        withThree(Threads.DEFAULT) { source, first, second ->
            assertThrows<IllegalArgumentException> { source.reader.teeTo() }
            source.writer.write("data")
            second.writer.close()
            assertThrows<java.nio.channels.ClosedChannelException> {
                source.reader.teeTo(first.writer, second.writer)
            }
            assertEquals("data", source.reader.readExactly(4).decodeToString())
        }
}
