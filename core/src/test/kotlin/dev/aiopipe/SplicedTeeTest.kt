package dev.aiopipe

import dev.aiopipe.engine.linux.AdoptedChannel
import dev.aiopipe.engine.linux.LibC
import dev.aiopipe.testkit.Descriptors
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.SplicedFromTheStart
import java.nio.channels.AsynchronousCloseException
import java.nio.channels.ClosedChannelException
import java.nio.channels.ReadPendingException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Path
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedClass
import org.junit.jupiter.params.provider.CsvSource

/** The tees of [TeeTest], whose bytes stay in the kernel where that is possible. */
@ExtendWith(SplicedFromTheStart::class) class KernelTeeTest : TeeTest()

/** A tee does the same whether its bytes come through this process or stay in the kernel. */
@ParameterizedClass(name = "{0}, in the kernel {1}")
@CsvSource("DEFAULT,true", "DEFAULT,false", "LOOP,true", "LOOP,false")
@ExtendWith(NothingLeft::class)
class SplicedTeeTest(private val threads: Threads, splices: Boolean) : SplicedOrNot(splices) {
    /** A source, and so many targets. */
    private fun to(
        targets: Int,
        options: PipeOptions = PipeOptions.defaults(),
        block: suspend CoroutineScope.(Link, List<Link>) -> Unit,
    ) = threads.run { loop ->
        val all = List(targets + 1) { link(options.withLoop(loop)) }
        try {
            block(all.first(), all.drop(1))
        } finally {
            all.forEach { it.close() }
        }
    }

    private suspend fun Link.teeTo(targets: List<Link>) = reader.teeTo(*targets.map { it.writer }.toTypedArray())

    @Test
    @DisplayName("every target gets the same bytes, whatever their number and the sizes of the writes")
    fun sizes() {
        val sizes = listOf(1, 4_095, 4_096, 4_097, 0, 65_535, 65_536, 65_537, 10, 300_001)
        for (count in 1..3) to(count) { from, targets ->
            val bytes = noise(sizes.sum(), count)
            val tee = async { from.teeTo(targets) }
            val sent = async {
                var at = 0
                for (size in sizes) from.writer.write(bytes, at, size).also { at += size }
                from.writer.close()
            }
            targets
                .map { async { it.reader.readExactly(bytes.size) } }
                .awaitAll()
                .forEach { assertSameBytes(bytes, it) }
            assertEquals(bytes.size.toLong(), tee.await())
            sent.await()
            targets.forEach {
                it.writer.writeLine("open")
                assertEquals("open", it.reader.readLine())
            }
        }
    }

    @Test
    @DisplayName("targets of little capacity, read in pieces at different speeds, get every byte")
    fun smallAndSlow() {
        for (capacities in listOf(4_096, 65_536).let { listOf(it, it.reversed()) }) threads.run { loop ->
            val options = PipeOptions.defaults().withLoop(loop)
            val from = link(options)
            val targets = capacities.map { link(options.withCapacity(it)) }
            val bytes = noise(400_000)
            val sent = async { from.writer.use { it.write(bytes) } }
            val tee = async { from.teeTo(targets) }
            val reads = targets.mapIndexed { i, target ->
                async {
                    val pieces = java.io.ByteArrayOutputStream()
                    var size = 1
                    while (pieces.size() < bytes.size) {
                        pieces.writeBytes(target.reader.readAtMost(size))
                        size = size * (i + 3) % 9_973
                    }
                    pieces.toByteArray()
                }
            }
            reads.awaitAll().forEach { assertSameBytes(bytes, it) }
            assertEquals(bytes.size.toLong(), tee.await())
            sent.await()
            (targets + from).forEach {
                it.reader.close()
                it.writer.close()
            }
        }
    }

