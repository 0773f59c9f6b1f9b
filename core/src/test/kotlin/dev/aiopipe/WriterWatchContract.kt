package dev.aiopipe

import kotlinx.coroutines.cancelAndJoin
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Learns without a write that no reader is left. */
interface WriterWatchContract : WriterCase {
    @Test
    @DisplayName("W05 awaitReaderGone sees it on an idle pipe, on a full one, and when it was so before")
    fun awaitReaderGoneReturns() {
        writing {
            val gone = waiting { writer.awaitReaderGone() }
            val again = waiting { writer.awaitReaderGone() }
            waiting { writer.awaitReaderGone() }.cancelAndJoin()
            leave()
            gone.await()
            again.await()
            writer.awaitReaderGone()
        }
        writing {
            val write = waiting { writer.write(noise(tooMuch)) }
            val gone = waiting { writer.awaitReaderGone() }
            leave()
            gone.await()
            assertTrue(failureOf(write) is BrokenPipeException)
        }
        writing {
            leave()
            writer.awaitReaderGone()
            assertThrows<BrokenPipeException> { writer.write("nobody reads") }
        }
    }
}
