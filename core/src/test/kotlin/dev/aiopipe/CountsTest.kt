package dev.aiopipe

import com.sun.management.ThreadMXBean
import dev.aiopipe.engine.loop.Readiness
import dev.aiopipe.engine.read.ByteSource
import dev.aiopipe.engine.read.Input
import dev.aiopipe.engine.write.ByteSink
import dev.aiopipe.engine.write.Output
import dev.aiopipe.engine.write.ReaderWatch
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

/** What a line or a block costs, as counts: the same on every machine. */
class CountsTest {
    /** A pipe that is full whenever it is read, of lines of one length. */
    private class FullPipe(private val lineBytes: Int) : ByteSource {
        private val text =
            ByteArray(CAPACITY + lineBytes) {
                if (it % lineBytes == lineBytes - 1) '\n'.code.toByte() else 'x'.code.toByte()
            }
        private var position = 0
        var reads = 0

        override fun read(target: ByteBuffer): Int {
            reads++
            val count = minOf(target.remaining(), CAPACITY)
            target.put(text, position, count)
            position = (position + count) % lineBytes
            return count
        }
    }

    /** A pipe that is never full. */
    private class EmptyPipe : ByteSink {
        var writes = 0

        override fun write(source: ByteBuffer): Int {
            writes++
            return source.remaining().also { source.position(source.limit()) }
        }
    }

    private fun reader(source: ByteSource) =
        PipeReader(Input(source, Readiness(Readiness.OWN_SIGNALS)), PipeOptions.defaults())

    private fun readLines(reader: PipeReader, lineBytes: Int) = runBlocking {
        var chars = 0L
        repeat(LINES) { chars += reader.readLine()!!.length }
        assertEquals(LINES * (lineBytes - 1L), chars)
    }

    @ParameterizedTest
    @ValueSource(ints = [20, 100, 1000])
    @DisplayName("a full pipe is emptied by few reads")
    fun reads(lineBytes: Int) {
        val pipe = FullPipe(lineBytes)
        reader(pipe).use { readLines(it, lineBytes) }
        val readsOfAGigabyte = pipe.reads * 1e9 / (LINES.toDouble() * lineBytes)
        assertTrue(readsOfAGigabyte <= READS_OF_A_GIGABYTE, "reads of a gigabyte: $readsOfAGigabyte")
    }

    @ParameterizedTest
    @ValueSource(ints = [20, 100, 1000])
    @DisplayName("a line allocates its String and nothing else")
    fun allocation(lineBytes: Int) {
        reader(FullPipe(lineBytes)).use { reader ->
            readLines(reader, lineBytes)
            val text = ByteArray(lineBytes - 1) { 'x'.code.toByte() }
            val strings = allocatedBy { repeat(LINES) { String(text, Charsets.ISO_8859_1) } }
            val lines = allocatedBy { readLines(reader, lineBytes) }
            assertTrue(
                lines <= strings * 1.01,
                "a line: ${lines.toDouble() / LINES}, its String: ${strings.toDouble() / LINES}",
            )
        }
    }

    @Test
    @DisplayName("a block of 64 KiB is written by few writes")
    fun writes() {
        val pipe = EmptyPipe()
        val output = Output(pipe, Readiness(Readiness.OWN_SIGNALS), ReaderWatch.none(), "the pipe")
        PipeWriter(output, PipeOptions.defaults()).use { writer ->
            runBlocking { repeat(BLOCKS) { writer.write(ByteBuffer.allocate(CAPACITY)) } }
        }
        assertTrue(pipe.writes <= BLOCKS * WRITES_OF_A_BLOCK, "writes of a block: ${pipe.writes.toDouble() / BLOCKS}")
    }

    private companion object {
        const val CAPACITY = 64 * 1024
        const val LINES = 200_000
        const val BLOCKS = 100
        /** A pipe of 64 KiB takes at least 15,259. */
        const val READS_OF_A_GIGABYTE = 17_000

        /** While the pipe has room. */
        const val WRITES_OF_A_BLOCK = 1

        val THREADS = ManagementFactory.getThreadMXBean() as ThreadMXBean

        fun allocatedBy(action: () -> Unit): Long {
            val before = THREADS.currentThreadAllocatedBytes
            action()
            return THREADS.currentThreadAllocatedBytes - before
        }
    }
}
