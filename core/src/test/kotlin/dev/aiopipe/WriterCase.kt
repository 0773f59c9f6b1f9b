package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import java.io.ByteArrayOutputStream
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.extension.ExtendWith

/** What every chapter of the writer's contract needs. */
@ExtendWith(NothingLeft::class)
interface WriterCase {
    val kind: WritableKind
    val threads: Threads

    /** More than is taken while nobody reads. */
    val tooMuch: Int
        get() = kind.onTheWay + 1_000_000

    /** One test, with a stream of its own; of the named loop, or of that of [threads]. */
    fun writing(of: PipeLoop? = null, case: suspend Writing.() -> Unit) = threads.run { loop ->
        val stream = kind.open(PipeOptions.defaults().withLoop(of ?: loop))
        try {
            Writing(stream, this).case()
        } finally {
            withContext(NonCancellable) { stream.release() }
        }
    }
}

/** A stream to write to, and its other side. */
class Writing(private val stream: Writable, scope: CoroutineScope) : CoroutineScope by scope, Writable by stream {
    suspend fun receiveExactly(count: Int): ByteArray {
        val received = ByteArrayOutputStream()
        while (received.size() < count) {
            val chunk = receive(minOf(count - received.size(), CHUNK))
            check(chunk.isNotEmpty()) { "the end after ${received.size()} of $count bytes" }
            received.write(chunk)
        }
        return received.toByteArray()
    }

    suspend fun receiveAll(): ByteArray {
        val received = ByteArrayOutputStream()
        while (true) received.write(
            receive(CHUNK).ifEmpty {
                return received.toByteArray()
            }
        )
    }

    suspend fun assertReceives(text: String) =
        assertEquals(text, receiveExactly(text.toByteArray().size).decodeToString())

    private inline fun ByteArray.ifEmpty(otherwise: () -> ByteArray) = if (isEmpty()) otherwise() else this

    private companion object {
        const val CHUNK = 50_000
    }
}
