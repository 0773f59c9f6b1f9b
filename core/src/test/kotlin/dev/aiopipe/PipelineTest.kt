package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.requireThat
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.channels.ClosedChannelException
import java.nio.file.Path
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class PipelineTest {
    @Test
    @DisplayName("P31 three stages give the output, and each exit code")
    fun threeStages() =
        runBlocking<Unit> {
            val stages = listOf(sh("cat; exit 1"), sh("tr a-z A-Z; exit 2"), sh("cat; exit 3"))
            val output = stages.runPipeline("hello\n".toByteArray())
            assertEquals("HELLO\n" to listOf(1, 2, 3), output.stdoutText() to output.exitCodes())
            val failure = assertThrows(ProcessFailedException::class.java) { output.orThrow() }
            assertEquals(3, failure.output().exitCode)
        }

    @Test
    @DisplayName("P31 a pipeline that is talked to")
    fun talked() =
        runBlocking<Unit> {
            listOf(ProcessBuilder("cat"), sh("while read a; do echo \"[\$a]\"; done")).startPipeline().use { pipeline ->
                for (word in listOf("one", "two")) {
                    pipeline.stdin.writeLine(word)
                    assertEquals("[$word]", pipeline.stdout.readLine())
                }
                pipeline.stdin.close()
                assertEquals(null, pipeline.stdout.readLine())
                assertEquals(listOf(0, 0), pipeline.awaitExit())
            }
        }

    @Test
    @DisplayName("P32 a stage that an early finisher ended by SIGPIPE has not failed")
    fun earlyFinisher() =
        runBlocking<Unit> {
            val output = listOf(ProcessBuilder("yes"), ProcessBuilder("head", "-n", "1")).runPipeline()
            assertEquals("y\n" to listOf(141, 0), output.orThrow().stdoutText() to output.exitCodes())
        }

    @Test
    @DisplayName("P33 no stage holds an end of another one, also beside sixty other starts")
    fun noForeignEnds() =
        runBlocking<Unit> {
            val others = List(60) { async { sh("exec cat").runPiped("other") } }
            val listing = sh("ls /proc/self/fd; cat >/dev/null")
            val outputs =
                List(5) {
                    async { listOf(sh("ls /proc/self/fd >&2"), listing, sh("ls /proc/self/fd; cat")).runPipeline() }
                }
            for (output in outputs.map { it.await() }) {
                output.orThrow()
                val descriptors =
                    (output.stages[0].stderrText() + output.stdoutText()).lines().filter { it.isNotEmpty() }
                assertEquals(List(3) { listOf("0", "1", "2", "3") }.flatten(), descriptors) // 3 is ls's own
            }
            others.forEach { assertEquals("other", it.await().stdoutText()) }
        }

    @Test
    @DisplayName("P34 if the second program is missing, the first one is ended, and nothing is left")
    fun missingProgram() =
        runBlocking<Unit> {
            val stages = listOf(sh("exec sleep 1000"), ProcessBuilder("no-such-program"), ProcessBuilder("cat"))
            for (failure in
                listOf(failureOf<IOException> { stages.startPipeline() }, failureOf { stages.runPipeline() })) {
                assertTrue("no-such-program" in failure.message!!) { "$failure" }
            }
        }

    @Test
    @DisplayName("P35 the bytes between stages never enter this process")
    fun bytesStayOutside() =
        runBlocking<Unit> {
            requireThat(runCatching { movedBytes() }.isSuccess, "/proc/self/task/…/io")
            val stages = { count: Int ->
                listOf(ProcessBuilder("head", "-c", "$count", "/dev/zero"), ProcessBuilder("cat"), sh("wc -c"))
            }
            stages(1).runPipeline().orThrow() // loads the classes, which are read from files
            val before = movedBytes()
            val output = stages(256 shl 20).runPipeline().orThrow()
            val moved = movedBytes() - before
            assertEquals("${256 shl 20}", output.stdoutText().trim())
            assertTrue(moved < 1 shl 20) { "$moved bytes" }
        }

    /**
     * What the threads of this process have read and written, of anything. /proc/self/io counts for its children, too,
     * once they have ended. The library's threads do not end within seconds.
     */
    private fun movedBytes(): Long =
        File("/proc/self/task").listFiles()!!.sumOf { thread ->
            val counts = runCatching { thread.resolve("io").readLines() }
            if (thread.exists()) counts.getOrThrow() // else it has ended
            counts
                .getOrDefault(emptyList())
                .filter { it.startsWith("rchar:") || it.startsWith("wchar:") }
                .sumOf { it.substringAfter(' ').toLong() }
        }

    @Test
    @DisplayName("P36 the output of several children into one stage ends after the last of them")
    fun severalIntoOne() =
        runBlocking<Unit> {
            val pipe = aioPipe()
            val written = pipe.tx().forChild()
            val read = pipe.rx().forChild()
            val counter = ProcessBuilder("wc", "-l").redirectInput(read.redirect()).startPiped()
            val writers = List(5) { sh("seq 1000").redirectOutput(written.redirect()).startPiped() }
            written.close()
            read.close()
            counter.use {
                assertEquals("5000", it.stdout.readLine()?.trim())
                it.stop()
            }
            writers.forEach { it.use { writer -> assertEquals(0, writer.awaitExit()) } }
        }

    @Test
    @DisplayName("P37 each stage's stderr is there, and a full one blocks nobody")
    fun stderrOfEachStage() =
        runBlocking<Unit> {
            val noisy = { exit: Int -> sh("head -c 300000 /dev/zero >&2; cat; exit $exit") }
            val output = listOf(noisy(0), noisy(0), noisy(0)).runPipeline("text".toByteArray()).orThrow()
            assertEquals("text", output.stdoutText())
            output.stages.forEach { assertEquals(300_000, it.stderr.size) }
        }

    @Test
    @DisplayName("P38 a cancelled pipeline leaves nothing")
    fun cancelled() =
        runBlocking<Unit> {
            val run =
                launch(start = CoroutineStart.UNDISPATCHED) {
                    listOf(sh("exec sleep 1000"), sh("exec sleep 1000"), ProcessBuilder("cat")).runPipeline()
                }
            while (ProcessHandle.current().children().filter { it.isAlive }.count() < 3) kotlinx.coroutines.yield()
            run.cancelAndJoin()
            assertEquals(0, ProcessHandle.current().children().filter { it.isAlive }.count())
        }

    @Test
    @DisplayName("P38 a stop ends all stages side by side")
    fun stop() =
        runBlocking<Unit> {
            val deaf = "trap '' TERM; echo ready >&2; while :; do sleep 0.1; done"
            listOf(sh(deaf), sh(deaf), sh("cat; exit 5")).startPipeline().use { pipeline ->
                pipeline.processes.take(2).forEach { assertEquals("ready", it.stderr.readLine()) }
                assertEquals(listOf(137, 137), pipeline.stop(100.milliseconds).take(2))
            }
        }

    @Test
    @DisplayName("P38 a stop from within a collector drains what the last stage still flushes")
    fun stopWithinCollector() =
        runBlocking<Unit> {
            val flushing = sh("echo first; cat >/dev/null; head -c 300000 /dev/zero; exit 7")
            listOf(ProcessBuilder("cat"), flushing).startPipeline().use { pipeline ->
                var codes = emptyList<Int>()
                assertThrowsSuspending<ClosedChannelException> {
                    pipeline.stdout.lines().collect { codes = pipeline.stop(1.hours) }
                }
                assertEquals(listOf(0, 7), codes)
            }
        }

    @Test
    @DisplayName("P38 in a cancelled coroutine no stage is started")
    fun cancelledBefore(@TempDir directory: Path) =
        runBlocking<Unit> {
            val marker = directory.resolve("started").toFile()
            val stages = listOf(ProcessBuilder("touch", "$marker"), ProcessBuilder("cat"))
            repeat(100) { round ->
                val run = launch {
                    cancel()
                    if (round == 0) stages.startPipeline() else stages.runPipeline()
                }
                run.join()
                assertTrue(run.isCancelled)
                assertFalse(marker.exists())
            }
        }

    @Test
    @DisplayName("P38 a timeout stops all stages")
    fun timeout() =
        runBlocking<Unit> {
            val stages = listOf(sh("exec sleep 1000"), sh("echo came; exec sleep 1000"))
            failureOf<ProcessTimeoutException> { stages.runPipeline(timeout = 200.milliseconds) }
        }

    @Test
    @DisplayName("P39 a middle stage dies, and writes to the first one end in BrokenPipeException")
    fun middleStageDies() =
        runBlocking<Unit> {
            listOf(ProcessBuilder("cat"), sh("exit 0"), ProcessBuilder("cat")).startPipeline().use { pipeline ->
                failureOf<BrokenPipeException> { while (true) pipeline.stdin.write(ByteArray(10_000)) }
                assertEquals(null, pipeline.stdout.readLine())
                assertEquals(listOf(141, 0, 0), pipeline.awaitExit())
            }
        }

    @Test
    @DisplayName("a single stage, and redirected outer ends")
    fun outerEnds(@TempDir directory: Path) =
        runBlocking<Unit> {
            assertArrayEquals(byteArrayOf(1, 2), listOf(ProcessBuilder("cat")).runPipeline(byteArrayOf(1, 2)).stdout())
            val source = directory.resolve("source").toFile().apply { writeText("from a file") }
            val target = File(directory.toFile(), "target")
            val stages =
                listOf(ProcessBuilder("cat").redirectInput(source), ProcessBuilder("cat").redirectOutput(target))
            assertEquals("", stages.runPipeline().orThrow().stdoutText())
            assertEquals("from a file", target.readText())
            failureOf<IllegalStateException> { stages.runPipeline("input".toByteArray()) }
        }

    @Test
    @DisplayName("what can't be is refused before the start")
    fun arguments() =
        runBlocking<Unit> {
            failureOf<IllegalArgumentException> { emptyList<ProcessBuilder>().startPipeline() }
            failureOf<IllegalArgumentException> { emptyList<ProcessBuilder>().runPipeline() }
            val discarding = ProcessBuilder("yes").redirectOutput(Redirect.DISCARD)
            val failure =
                failureOf<IllegalArgumentException> { listOf(discarding, ProcessBuilder("cat")).startPipeline() }
            assertTrue("stdout of stage 0 is redirected" in failure.message!!) { "$failure" }
            failureOf<IllegalArgumentException> {
                listOf(ProcessBuilder("cat"), ProcessBuilder("cat").redirectInput(File("/dev/null"))).runPipeline()
            }
            failureOf<IllegalArgumentException> { listOf(ProcessBuilder("cat")).runPipeline(timeout = -1.hours) }
        }

    private inline fun <reified T : Throwable> failureOf(crossinline block: suspend () -> Any?): T =
        assertThrows(T::class.java) { runBlocking { block() } }
}
