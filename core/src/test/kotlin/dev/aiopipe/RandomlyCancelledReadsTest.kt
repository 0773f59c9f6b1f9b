package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.util.Random
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.microseconds
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.take
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

@ParameterizedClass
@EnumSource
@ExtendWith(NothingLeft::class)
@Timeout(2, unit = TimeUnit.HOURS) // a hang is noticed by the trials themselves
class RandomlyCancelledReadsTest(private val threads: Threads) {
    @Test
    @DisplayName("R28 reads of every kind, cancelled at random: every byte once, in order")
    fun cancelledReadsLoseNothing() =
        RandomTrials.run(threads) { loop ->
            val pipe = Pipe.open()
            val stream = Text()
            ReadEnd.of(pipe.source()).open(PipeOptions.defaults().withLoop(loop)).use { reader ->
                var completed = 0
                repeat(RandomTrials.COUNT) {
                    val taken = Taken()
                    val kind = random.nextInt(KINDS)
                    val size = 1 + random.nextInt(120)
                    val read = trial { reader.readSome(kind, size, taken) }
                    pause()
                    stream.send(pipe.sink(), random)
                    pause()
                    read.cancelAndJoin()
                    stream.check(taken)
                    if (taken.complete) completed++
                }
                pipe.sink().close()
                stream.check(Taken().apply { add(reader.readAll()) })
                assertEquals(stream.sent, stream.taken)
                assertTrue(completed in 1 until RandomTrials.COUNT) { "$completed reads completed" }
            }
        }

    /** One read, of a kind that its number tells. */
    private suspend fun PipeReader.readSome(kind: Int, size: Int, taken: Taken) {
        when (kind) {
            0 -> taken.line(readLine())
            1 -> taken.add(readAtMost(size))
            2 -> taken.add(readExactly(size))
            3 ->
                ByteBuffer.allocate(size).let {
                    readExactly(it)
                    taken.add(it)
                }
            4 ->
                ByteBuffer.allocateDirect(size).let {
                    read(it)
                    taken.add(it)
                }
            5 -> taken.add(readUntil(';'.code))
            6 -> taken.skipped(skip(size.toLong()))
            7 -> taken.skipped(skipLine())
            8 -> request(size)
            9 -> requestLine()
            10 -> atomically { readExactly(size) + readUntil(';'.code) }.let(taken::add)
            11 -> lines().take(2).collect { taken.line(it) }
            12 -> chunks().take(2).collect { taken.add(it) }
            else -> withTimeoutOrNull(size.microseconds) { taken.line(readLine()) }
        }
        taken.complete = true
    }

    @Test
    @DisplayName("R34 messages read atomically, cancelled or failed at random: each once, in order")
    fun cancelledBlocksLoseNothing() =
        RandomTrials.run(threads) { loop ->
            val pipe = Pipe.open()
            ReadEnd.of(pipe.source()).open(PipeOptions.defaults().withLoop(loop)).use { reader ->
                var sent = 0
                var next = 0
                repeat(RandomTrials.COUNT) {
                    var got: Numbered.Content? = null
                    val failing = random.nextInt(8)
                    val read = trial {
                        try {
                            got = reader.atomically { readMessage(failing) }
                        } catch (_: OnPurpose) {}
                    }
                    pause()
                    if (sent - next < 20) {
                        val message = Numbered.message(0, sent++, random.nextInt(300))
                        val first = random.nextInt(message.size)
                        pipe.sink().write(ByteBuffer.wrap(message, 0, first))
                        pause()
                        pipe.sink().write(ByteBuffer.wrap(message, first, message.size - first))
                    }
                    pause()
                    read.cancelAndJoin()
                    got?.let { assertEquals(Numbered.Content(0, next++), it) }
                }
                pipe.sink().close()
                while (next < sent) assertEquals(
                    Numbered.Content(0, next++),
                    Numbered.receive { reader.readExactly(it) },
                )
                assertEquals(0, reader.readAll().size)
            }
        }

    private suspend fun PipeReader.readMessage(failing: Int): Numbered.Content {
        val header = readExactly(12)
        if (failing == 0) throw OnPurpose()
        if (failing == 1) yield()
        val rest = if (failing == 2) atomically { readExactly(Numbered.sizeIn(header) + 4) } else readRest(header)
        if (failing == 3) throw OnPurpose()
        return Numbered.check(header, rest)
    }

    private suspend fun PipeReader.readRest(header: ByteArray): ByteArray = readExactly(Numbered.sizeIn(header) + 4)

    private class OnPurpose : RuntimeException()

    /** What one read has taken: bytes, or a count of them. */
    private class Taken {
        var bytes = ByteArray(0)
        var skipped = 0L
        var complete = false

        fun line(line: String?) = add("$line\n".toByteArray())

        fun add(more: ByteBuffer) = add(ByteArray(more.flip().remaining()).also { more.get(it) })

        fun add(more: ByteArray) {
            bytes += more
        }

        fun skipped(count: Long) {
            skipped += count
        }
    }

    /** Text without an end, and how far it was sent and taken. */
    private class Text {
        private val period =
            Random(7).let { random -> ByteArray(PERIOD) { LETTERS[random.nextInt(LETTERS.length)].code.toByte() } }
        var sent = 0L
        var taken = 0L

        fun send(sink: Pipe.SinkChannel, random: Random) {
            val count = 1 + random.nextInt(150)
            if (sent - taken < MOST_AHEAD) {
                sink.write(ByteBuffer.wrap(ByteArray(count) { period[((sent + it) % PERIOD).toInt()] }))
                sent += count
            }
        }

        fun check(what: Taken) {
            for (byte in what.bytes) assertEquals(period[(taken++ % PERIOD).toInt()], byte)
            taken += what.skipped
        }
    }

    private companion object {
        const val KINDS = 14
        const val PERIOD = 10_007
        const val MOST_AHEAD = 30_000
        const val LETTERS = "abcdefghijklmnopqrst\n;"
    }
}