    @Test
    @DisplayName("a full target holds up the others, and a tee that is cancelled meanwhile leaves every byte readable")
    fun cancelledWithoutRoom() =
        to(2) { from, targets ->
            val full = targets.map { it.writer.fill() }.first()
            from.writer.write("data")
            val tee = waiting { from.teeTo(targets) }
            assertThrows<ReadPendingException> { from.reader.readLine() }
            tee.cancelAndJoin()
            val owed = targets.map { it.writer.owed }
            assertEquals(1, owed.distinct().size) { "$owed" }
            from.writer.close()
            val rest = from.reader.readText()
            assertEquals("data", "data".take(owed[0]) + rest)
            targets.forEach {
                it.reader.readExactly(full + owed[0])
                it.writer.writeLine("whole")
                assertEquals("whole", it.reader.readLine())
            }
        }

    @Test
    @DisplayName("a tee that is cancelled while the source is empty frees the reader")
    fun cancelledWithoutInput() =
        to(2) { from, targets ->
            repeat(100) {
                val tee = waiting { from.teeTo(targets) }
                tee.cancelAndJoin()
                val line = alongside { from.reader.readLine() }
                from.writer.writeLine("line $it")
                assertEquals("line $it", line.await())
            }
        }

    @Test
    @DisplayName("messages before and after the bytes of a tee stay whole, and owed ones go first")
    fun otherMessages() =
        to(2) { from, targets ->
            val (first, second) = targets
            val before = noise(200_000, 1)
            val after = noise(200_000, 2)
            waiting { second.writer.write(before) }.cancelAndJoin()
            from.writer.write("between")
            val tee = waiting { from.teeTo(targets) }
            val last = waiting { second.writer.write(after) }
            assertTrue(second.writer.owed > 0)
            assertSameBytes(before, second.reader.readExactly(before.size))
            val rest = second.reader.readExactly(7 + after.size)
            val at = if (String(rest, 0, 7) == "between") 0 else after.size // each is one message, in one order
            assertEquals("between", String(rest, at, 7))
            assertSameBytes(after, rest.copyOfRange(0, at) + rest.copyOfRange(at + 7, rest.size))
            assertEquals("between", first.reader.readExactly(7).decodeToString())
            last.await()
            tee.cancelAndJoin()
        }

    @Test
    @DisplayName("lines of another writer stay whole among those of a tee")
    fun otherWriter() =
        to(2) { from, targets ->
            val lines = List(20_000) { "line $it of the tee\n" }
            val sent = async { from.writer.use { writer -> lines.forEach { writer.write(it) } } }
            val tee = async { from.teeTo(targets) }
            val other = async { repeat(2_000) { targets[0].writer.writeLine("another line $it") } }
            val copy = async { targets[1].reader.readExactly(lines.sumOf { it.length }) }
            // A piece of a tee may end within a line, and the other's whole line comes there.
            val all = async { targets[0].reader.readText() }
            listOf(sent, tee, other).awaitAll()
            targets[0].writer.close()
            val found = Regex("another line (\\d+)\n").findAll(all.await()).map { it.groupValues[1].toInt() }.toList()
            assertEquals(List(2_000) { it }, found)
            val mine = all.await().replace(Regex("another line \\d+\n"), "")
            assertEquals(lines.joinToString(""), mine)
            assertEquals(mine, copy.await().decodeToString())
        }

    @Test
    @DisplayName("a target that is there twice gets each piece twice")
    fun sameTwice() =
        to(1) { from, targets ->
            from.writer.use { it.write("abc") }
            assertEquals(3, from.teeTo(targets + targets))
            assertEquals("abcabc", targets[0].reader.readExactly(6).decodeToString())
        }

    @Test
    @DisplayName("two tees to the same targets, in different order, bring all bytes of both, each in its order")
    fun crossing() =
        to(2) { from, targets ->
            val other = link(PipeOptions.defaults())
            fun bytes(seed: Int) = ByteArray(1_000_000) { (it % 127 * 2 + seed).toByte() }
            val sends = listOf(from, other).mapIndexed { i, link -> async { link.writer.use { it.write(bytes(i)) } } }
            val tees = listOf(async { from.teeTo(targets) }, async { other.teeTo(targets.reversed()) })
            val received = targets.map { async { it.reader.readExactly(2_000_000) } }.awaitAll()
            assertEquals(listOf(1_000_000L, 1_000_000L), tees.awaitAll())
            sends.awaitAll()
            for (all in received) for (i in 0..1) {
                assertSameBytes(bytes(i), all.filter { it.toInt() and 1 == i }.toByteArray())
            }
            other.reader.close()
            other.writer.close()
        }

