package dev.aiopipe

import java.nio.channels.AsynchronousCloseException
import java.nio.channels.ClosedChannelException
import kotlinx.coroutines.cancelAndJoin
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Waits until a write would not wait. */
interface WriterRoomContract : WriterCase {
    @Test
    @DisplayName("W15 awaitWritable returns on an idle writer, and after what was written before it")
    fun roomAfterWrites() = writing {
        writer.awaitWritable()
        val write = waiting { writer.write(noise(tooMuch)) }
        val room = waiting { writer.awaitWritable() }
        assertTrue(room.isActive)
        receiveExactly(tooMuch)
        write.await()
        room.await()
        writer.writeLine("next")
        assertReceives("next\n")
    }

    @Test
    @DisplayName("W15 a cancelled awaitWritable leaves the writer as it was")
    fun cancelledWaitForRoom() = writing {
        val write = waiting { writer.write(noise(tooMuch)) }
        repeat(3) { waiting { writer.awaitWritable() }.cancelAndJoin() }
        val next = waiting { writer.writeLine("next") }
        receiveExactly(tooMuch)
        write.await()
        next.await()
        assertReceives("next\n")
    }

    @Test
    @DisplayName("W15 close and abort end a wait for room, which is refused after them")
    fun closeEndsTheWaitForRoom() {
        for (close in listOf(PipeWriter::close, PipeWriter::abort)) {
            writing {
                waiting { writer.write(noise(tooMuch)) }
                val room = waiting { writer.awaitWritable() }
                close(writer)
                assertTrue(failureOf(room) is AsynchronousCloseException)
                assertThrows<ClosedChannelException> { writer.awaitWritable() }
            }
        }
    }
}
