package dev.aiopipe

import dev.aiopipe.engine.linux.AdoptedChannel
import dev.aiopipe.engine.linux.LibC
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import dev.aiopipe.testkit.SplicedFromTheStart
import java.nio.file.Path
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** Transfers that splice, of pipes that were not made here, and where the kernel refuses. */
@ExtendWith(NothingLeft::class, SplicedFromTheStart::class)
class SplicedKindsTest {
    @TempDir lateinit var directory: Path

    @BeforeEach fun requireSplice() = assumeTrue(SplicedFromTheStart.isPossible())

    @Test
    @DisplayName("a transfer from a FIFO ends with its writers, and the next one goes on with the next writer")
    fun fromFifo() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val (rx, tx) = aioPipe()
            val reader = ReadEnd.fifo(fifo).open()
            val target = rx.open()
            val writer = tx.open()
            for (bytes in listOf(noise(300_000, 1), noise(300_000, 2), ByteArray(0), noise(9, 3))) {
                val moved = async { reader.transferTo(writer) }
                val sent = async { WriteEnd.fifo(fifo).open().use { it.write(bytes) } }
                assertSameBytes(bytes, target.readExactly(bytes.size))
                assertEquals(bytes.size.toLong(), moved.await())
                sent.await()
            }
            listOf(reader, target, writer).forEach { it.close() }
        }

    @Test
    @DisplayName(
        "a transfer to a FIFO, and to one that the kernel does not splice to, because it is opened for appending"
    )
    fun toFifo() =
        runBlocking<Unit> {
            for (append in listOf(false, true)) {
                val fifo = directory.fifo("fifo-$append")
                val opening = async { ReadEnd.fifo(fifo, FifoOption.KEEP_OPEN).open() }
                val target = opening.await()
                val end = if (append) appending(fifo) else WriteEnd.fifo(fifo)
                val bytes = noise(500_000)
                val (rx, tx) = aioPipe()
                val sent = async { tx.open().use { it.write(bytes) } }
                val moved = async { rx.open().use { input -> end.open().use { input.transferTo(it) } } }
                assertSameBytes(bytes, target.readExactly(bytes.size))
                assertEquals(bytes.size.toLong(), moved.await())
                sent.await()
                target.close()
            }
        }

    private fun appending(fifo: Path): WriteEnd {
        val fd = LibC.open(fifo.toString(), LibC.O_WRONLY or LibC.O_NONBLOCK or O_APPEND)
        return WriteEnd.of(AdoptedChannel.toWrite(fd))
    }

    @Test
    @DisplayName("a program whose stdin and stdout are pipes passes everything on")
    fun stdinToStdout() =
        runBlocking<Unit> {
            val bytes = noise(3_000_000)
            val output = jvm(SplicingProgram::class.java, "stdin to stdout").runPiped(bytes).orThrow()
            assertSameBytes(bytes, output.stdout())
            assertEquals("moved ${bytes.size}, owed 0", output.stderrText().trim())
        }

    @Test
    @DisplayName("the stop of a child ends a transfer of its output like any read, and drops none of it")
    fun stoppedChild() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            rx.open().use { target ->
                sh("exec yes").withPiped { child ->
                    val moved = async { tx.open().use { child.stdout.transferTo(it) } }
                    target.readExactly(100_000)
                    val rest = async(Dispatchers.Default) { target.skip(Long.MAX_VALUE) }
                    child.stop()
                    assertEquals(moved.await(), 100_000 + rest.await())
                }
            }
        }

    @Test
    @DisplayName("JNA is loaded in the background by a long transfer, and by no short one")
    fun loading() =
        runBlocking<Unit> {
            val output = jvm(SplicingProgram::class.java, "load", "true").runPiped().orThrow()
            assertEquals(listOf("after 64 MiB: false", "after 256 MiB: true"), output.stdoutLines())
            assertEquals("", output.stderrText())
        }

    @Test
    @DisplayName("JNA is not loaded for a transfer where the JDK would warn of it")
    fun loadsQuietly() =
        runBlocking<Unit> {
            assumeTrue(Runtime.version().feature() >= 24)
            val builder = jvm(SplicingProgram::class.java, "load", "false")
            assertTrue(builder.command().remove("--enable-native-access=ALL-UNNAMED"))
            val output = builder.runPiped().orThrow()
            assertEquals(listOf("after 64 MiB: false", "after 256 MiB: false"), output.stdoutLines())
            assertEquals("", output.stderrText())
        }

    private companion object {
        const val O_APPEND = 0x400
    }
}