    @Test
    @DisplayName("a socket among the targets gets the bytes, too")
    fun socket() =
        to(1) { from, targets ->
            ServerSocketChannel.open().bind(null).use { server ->
                val theirs = SocketChannel.open(server.localAddress)
                val end = DuplexEnd.of(server.accept())
                val writer = end.tx().open()
                val reader = end.rx().open()
                val bytes = noise(300_000)
                val sent = async { from.writer.use { it.write(bytes) } }
                val tee = async { from.reader.teeTo(targets[0].writer, writer) }
                val copy = async { targets[0].reader.readExactly(bytes.size) }
                val socket = DuplexEnd.of(theirs)
                socket.tx().close()
                socket.rx().open().use { assertSameBytes(bytes, it.readExactly(bytes.size)) }
                assertSameBytes(bytes, copy.await())
                assertEquals(bytes.size.toLong(), tee.await())
                sent.await()
                writer.abort()
                reader.close()
            }
        }

    @Test
    @DisplayName("the close of the reader fails the tee, and from then on no write to it succeeds")
    fun readerClosed() =
        to(2) { from, targets ->
            val empty = waiting { from.teeTo(targets) }
            from.reader.close()
            assertThrows<BrokenPipeException> { from.writer.write("x") }
            assertInstanceOf(AsynchronousCloseException::class.java, failureOf(empty))
        }

    @Test
    @DisplayName("the abort of a target that is full fails the tee")
    fun aborted() =
        to(2) { from, targets ->
            targets[1].writer.fill()
            from.writer.write("data")
            val tee = waiting { from.teeTo(targets) }
            targets[1].writer.abort()
            assertInstanceOf(AsynchronousCloseException::class.java, failureOf(tee))
        }

    @Test
    @DisplayName("a tee comes to its end though a target is closed, if the source has no more; else it fails")
    fun targetClosed() {
        to(2) { from, targets ->
            val tee = waiting { from.teeTo(targets) }
            targets[1].writer.close()
            from.writer.close()
            assertEquals(0, tee.await())
        }
        to(2) { from, targets ->
            val tee = waiting { from.teeTo(targets) }
            targets[1].writer.close()
            from.writer.write("data")
            assertInstanceOf(ClosedChannelException::class.java, failureOf(tee))
            assertEquals("data", from.reader.readExactly(4).decodeToString())
        }
    }

    @Test
    @DisplayName("the end of the loop fails a tee, with the cause, whatever it waits for")
    fun loopEnds() {
        for (full in listOf(true, false)) threads.run {
            val loop = PipeLoop.create("aiopipe-ending")
            val (from, first, second) = List(3) { link(PipeOptions.defaults().withLoop(loop)) }
            if (full) {
                second.writer.fill()
                from.writer.write("data")
            }
            val tee = waiting { from.teeTo(listOf(first, second)) }
            loop.close()
            val failure = failureOf(tee)
            assertTrue(generateSequence(failure) { it.cause }.any { "aiopipe-ending" in "$it" }) { "$failure" }
            listOf(from, first, second).forEach {
                it.reader.close()
                it.writer.close()
            }
        }
    }

    @Test
    @DisplayName("a tee that is over has left no descriptor, and one that waits has one for each end at most")
    fun descriptors() =
        to(3) { from, targets ->
            val before = Descriptors.pipes()
            val tee = waiting { from.teeTo(targets) }
            assertEquals(before + if (splices) 4 else 0, Descriptors.pipes())
            tee.cancelAndJoin()
            assertEquals(before, Descriptors.pipes())
            from.writer.use { it.write("data") }
            assertEquals(4, from.teeTo(targets))
            assertTrue(Descriptors.pipes() <= before)
        }

