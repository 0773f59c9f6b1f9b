package dev.aiopipe

import dev.aiopipe.engine.splice.Splicing
import dev.aiopipe.testkit.SplicedFromTheStart
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeEach

/** Both ends of a pipe, opened. */
class Link(val reader: PipeReader, val writer: PipeWriter) : AutoCloseable {
    override fun close() {
        reader.close()
        writer.abort()
    }
}

suspend fun link(options: PipeOptions): Link {
    val (rx, tx) = aioPipe()
    return Link(rx.open(options), tx.open(options))
}

suspend fun link(loop: PipeLoop): Link = link(PipeOptions.defaults().withLoop(loop))

/** Writes all that the pipe holds. Returns how many bytes. */
suspend fun PipeWriter.fill(): Int {
    write(ByteArray(PIPE_BYTES))
    return PIPE_BYTES
}

/** Transfers whose bytes stay in the kernel from the start, or never. */
abstract class SplicedOrNot(protected val splices: Boolean) {
    private var before = 0L

    @BeforeEach
    fun choose() {
        assumeTrue(!splices || SplicedFromTheStart.isPossible())
        before = Splicing.beginAfter(if (splices) 0 else Long.MAX_VALUE)
    }

    @AfterEach
    fun restore() {
        if (before != 0L) Splicing.beginAfter(before)
    }
}
