package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.channels.ReadPendingException
import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.runTest
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
class RunPipedTest {
    /** In the fallback the JDK may end an output with the child, whoever else holds it. */
    private val fallback = java.lang.Boolean.getBoolean("dev.aiopipe.fallback")

    @Test
    @DisplayName("P01 random input comes back through cat")
    fun catGivesBackItsInput() =
        runBlocking<Unit> {
            val input = Random(1).nextBytes(256 * 1024)
            val output = ProcessBuilder("cat").runPiped(input)
            assertArrayEquals(input, output.stdout)
            assertEquals(0, output.stderr.size)
            assertEquals(0, output.exitCode)
            assertEquals(listOf("cat"), output.command)
            assertTrue(output.inputAccepted && output.outputComplete)
        }

    @Test
    @DisplayName("P02 both outputs are larger than a pipe")
    fun bothOutputsAreLarge() =
        runBlocking<Unit> {
            val input = Random(2).nextBytes(1_000_000)
            val output = sh("tee /dev/stderr").runPiped(input)
            assertArrayEquals(input, output.stdout)
            assertArrayEquals(input, output.stderr)
        }

    @Test
    @DisplayName("P03 P04 without input the child finds the end of its stdin")
    fun noInput() =
        runBlocking<Unit> {
            assertEquals(0, ProcessBuilder("cat").runPiped().stdout.size)
            assertEquals("0\n", sh("wc -c").runPiped("").stdoutText().replace(" ", ""))
        }

    @Test
    @DisplayName("P05 a child that does not read its input has not failed")
    fun inputIsNotRead() =
        runBlocking<Unit> {
            val output = sh("echo done").runPiped(ByteArray(10_000_000))
            assertEquals("done\n", output.orThrow().stdoutText())
            assertFalse(output.inputAccepted)
        }

    @Test
    @DisplayName("P07 a child that closes its stdin and goes on writing")
    fun closedStdin() =
        runBlocking<Unit> {
            val output = sh("exec <&-; head -c 300000 /dev/zero").runPiped(ByteArray(1_000_000))
            assertEquals(300_000, output.orThrow().stdout.size)
            assertFalse(output.inputAccepted)
        }

    @Test
    @DisplayName("P08 input for a redirected stdin is refused before the start")
    fun redirectedStdin(@TempDir directory: Path) =
        runBlocking<Unit> {
            val marker = directory.resolve("started").toFile()
            val builder = sh("touch $marker").redirectInput(Redirect.from(File("/dev/null")))
            val failure = assertThrows(IllegalStateException::class.java) { runBlocking { builder.runPiped("input") } }
            assertTrue("stdin is redirected" in failure.message!!) { "$failure" }
            assertFalse(marker.exists())
            builder.runPiped().orThrow()
            assertTrue(marker.exists())
        }

    @Test
    @DisplayName("P09 P10 redirected and merged outputs")
    fun redirectedOutputs() =
        runBlocking<Unit> {
            val discarded = sh("echo out; echo err >&2").redirectOutput(Redirect.DISCARD).runPiped()
            assertEquals("" to "err\n", discarded.stdoutText() to discarded.stderrText())
            val merged = sh("echo 1; echo 2 >&2; echo 3").redirectErrorStream(true).runPiped()
            assertEquals("1\n2\n3\n" to "", merged.stdoutText() to merged.stderrText())
        }

    @Test
    @DisplayName("P11 P12 a failed exit is a result, until it is asked to throw")
    fun failedExit() =
        runBlocking<Unit> {
            val output = sh("echo out; echo first >&2; echo last >&2; exit 3").runPiped()
            assertEquals(3, output.exitCode)
            assertEquals(listOf("out"), output.stdoutLines())
            val failure = assertThrows(ProcessFailedException::class.java) { output.orThrow() }
            assertEquals(output, failure.output())
            for (part in listOf("sh -c", "code 3", "last")) assertTrue(part in failure.message!!) { "$failure" }
            assertThrows(ProcessFailedException::class.java) { output.orThrow(0, 1) }
            assertEquals(output, output.orThrow(0, 3))
        }

    @Test
    @DisplayName("P13 P14 the limit holds for each output, in bytes")
    fun limit() =
        runBlocking<Unit> {
            val both = sh("head -c 1000 /dev/zero; head -c 1000 /dev/zero >&2")
            assertEquals(1000, both.runPiped(limit = 1000).orThrow().stderr.size)
            for (stream in listOf("stdout", "stderr")) {
                val builder = sh("head -c 1001 /dev/zero ${if (stream == "stderr") ">&2" else ""}; exec sleep 1000")
                val failure = failureOf<LimitExceededException> { builder.runPiped(limit = 1000) }
                assertEquals(1000, failure.limit())
                assertTrue(stream in failure.message!!) { "$failure" }
            }
        }

    @Test
    @DisplayName("P15 output without a newline, far longer than maxLineBytes")
    fun longLine() =
        runBlocking<Unit> {
            val options = PipeOptions.defaults().withMaxLineBytes(10)
            assertEquals(200_000, sh("head -c 200000 /dev/zero").runPiped(options = options).orThrow().stdout.size)
        }

