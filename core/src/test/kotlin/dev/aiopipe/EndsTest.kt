package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.Descriptors
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.channels.Pipe
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
class EndsTest {
    @Test
    @DisplayName("E01 a pipe that is not used leaves no descriptor when it is closed")
    fun unusedPipeLeavesNothing() {
        val before = Descriptors.open().values.toSet()
        val pipes = List(10) { aioPipe() }
        val made = Descriptors.open().values.filter { it.startsWith("pipe:") && it !in before }
        assertEquals(20, made.size)
        pipes.forEach { it.close() }
        pipes.forEach { it.close() }
        assertEquals(emptyList<String>(), Descriptors.open().values.filter { it in made })
    }

    @Test
    @DisplayName("E01 an end is used once: opened, or handed over, or closed")
    fun endIsUsedOnce() =
        runBlocking<Unit> {
            val uses =
                mapOf<String, suspend (ReadEnd) -> AutoCloseable>(
                    "opened" to { it.open() },
                    "handed to a child" to { it.forChild() },
                    "closed" to { AutoCloseable(it::close).apply { close() } },
                )
            for ((first, use) in uses) {
                for (again in uses.values.take(2)) {
                    aioPipe().use { pipe ->
                        use(pipe.rx()).use {
                            val refusal = assertThrows<IllegalStateException> { runBlocking { again(pipe.rx()) } }
                            assertTrue("$first already" in refusal.message!!, refusal.message)
                        }
                    }
                }
            }
        }

    @Test
    @DisplayName("E01 of a writing end the same holds")
    fun writingEndIsUsedOnce() =
        runBlocking<Unit> {
            aioPipe().use { pipe ->
                pipe.tx().open().use {
                    assertThrows<IllegalStateException> { pipe.tx().forChild() }
                    assertThrows<IllegalStateException> { runBlocking { pipe.tx().open() } }
                }
            }
        }

    @Test
    @DisplayName("E01 a channel that the user brought can't be handed over")
    fun foreignChannelCannotBeHandedOver() {
        val pipe = Pipe.open()
        ReadEnd.of(pipe.source()).use { end -> assertThrows<IllegalStateException> { end.forChild() } }
        WriteEnd.of(pipe.sink()).use { end -> assertThrows<IllegalStateException> { end.forChild() } }
    }