    @Test
    @DisplayName("while one side is not ready nothing is tried again and again")
    fun quiet() = threads.run {
        PipeLoop.create("aiopipe-quiet").use { loop ->
            val (from, first, second) = List(3) { link(PipeOptions.defaults().withLoop(loop)) }
            val tee = waiting { from.teeTo(listOf(first, second)) }
            assertQuiet("aiopipe-quiet") // no input
            second.writer.fill()
            from.writer.write("data")
            assertEquals("data", first.reader.readExactly(4).decodeToString())
            first.writer.fill()
            assertQuiet("aiopipe-quiet") // no room
            tee.cancelAndJoin()
            listOf(from, first, second).forEach { it.close() }
        }
    }
}

/** Tees within the kernel, of streams that were not made here. */
@ExtendWith(NothingLeft::class, SplicedFromTheStart::class)
class KernelTeeKindsTest {
    @TempDir lateinit var directory: Path

    @BeforeEach fun requireSplice() = assumeTrue(SplicedFromTheStart.isPossible())

    @Test
    @DisplayName("the bytes of a FIFO, which other processes may read, too, come through this process")
    fun fifo() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            val opening = async { WriteEnd.fifo(fifo).open() }
            val source = ReadEnd.fifo(fifo).open()
            val sourceWriter = opening.await()
            val pipes = List(2) { aioPipe() }
            val readers = pipes.map { it.rx().open() }
            val writers = pipes.map { it.tx().open() }
            sourceWriter.write("some")
            val before = Descriptors.pipes()
            val tee = waiting { source.teeTo(writers[0], writers[1]) }
            for (reader in readers) assertEquals("some", reader.readExactly(4).decodeToString())
            assertEquals(before, Descriptors.pipes()) // no copies
            val bytes = noise(300_000)
            val sent = async { sourceWriter.use { it.write(bytes) } }
            readers.map { async { it.readExactly(bytes.size) } }.awaitAll().forEach { assertSameBytes(bytes, it) }
            assertEquals(4L + bytes.size, tee.await())
            sent.await()
            source.close()
            readers.forEach { it.close() }
            writers.forEach { it.close() }
        }

    @Test
    @DisplayName("a target that is a FIFO, and one that is opened for appending")
    fun toFifo() =
        runBlocking<Unit> {
            for (append in listOf(false, true)) {
                val fifo = directory.fifo("fifo-$append")
                val target = ReadEnd.fifo(fifo, FifoOption.KEEP_OPEN).open()
                val flags = LibC.O_WRONLY or LibC.O_NONBLOCK or if (append) O_APPEND else 0
                val writer = WriteEnd.of(AdoptedChannel.toWrite(LibC.open(fifo.toString(), flags))).open()
                val (source, other) = List(2) { aioPipe() }
                val bytes = noise(500_000)
                val sent = async { source.tx().open().use { it.write(bytes) } }
                val otherWriter = other.tx().open()
                val tee = async { source.rx().open().use { it.teeTo(writer, otherWriter) } }
                val copy = async { other.rx().open().use { it.readAll() } }
                assertSameBytes(bytes, target.readExactly(bytes.size))
                assertEquals(bytes.size.toLong(), tee.await())
                otherWriter.close()
                assertSameBytes(bytes, copy.await())
                sent.await()
                writer.close()
                target.close()
            }
        }

    @Test
    @DisplayName("a program whose stdin is a pipe copies it to stdout and stderr")
    fun stdin() =
        runBlocking<Unit> {
            val bytes = noise(3_000_000)
            val output = jvm(SplicingProgram::class.java, "tee").runPiped(bytes).orThrow()
            assertSameBytes(bytes, output.stdout())
            assertSameBytes(bytes, output.stderr())
        }

    private companion object {
        const val O_APPEND = 0x400
    }
}
