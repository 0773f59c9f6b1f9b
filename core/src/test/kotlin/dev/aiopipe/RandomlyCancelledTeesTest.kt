package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.SplicedFromTheStart
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedClass
import org.junit.jupiter.params.provider.EnumSource

/** Tees within the kernel, cancelled at random. */
@ParameterizedClass
@EnumSource
@ExtendWith(NothingLeft::class, SplicedFromTheStart::class)
@Timeout(2, unit = TimeUnit.HOURS) // a hang is noticed by the trials themselves
class RandomlyCancelledTeesTest(private val threads: Threads) {
    /** The bytes of a stream are the low bytes of their positions' hashes: each loss, double or swap shows. */
    private fun byteAt(position: Long) = (position * 0x9E3779B97F4A7C15uL.toLong() ushr 56).toByte()

    /** A pipe whose reading end the test reads itself. */
    private inner class Target(val writer: PipeWriter, private val end: Pipe.SourceChannel) {
        private val received = ByteBuffer.allocate(1 shl 20)

        var arrived = 0L
            private set

        fun receive(most: Int) {
            received.clear().limit(most)
            end.read(received)
            received.flip()
            while (received.hasRemaining()) assertEquals(byteAt(arrived++), received.get())
        }

        fun close() = end.close()
    }

    private suspend fun target(options: PipeOptions): Target {
        val pipe = Pipe.open()
        pipe.source().configureBlocking(false)
        return Target(WriteEnd.of(pipe.sink()).open(options), pipe.source())
    }

    @Test
    @DisplayName("R28 tees cancelled at random, among reads and writes: every target gets every byte, in order")
    fun cancelledTeesLoseNothing() =
        RandomTrials.run(threads) { loop ->
            val options = PipeOptions.defaults().withLoop(loop)
            val source = Pipe.open()
            source.sink().configureBlocking(false)
            val reader = ReadEnd.of(source.source()).open(options)
            val targets = listOf(4_096, 65_536, 16_384).map { target(options.withCapacity(it)) }
            val writers = targets.map { it.writer }.toTypedArray()
            var sent = 0L
            var owing = 0
            var unfinished = 0

            fun send(count: Int) {
                val bytes = ByteBuffer.wrap(ByteArray(count) { byteAt(sent + it) })
                sent += source.sink().write(bytes)
            }

            repeat(RandomTrials.COUNT) {
                val tee = trial { reader.teeTo(*writers) }
                repeat(1 + random.nextInt(3)) {
                    pause()
                    send(random.nextInt(30_000))
                    pause()
                    targets.forEach { if (random.nextBoolean()) it.receive(1 + random.nextInt(30_000)) }
                }
                pause()
                tee.cancelAndJoin()
                if (writers.any { it.owed > 0 }) owing++
                if (writers.map { it.owed }.distinct().size > 1) unfinished++
                if (random.nextInt(10) == 0) readAndWrite(reader, targets)
            }
            source.sink().close()
            val rest = trial {
                reader.teeTo(*writers)
                writers.forEach { it.close() }
                writers.forEach { it.awaitClosed() }
            }
            receiveUntil(targets) { rest.isCompleted }
            assertEquals(List(targets.size) { sent }, targets.map { it.arrived })
            assertTrue(owing > 0 && unfinished > 0) { "$owing tees left something owed, $unfinished unevenly" }
            reader.close()
            targets.forEach { it.close() }
        }

    /** What a tee has left can be read here, too, and written. */
    private suspend fun RandomTrials.readAndWrite(reader: PipeReader, targets: List<Target>) {
        var chunk = ByteArray(0)
        withTimeoutOrNull(1) { chunk = reader.readAtMost(100) }
        val writes = targets.map { trial { it.writer.write(chunk) } }
        receiveUntil(targets) { writes.none { it.isActive } }
    }

    private suspend fun receiveUntil(targets: List<Target>, isOver: () -> Boolean) {
        while (!isOver()) {
            targets.forEach { it.receive(1 shl 20) }
            yield()
        }
        targets.forEach { it.receive(1 shl 20) }
    }
}