    @Test
    @DisplayName("E01 an open that is cancelled leaves the end closed")
    fun cancelledOpenClosesTheEnd() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val job =
                launch(start = CoroutineStart.UNDISPATCHED) {
                    cancel()
                    assertThrowsSuspending<CancellationException> { rx.open() }
                    assertThrowsSuspending<CancellationException> { tx.open() }
                }
            job.join()
            assertThrowsSuspending<IllegalStateException> { rx.open() }
            assertThrowsSuspending<IllegalStateException> { tx.open() }
        }

    @Test
    @DisplayName("E02 a child writes to our pipe; then comes the end")
    fun childWritesToOurPipe() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val process = tx.forChild().use { sh("printf 'hi from child\\n'").redirectOutput(it.redirect()).start() }
            rx.open().use { reader ->
                assertEquals("hi from child", reader.readLine())
                assertNull(reader.readLine())
            }
            assertEquals(0, process.waitFor())
        }

    @Test
    @DisplayName("E02 a pipe as a child's stderr")
    fun childReportsToOurPipe() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            tx.forChild().use { sh("echo oh >&2").redirectError(it.redirect()).start() }
            rx.open().use { assertEquals("oh\n", it.readText()) }
        }

    @Test
    @DisplayName("E03 a child reads our pipe, and sees its end when the writer is closed")
    fun childSeesTheEnd() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val (back, forth) = aioPipe()
            forth.forChild().use { output ->
                rx.forChild().use { input ->
                    sh("wc -c").redirectInput(input.redirect()).redirectOutput(output.redirect()).start()
                }
            }
            val writer = tx.open()
            writer.write(ByteArray(100_000))
            writer.close()
            back.open().use { assertEquals("100000", it.readText().trim()) }
        }

    @Test
    @DisplayName("E03 a child that goes without reading breaks the pipe, as no copy of its end is left here")
    fun childThatGoesBreaksThePipe() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val process = rx.forChild().use { sh(":").redirectInput(it.redirect()).start() }
            process.waitFor()
            tx.open().use { writer ->
                repeat(20) { assertThrowsSuspending<BrokenPipeException> { writer.writeLine("anybody there?") } }
            }
        }

    @Test
    @DisplayName("E04 three processes in a row; 10,000 lines, written and read at once")
    fun threeProcessesInARow() =
        runBlocking<Unit> {
            val pipes = List(4) { aioPipe() }
            val processes =
                List(3) { i ->
                    pipes[i].rx().forChild().use { input ->
                        pipes[i + 1].tx().forChild().use { output ->
                            ProcessBuilder("cat")
                                .redirectInput(input.redirect())
                                .redirectOutput(output.redirect())
                                .start()
                        }
                    }
                }
            val writer = pipes.first().tx().open()
            launch {
                writer.use { it.writeLines((1..10_000).map { i -> "line $i" }) }
            }
            pipes.last().rx().open().use { reader ->
                for (i in 1..10_000) assertEquals("line $i", reader.readLine())
                assertNull(reader.readLine())
            }
            processes.forEach { assertEquals(0, it.waitFor()) }
        }

    @Test
    @DisplayName("E26 a redirect is good for several starts, and for none once its end is closed")
    fun redirectOutlivesItsEndHarmlessly() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val end = tx.forChild()
            val builder = sh("echo \$0 here").redirectOutput(end.redirect())
            repeat(3) { assertEquals(0, builder.start().waitFor()) }
            end.close()
            end.close()
            // many pipes, so that the number is somebody else's now
            val others = List(20) { aioPipe() }
            repeat(3) { assertThrows<IOException> { builder.start() } }
            assertTrue("is closed" in assertThrows<IOException> { end.redirect() }.message!!)
            rx.open().use { assertEquals("sh here\n".repeat(3), it.readText()) }
            others.forEach { other ->
                other.tx().close()
                other.rx().open().use { assertEquals(0, it.readAll().size) }
            }
        }

    @Test
    @DisplayName("E26 a garbage collection between forChild() and the start does no harm: the redirect keeps the end")
    fun redirectKeepsTheEnd() =
        runBlocking<Unit> {
            val before = Descriptors.open().size
            val (rx, tx) = aioPipe()
            var builder: ProcessBuilder? = sh("echo still ours").redirectOutput(onlyTheRedirect(tx))
            repeat(3) { System.gc() }
            assertEquals(0, builder!!.start().waitFor())
            rx.open().use { assertEquals("still ours", it.readLine()) }
            @Suppress("AssignedValueIsNeverRead") // so that the end, which nobody closed, can be collected
            builder = null
            Await.until("the lost end is closed") {
                System.gc()
                Descriptors.open().size == before
            }
        }

    private fun onlyTheRedirect(end: WriteEnd): Redirect = end.forChild().redirect()

    @Test
    @DisplayName("E13 bytes of a writer that is gone are read, then the end")
    fun bytesOfAWriterThatIsGone() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            tx.forChild().use { sh("echo gone").redirectOutput(it.redirect()).start().waitFor() }
            rx.open().use { reader ->
                assertEquals("gone", reader.readLine())
                repeat(3) { assertNull(reader.readLine()) }
                assertFalse(reader.request(1))
            }
        }

    @Test
    @DisplayName("E13 an end whose writer went without a byte is at its end at once")
    fun writerWentWithoutAByte() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            tx.close()
            rx.open().use { assertNull(it.readLine()) }
        }

    @Test
    @DisplayName("W11 records of eight processes that write to one pipe at once never mix")
    fun recordsOfEightProcessesNeverMix() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val names = 'a'..'h'
            tx.forChild().use { end ->
                for (name in names) {
                    jvm(ChildMain::class.java, "records", name.toString(), "2000")
                        .redirectOutput(end.redirect())
                        .start()
                }
            }
            val next = names.associateWith { 0 }.toMutableMap()
            val reading = async {
                rx.open().use { reader ->
                    reader.lines().collect { line ->
                        val name = line.last()
                        val index = next.getValue(name)
                        assertEquals(String(ChildMain.record(name, index), Charsets.US_ASCII), line + "\n")
                        next[name] = index + 1
                    }
                }
            }
            reading.await()
            assertEquals(names.associateWith { 2000 }, next)
        }
}