    @Test
    @DisplayName("P16 a timeout stops the child, and brings what came")
    fun timeout() =
        runBlocking<Unit> {
            val builder = sh("echo out; echo err >&2; exec sleep 1000")
            val failure = failureOf<ProcessTimeoutException> { builder.runPiped(timeout = 200.milliseconds) }
            assertEquals("out\n" to "err\n", failure.output().stdoutText() to failure.output().stderrText())
            assertEquals(143, failure.output().exitCode)
            for (part in listOf("sleep 1000", "200 ms", "err")) assertTrue(part in failure.message!!) { "$failure" }
        }

    @Test
    @DisplayName("P16 a timeout kills a child that ignores SIGTERM")
    fun timeoutOfDeafChild() =
        runBlocking<Unit> {
            val builder = sh("trap '' TERM; while :; do sleep 0.1; done")
            val failure = failureOf<ProcessTimeoutException> { builder.runPiped(timeout = 100.milliseconds) }
            assertEquals(137, failure.output().exitCode)
        }

    @Test
    @DisplayName("P17 a timeout as long as the child runs")
    fun timeoutAtTheExit() =
        runBlocking<Unit> {
            val outcomes =
                List(50) { i ->
                    runCatching {
                        ProcessBuilder("true").runPiped(timeout = (100 * i).let { Duration.parse("${it}us") })
                    }
                }
            outcomes.forEach { outcome ->
                assertTrue(outcome.isSuccess || outcome.exceptionOrNull() is ProcessTimeoutException) { "$outcome" }
            }
        }

    @Test
    @DisplayName("P18 a cancelled run ends the child")
    fun cancelled() =
        runBlocking<Unit> {
            val run = launch(start = CoroutineStart.UNDISPATCHED) { sh("exec sleep 1000").runPiped() }
            awaitChild()
            run.cancelAndJoin()
            assertEquals(0, ProcessHandle.current().children().filter { it.isAlive }.count())
        }

    @Test
    @DisplayName("P18 in a cancelled coroutine nothing is started")
    fun cancelledBefore(@TempDir directory: Path) =
        runBlocking<Unit> {
            val marker = directory.resolve("started").toFile()
            repeat(100) {
                val run = launch {
                    cancel()
                    ProcessBuilder("touch", "$marker").runPiped()
                }
                run.join()
                assertTrue(run.isCancelled)
                assertFalse(marker.exists())
            }
        }

    @Test
    @DisplayName("P19 a grandchild that holds the output delays the result by drain at most")
    fun grandchildHoldsOutput() =
        runBlocking<Unit> {
            val output = sh("sleep 1000 & echo \$!; echo came").runPiped(drain = 100.milliseconds)
            val (pid, text) = output.stdoutLines()
            ProcessHandle.of(pid.toLong()).ifPresent { it.destroyForcibly() }
            assertEquals("came", text)
            assertFalse(!fallback && output.outputComplete)
            assertEquals(0, output.exitCode)
        }

    @Test
    @DisplayName("P19 without drain the result has what the child wrote before its exit")
    fun noDrain() =
        runBlocking<Unit> {
            repeat(20) {
                val output = sh("sleep 1000 >&2 & echo \$!; head -c 60000 /dev/zero").runPiped(drain = Duration.ZERO)
                val pid = output.stdout.takeWhile { it != '\n'.code.toByte() }.toByteArray().decodeToString()
                ProcessHandle.of(pid.toLong()).ifPresent { it.destroyForcibly() }
                assertEquals(60_000 + pid.length + 1, output.stdout.size)
                assertFalse(!fallback && output.outputComplete)
            }
        }

    @Test
    @DisplayName("P19 without drain an output whose end nobody has reported yet is complete")
    fun noDrainAndNoReport() =
        runBlocking<Unit> {
            val free = CountDownLatch(1)
            PipeLoop.create("busy").use { loop ->
                launch(loop.dispatcher) { free.await() } // so nothing is reported
                val output =
                    sh("echo out; echo err >&2")
                        .runPiped(drain = Duration.ZERO, options = PipeOptions.defaults().withLoop(loop))
                free.countDown()
                assertEquals("out\n" to "err\n", output.stdoutText() to output.stderrText())
                assertTrue(output.outputComplete)
            }
        }

    @Test
    @DisplayName("P19 a drain without an end does not hold up a run whose outputs end")
    fun endlessDrain() =
        runBlocking<Unit> {
            for (drain in listOf(Duration.INFINITE, 100_000_000.days)) {
                val exitsLater = sh("echo came; exec >&- 2>&-; sleep 0.1")
                assertEquals("came\n", exitsLater.runPiped(drain = drain).orThrow().stdoutText())
            }
        }

