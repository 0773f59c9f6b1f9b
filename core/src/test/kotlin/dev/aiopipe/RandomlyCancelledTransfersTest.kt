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

/** Transfers within the kernel, cancelled at random. */
@ParameterizedClass
@EnumSource
@ExtendWith(NothingLeft::class, SplicedFromTheStart::class)
@Timeout(2, unit = TimeUnit.HOURS) // a hang is noticed by the trials themselves
class RandomlyCancelledTransfersTest(private val threads: Threads) {
    /** The bytes of a stream are the low bytes of their positions' hashes: each loss, double or swap shows. */
    private fun byteAt(position: Long) = (position * 0x9E3779B97F4A7C15uL.toLong() ushr 56).toByte()

    @Test
    @DisplayName("R28 transfers cancelled at random, among reads and writes: every byte is in one place, in order")
    fun cancelledTransfersLoseNothing() =
        RandomTrials.run(threads) { loop ->
            val options = PipeOptions.defaults().withLoop(loop)
            val source = Pipe.open()
            source.sink().configureBlocking(false)
            val target = Pipe.open()
            target.source().configureBlocking(false)
            val reader = ReadEnd.of(source.source()).open(options)
            val writer = WriteEnd.of(target.sink()).open(options)
            val received = ByteBuffer.allocate(1 shl 20)
            var sent = 0L
            var arrived = 0L
            var completed = 0

            fun send(count: Int) {
                val bytes = ByteBuffer.wrap(ByteArray(count) { byteAt(sent + it) })
                sent += source.sink().write(bytes)
            }

            fun receive(most: Int) {
                received.clear().limit(most)
                target.source().read(received)
                received.flip()
                while (received.hasRemaining()) assertEquals(byteAt(arrived++), received.get())
            }

            repeat(RandomTrials.COUNT) {
                var whole = false
                val transfer = trial {
                    reader.transferTo(writer, 1L + random.nextInt(40_000))
                    whole = true
                }
                pause()
                send(random.nextInt(30_000))
                pause()
                receive(1 + random.nextInt(30_000))
                pause()
                transfer.cancelAndJoin()
                if (whole) completed++
                if (random.nextInt(10) == 0) { // what is left can be read here, too, and written
                    var chunk = ByteArray(0)
                    withTimeoutOrNull(1) { chunk = reader.readAtMost(100) }
                    receive(1 shl 20)
                    writer.write(chunk)
                }
            }
            source.sink().close()
            val rest = trial { writer.use { reader.transferTo(it) } }
            while (!rest.isCompleted) {
                receive(1 shl 20)
                yield()
            }
            receive(1 shl 20)
            assertEquals(sent, arrived)
            assertTrue(completed in 1 until RandomTrials.COUNT) { "$completed transfers completed" }
            reader.close()
            source.source().close()
            target.source().close()
        }
}
