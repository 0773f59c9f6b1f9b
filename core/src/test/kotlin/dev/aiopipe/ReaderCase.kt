package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.nio.channels.ClosedChannelException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith

/** What every chapter of the reader's contract needs. */
@ExtendWith(NothingLeft::class)
interface ReaderCase {
    val kind: ReadableKind
    val threads: Threads

    /** One test, with a stream of its own; of the named loop, or of that of [threads]. */
    fun reading(
        maxLineBytes: Int = 16 shl 20,
        of: PipeLoop? = null,
        options: (PipeOptions) -> PipeOptions = { it },
        case: suspend Reading.() -> Unit,
    ) = threads.run { loop ->
        val base = PipeOptions.defaults().withLoop(of ?: loop).withMaxLineBytes(maxLineBytes)
        val stream = kind.open(options(base))
        try {
            Reading(stream, this, kind).case()
        } finally {
            withContext(NonCancellable) { stream.release() }
        }
    }
}

/** A stream to read from, and its other side. */
class Reading(private val stream: Readable, scope: CoroutineScope, private val kind: ReadableKind) :
    CoroutineScope by scope, Readable by stream {
    suspend fun send(text: String) = send(text.toByteArray())

    /** Sends, while a read waits that is not content with it, and returns when it has arrived there. */
    suspend fun sendAndArrive(text: String) {
        val before = reader.buffered
        val bytes = text.toByteArray()
        send(bytes)
        eventually("$text arrives") { reader.buffered == before + bytes.size }
    }

    /** The stream is at its end: each read says so, time and again if the end is final. */
    suspend fun assertEnded() {
        repeat(if (kind.endIsFinal) 2 else 1) { assertEquals(null, reader.readLine()) }
    }

    /** Every read of a closed reader throws, and closing it again does nothing. */
    suspend fun assertClosed() {
        repeat(2) {
            assertThrows<ClosedChannelException> { reader.readLine() }
            assertThrows<ClosedChannelException> { reader.readAtMost(1) }
            assertThrows<ClosedChannelException> { reader.readAtMost(0) }
            assertThrows<ClosedChannelException> { reader.request(1) }
            assertThrows<ClosedChannelException> { reader.atomically { fail<Unit>("ran") } }
            assertThrows<ClosedChannelException> { reader.lines().collect {} }
            reader.close()
        }
    }

    suspend fun assertReads(text: String) =
        assertEquals(text, reader.readExactly(text.toByteArray().size).decodeToString())
}

/** Bytes without a pattern that a shift would keep. */
fun noise(size: Int, seed: Int = 1): ByteArray =
    java.util.Random(seed.toLong()).let { random -> ByteArray(size).also(random::nextBytes) }

fun assertSameBytes(expected: ByteArray, actual: ByteArray) {
    if (!expected.contentEquals(actual)) assertArrayEquals(expected, actual)
}
