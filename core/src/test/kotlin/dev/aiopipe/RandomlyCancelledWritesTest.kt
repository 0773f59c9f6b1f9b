package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.nio.channels.AsynchronousCloseException
import java.nio.channels.ClosedChannelException
import java.nio.channels.Pipe
import java.util.Random
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
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
class RandomlyCancelledWritesTest(private val threads: Threads) {
    @Test
    @DisplayName("W03 W08 messages of three writers, cancelled at random: whole or not at all, in order")
    fun cancelledMessagesAreNeverTorn() =
        RandomTrials.run(threads) { loop ->
            val pipe = Pipe.open()
            pipe.source().use { source ->
                source.configureBlocking(false)
                val writer = WriteEnd.of(pipe.sink()).open(PipeOptions.defaults().withLoop(loop))
                val ledger = Ledger()
                val received = Numbered.Parser()
                repeat(RandomTrials.COUNT) { number ->
                    val writes = List(1 + random.nextInt(WRITERS)) { id -> write(writer, ledger, id, number) }
                    pause()
                    received.drain(source, random.nextInt(40_000), ledger::arrived)
                    pause()
                    writes.shuffled(random).forEach {
                        it.cancelAndJoin()
                        pause()
                    }
                }
                writer.close()
                received.drainToTheEnd(source, ledger::arrived)
                assertTrue(received.isAtABoundary)
                ledger.check()
                writer.awaitClosed()
            }
        }

    @Test
    @DisplayName("W09 close or abort right after writes that are cancelled at random")
    fun closeAfterCancelledMessages() =
        RandomTrials.run(threads) { loop ->
            repeat(RandomTrials.COUNT / 10) {
                val pipe = Pipe.open()
                pipe.source().use { source ->
                    source.configureBlocking(false)
                    val writer = WriteEnd.of(pipe.sink()).open(PipeOptions.defaults().withLoop(loop))
                    val ledger = Ledger()
                    val received = Numbered.Parser()
                    val writes = List(1 + random.nextInt(4)) { id -> write(writer, ledger, id, 0, 90_000) }
                    pause()
                    received.drain(source, random.nextInt(40_000), ledger::arrived)
                    writes.forEach { if (random.nextInt(4) > 0) it.cancelAndJoin() }
                    if (random.nextBoolean()) {
                        writer.close()
                        received.drainToTheEnd(source, ledger::arrived)
                        writes.forEach { it.join() }
                        assertTrue(received.isAtABoundary)
                        ledger.check()
                        writer.awaitClosed()
                    } else {
                        writes.forEach { it.cancelAndJoin() }
                        val owed = writer.owed
                        pause()
                        writer.abort()
                        received.drainToTheEnd(source, ledger::arrived)
                        val told = runCatching { writer.awaitClosed() }.isFailure
                        assertTrue(owed > 0 || !told)
                        assertTrue(told || received.isAtABoundary)
                        ledger.check()
                    }
                }
            }
        }

    @Test
    @DisplayName("R34 W08 both directions of a child at once, cancelled at random")
    fun bothDirectionsAtOnce() =
        RandomTrials.run(threads) { loop ->
            val child = ProcessBuilder("cat").startPiped(options = PipeOptions.defaults().withLoop(loop))
            child.use {
                val ledger = Ledger()
                val other = RandomTrials(this, random.nextLong(), coroutineContextOf(loop))
                val sending =
                    launch(Dispatchers.Default) {
                        repeat(RandomTrials.COUNT / 2) { number ->
                            val write = write(child.stdin, ledger, 0, number)
                            pause()
                            if (random.nextBoolean()) write.cancelAndJoin() else write.join()
                        }
                        child.stdin.close()
                    }
                var ended = false
                while (!ended) {
                    var got: Numbered.Content? = null
                    val read = other.trial {
                        try {
                            got = child.stdout.atomically { Numbered.receive { readExactly(it) } }
                        } catch (e: IncompleteReadException) {
                            assertEquals(0, e.available())
                            ended = true
                        }
                    }
                    other.pause()
                    read.cancelAndJoin()
                    got?.let(ledger::arrived)
                }
                sending.join()
                ledger.check()
                assertEquals(0, child.awaitExit())
            }
        }

    private fun coroutineContextOf(loop: PipeLoop) =
        if (threads == Threads.LOOP) loop.dispatcher else Dispatchers.Default

    private fun RandomTrials.write(writer: PipeWriter, ledger: Ledger, id: Int, number: Int, most: Int = 0): Job {
        val message = Numbered.message(id, number, if (most > 0) random.nextInt(most) else awkwardSize(random))
        return trial {
            try {
                writer.write(message)
                ledger.sent(Numbered.Content(id, number))
            } catch (e: ClosedChannelException) {
                if (e is AsynchronousCloseException) throw e // else the close came before the call
            } finally {
                message.fill(-1) // it is ours again
            }
        }
    }

    private fun awkwardSize(random: Random) =
        random.nextInt(
            when (random.nextInt(20)) {
                0 -> 200_000
                in 1..5 -> 20_000
                else -> 2_000
            }
        )

    /** What has to arrive, and what has. */
    private class Ledger {
        private val sent = HashSet<Numbered.Content>()
        private val arrived = HashSet<Numbered.Content>()
        private val last = HashMap<Int, Int>()

        @Synchronized
        fun sent(message: Numbered.Content) {
            sent += message
        }

        @Synchronized
        fun arrived(message: Numbered.Content) {
            assertTrue(arrived.add(message)) { "twice: $message" }
            val before = last.put(message.id, message.number)
            assertFalse(before != null && before > message.number) { "$message behind $before" }
        }

        @Synchronized fun check() = assertTrue(arrived.containsAll(sent)) { "lost: ${sent - arrived}" }
    }

    private companion object {
        const val WRITERS = 3
    }
}