    @Test
    @DisplayName("P16 P19 a timeout ends the run although a grandchild holds the outputs open")
    fun timeoutBesideGrandchild() =
        runBlocking<Unit> {
            val builder = sh("sleep 1000 & echo \$!; exec sleep 1000")
            val failure =
                failureOf<ProcessTimeoutException> { builder.runPiped(timeout = 1.seconds, drain = Duration.INFINITE) }
            val grandchild = failure.output().stdoutLines().single().toLong()
            ProcessHandle.of(grandchild).ifPresent { it.destroyForcibly() }
            assertEquals(143, failure.output().exitCode)
            assertFalse(!fallback && failure.output().outputComplete)
        }

    @Test
    @DisplayName("a result that the memory has no room for fails the run, and no child is left")
    fun noMemoryForTheResult() =
        runBlocking<Unit> {
            val program = jvm(RunsOutOfMemory::class.java)
            program.command().add(1, "-Xmx64m")
            val output = program.runPiped().orThrow()
            assertEquals(listOf("java.lang.OutOfMemoryError", "0 children"), output.stdoutLines())
        }

    /** The program: there is room for the pieces of an output, but not for both these and the whole. */
    object RunsOutOfMemory {
        @JvmStatic
        fun main(arguments: Array<String>) =
            runBlocking<Unit> {
                val run = runCatching { ProcessBuilder("head", "-c", "30000000", "/dev/zero").runPiped() }
                println(run.exceptionOrNull()?.javaClass?.name)
                println("${ProcessHandle.current().children().filter { it.isAlive }.count()} children")
            }
    }

    @Test
    @DisplayName("P20 a child that a signal killed")
    fun killedBySignal() =
        runBlocking<Unit> {
            val output = sh("echo before; kill -9 \$\$").runPiped()
            assertEquals(137 to "before\n", output.exitCode to output.stdoutText())
        }

    @Test
    @DisplayName("P21 a start that fails names the program")
    fun failedStart(@TempDir directory: Path) =
        runBlocking<Unit> {
            val missing = failureOf<IOException> { ProcessBuilder("no-such-program").runPiped("input") }
            assertTrue("no-such-program" in missing.message!!) { "$missing" }
            val gone = directory.resolve("gone").toFile()
            val nowhere = failureOf<IOException> { ProcessBuilder("true").directory(gone).runPiped() }
            assertTrue("gone" in nowhere.message!!) { "$nowhere" }
            failureOf<IOException> { ProcessBuilder("echo", "a\u0000b").runPiped() }
            val plain = directory.resolve("plain").toFile().apply { writeText("no program") }
            assertTrue("plain" in failureOf<IOException> { ProcessBuilder("$plain").runPiped() }.message!!)
        }

    @Test
    @DisplayName("P22 communicate after reads brings the rest, a second one nothing more")
    fun communicateAfterReads() =
        runBlocking<Unit> {
            sh("echo ready; cat").startPiped().use { child ->
                assertEquals("ready", child.stdout.readLine())
                child.stdin.writeLine("first")
                assertEquals("first\nsecond", child.communicate("second".toByteArray()).stdoutText())
                val again = child.communicate()
                assertEquals("" to 0, again.stdoutText() to again.exitCode)
            }
        }

    @Test
    @DisplayName("P22 communicate is refused while somebody reads")
    fun communicateBesideReader() =
        runBlocking<Unit> {
            ProcessBuilder("cat").startPiped().use { child ->
                val reader = async(start = CoroutineStart.UNDISPATCHED) { child.stdout.readLine() }
                failureOf<ReadPendingException> { child.communicate() }
                child.stdin.writeLine("still works")
                assertEquals("still works", reader.await())
                child.stop()
            }
        }

    @Test
    @DisplayName("P23 a silent child")
    fun silent() =
        runBlocking<Unit> {
            assertEquals(5, sh("sleep 0.2; exit 5").runPiped(timeout = 1.hours).exitCode)
        }

    @Test
    @DisplayName("times are wall-clock times under runTest")
    fun wallClock() = runTest {
        assertEquals("late\n", sh("sleep 0.2; echo late").runPiped(timeout = 1.hours).stdoutText())
    }

    @Test
    @DisplayName("what can't be is refused before the start")
    fun arguments() =
        runBlocking<Unit> {
            val builder = ProcessBuilder("no-such-program")
            assertEquals("limit < 0: -1", failureOf<IllegalArgumentException> { builder.runPiped(limit = -1) }.message)
            failureOf<IllegalArgumentException> { builder.runPiped(drain = (-1).seconds) }
            failureOf<IllegalArgumentException> { builder.runPiped(timeout = (-1).seconds) }
        }

    @Test
    @DisplayName("thirty at once")
    fun manyAtOnce() =
        runBlocking<Unit> {
            val runs = List(30) { i -> async { sh("cat; exit $i").runPiped("input $i") } }
            runs.forEachIndexed { i, run ->
                assertEquals("input $i" to i, run.await().run { stdoutText() to exitCode })
            }
        }

    private inline fun <reified T : Throwable> failureOf(crossinline block: suspend () -> Any?): T =
        assertThrows(T::class.java) { runBlocking { block() } }

    private suspend fun awaitChild() {
        while (ProcessHandle.current().children().noneMatch { it.isAlive }) kotlinx.coroutines.yield()
    }
}
