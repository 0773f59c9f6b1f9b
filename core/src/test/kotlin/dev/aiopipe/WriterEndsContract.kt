package dev.aiopipe

import java.io.ByteArrayInputStream
import java.nio.ByteBuffer
import java.nio.channels.AsynchronousCloseException
import java.nio.channels.Channels
import java.nio.channels.ClosedChannelException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
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

/** Writes that are cancelled, closed, aborted, or that nobody reads. */
interface WriterEndsContract : WriterCase {
    @Test
    @DisplayName("W04 without a reader each write fails")
    fun everyWriteWithoutReaderFails() = writing {
        leave()
        repeat(20) { assertThrows<BrokenPipeException> { writer.write("nobody reads") } }
        writer.close()
        writer.awaitClosed()
    }

    @Test
    @DisplayName("W05 awaitReaderGone fails when the writer is closed, and holds back no end")
    fun awaitReaderGoneFailsWhenClosed() = writing {
        writer.write("last")
        val gone = waiting { writer.awaitReaderGone() }
        writer.close()
        assertTrue(failureOf(gone) is AsynchronousCloseException)
        assertEquals("last", receiveAll().decodeToString())
        assertThrows<ClosedChannelException> { writer.awaitReaderGone() }
    }

    @Test
    @DisplayName("W06 a write that waits fails when the reader goes")
    fun waitingWritesFailWhenTheReaderGoes() = writing {
        val first = waiting { writer.write(noise(tooMuch)) }
        val second = waiting { writer.write("second") }
        leave()
        assertTrue(failureOf(first) is BrokenPipeException)
        assertTrue(failureOf(second) is BrokenPipeException)
        assertThrows<BrokenPipeException> { writer.write("third") }
    }

    @Test
    @DisplayName("W07 close lets waiting writes finish")
    fun closeLetsWaitingWritesFinish() = writing {
        val bytes = noise(tooMuch)
        val first = waiting { writer.write(bytes) }
        val second = waiting { writer.write("second") }
        writer.close()
        assertThrows<ClosedChannelException> { writer.write("third") }
        val closed = waiting { writer.awaitClosed() }
        val received = receiveAll()
        assertSameBytes(bytes + "second".toByteArray(), received)
        first.await()
        second.await()
        closed.await()
    }

    @Test
    @DisplayName("W07 abort fails waiting writes")
    fun abortFailsWaitingWrites() = writing {
        val bytes = noise(tooMuch)
        val first = waiting { writer.write(bytes) }
        val second = waiting { writer.write("second") }
        writer.abort()
        assertTrue(failureOf(first) is AsynchronousCloseException)
        assertTrue(failureOf(second) is AsynchronousCloseException)
        assertThrows<ClosedChannelException> { writer.write("third") }
        assertPrefix(bytes, receiveAll())
    }

    @Test
    @DisplayName("W08 a cancelled write that was begun is sent to its end, before the next one")
    fun begunWriteIsOwed() = writing {
        val bytes = noise(tooMuch)
        val buffer = ByteBuffer.wrap(bytes.copyOf())
        val write = waiting { writer.write(buffer) }
        write.cancelAndJoin()
        assertEquals(0, buffer.remaining())
        assertTrue(writer.owed > 0)
        buffer.array().fill(0)
        val next = waiting { writer.write("next") }
        assertSameBytes(bytes, receiveExactly(bytes.size))
        assertReceives("next")
        next.await()
        assertEquals(0, writer.owed)
    }

    @Test
    @DisplayName("W08 a cancelled write that was not begun is not sent")
    fun queuedWriteIsDropped() = writing {
        val bytes = noise(tooMuch)
        val dropped = ByteBuffer.wrap("dropped".toByteArray())
        val first = waiting { writer.write(bytes) }
        val second = waiting { writer.write(dropped) }
        val third = waiting { writer.write("third") }
        second.cancelAndJoin()
        assertEquals(7, dropped.remaining())
        assertEquals(0, writer.owed)
        assertSameBytes(bytes, receiveExactly(bytes.size))
        assertReceives("third")
        first.await()
        third.await()
    }

    @Test
    @DisplayName("W08 a write of a cancelled coroutine sends nothing")
    fun writeOfCancelledCoroutineSendsNothing() = writing {
        val cancelled =
            launch(start = CoroutineStart.UNDISPATCHED) {
                coroutineContext.cancel()
                assertThrows<CancellationException> { writer.write("no") }
                assertThrows<CancellationException> { writer.writeLine("no") }
                assertThrows<CancellationException> { writer.writeLines(listOf("no")) }
            }
        cancelled.join()
        writer.write("yes")
        assertReceives("yes")
    }

    @Test
    @DisplayName("W09 close sends what is owed")
    fun closeSendsWhatIsOwed() = writing {
        val bytes = noise(tooMuch)
        val write = waiting { writer.write(bytes.copyOf()) }
        write.cancelAndJoin()
        writer.close()
        assertSameBytes(bytes, receiveAll())
        writer.awaitClosed()
    }

    @Test
    @DisplayName("W09 abort drops what is owed, and awaitClosed tells")
    fun abortDropsWhatIsOwed() = writing {
        val bytes = noise(tooMuch)
        val write = waiting { writer.write(bytes) }
        write.cancelAndJoin()
        val closed = waiting { writer.awaitClosed() }
        writer.abort()
        assertEquals(0, writer.owed)
        assertTrue(failureOf(closed) is AsynchronousCloseException)
        assertThrows<AsynchronousCloseException> { writer.awaitClosed() }
        assertPrefix(bytes, receiveAll())
    }

    @Test
    @DisplayName("W09 a reader that goes drops what is owed, and awaitClosed tells")
    fun goneReaderDropsWhatIsOwed() = writing {
        val write = waiting { writer.write(noise(tooMuch)) }
        write.cancelAndJoin()
        leave()
        eventually("nothing is owed") { writer.owed == 0 }
        writer.close()
        assertThrows<BrokenPipeException> { writer.awaitClosed() }
    }

    @Test
    @DisplayName("W10 close and abort may come again, and many may wait for the end")
    fun closingAgainIsHarmless() = writing {
        val waiters = List(20) { waiting { writer.awaitClosed() } }
        waiters.first().cancelAndJoin()
        val write = waiting { writer.write(noise(tooMuch)) }
        writer.close()
        writer.close()
        assertTrue(waiters.drop(1).all { it.isActive })
        writer.abort()
        writer.close()
        writer.abort()
        assertTrue(failureOf(write) is AsynchronousCloseException)
        waiters.drop(1).forEach { it.await() } // nothing was owed
        writer.awaitClosed()
    }

    @Test
    @DisplayName("E22 the end of the loop fails waiting writes, and later ones, with the cause")
    fun loopEnds() {
        val loop = PipeLoop.create("short-lived")
        writing(of = loop) {
            val calls =
                listOf<suspend () -> Any?>(
                    { writer.write(noise(tooMuch)) },
                    { writer.writeLine("behind it") },
                    { writer.awaitReaderGone() },
                    { writer.awaitClosed() },
                )
            val waits = calls.map { waiting { it() } }
            loop.close()
            for (wait in waits) {
                assertEquals("pipe loop short-lived is closed", rootMessage(runCatching { wait.await() }))
            }
            repeat(2) {
                for (later in calls) {
                    assertEquals("pipe loop short-lived is closed", rootMessage(runCatching { later() }))
                }
                writer.close()
            }
        }
    }

    @Test
    @DisplayName("W13 a writer that ends while a flow pauses ends the call, and the collection")
    fun pausedFlowSeesTheEnd() {
        suspend fun Writing.endedBy(end: () -> Unit): Throwable? {
            val over = gate()
            val lines = waiting {
                writer.writeLines(
                    flow {
                        emit("a")
                        try {
                            awaitCancellation()
                        } finally {
                            over.complete(Unit)
                        }
                    }
                )
            }
            assertReceives("a\n")
            end()
            over.await()
            return failureOf(lines)
        }
        writing { assertTrue(endedBy(writer::abort) is AsynchronousCloseException) }
        writing { assertTrue(endedBy(writer::close) is AsynchronousCloseException) }
        val loop = PipeLoop.create("short-lived")
        writing(of = loop) {
            val failure = endedBy(loop::close)
            assertEquals("pipe loop short-lived is closed", rootMessage(runCatching { throw failure!! }))
        }
    }

    @Test
    @DisplayName(
        "R33 every function looks for cancellation first, also if there is nothing to do, or the writer is closed"
    )
    fun cancelledCallsDoNothing() = writing {
        val source = Channels.newChannel(ByteArrayInputStream("kept".toByteArray()))
        val calls =
            listOf<suspend () -> Any?>(
                { writer.write("") },
                { writer.write() },
                { writer.write(ByteBuffer.allocate(1)) },
                { writer.writeLine("x") },
                { writer.writeLines(emptyList()) },
                { writer.writeLines(listOf("x")) },
                { writer.writeLines(emptyFlow()) },
                { writer.writeLines(flowOf("x")) },
                { writer.transferFrom(source) },
                { writer.awaitReaderGone() },
                { writer.awaitClosed() },
            )
        repeat(2) {
            for ((index, call) in calls.withIndex()) {
                val failure = CompletableDeferred<Throwable?>()
                launch(start = CoroutineStart.UNDISPATCHED) {
                    cancel()
                    failure.complete(runCatching { call() }.exceptionOrNull())
                }
                failure.await().let { assertTrue(it is CancellationException) { "call $index: $it" } }
            }
            writer.close()
            writer.awaitClosed()
        }
        assertEquals(4, source.read(ByteBuffer.allocate(9)))
        assertEquals(0, receiveAll().size)
    }

    @Test
    @DisplayName("W14 a buffer none of which was sent is unchanged")
    fun failedWriteOfNothingLeavesTheBuffer() = writing {
        leave()
        val buffer = ByteBuffer.wrap("unsent".toByteArray())
        assertThrows<BrokenPipeException> { writer.write(buffer) }
        assertEquals(0, buffer.position())
    }

    private fun assertPrefix(bytes: ByteArray, received: ByteArray) {
        assertTrue(received.size < bytes.size)
        assertSameBytes(bytes.copyOf(received.size), received)
    }
}
