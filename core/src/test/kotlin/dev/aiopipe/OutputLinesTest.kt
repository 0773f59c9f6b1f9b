package dev.aiopipe

import dev.aiopipe.OutputLine.Source.STDERR
import dev.aiopipe.OutputLine.Source.STDOUT
import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.nio.channels.ReadPendingException
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class OutputLinesTest {
    private fun out(text: String) = OutputLine(STDOUT, text)

    private fun err(text: String) = OutputLine(STDERR, text)

    @Test
    @DisplayName("P24 lines arrive while the child runs, the unterminated last one too")
    fun linesArrive() =
        runBlocking<Unit> {
            sh("read a; echo \$a; read b; echo \$b >&2; printf end; printf last >&2").startPiped().use { child ->
                val lines = Channel<OutputLine>(Channel.UNLIMITED)
                val collector = launch { child.outputLines().collect { lines.send(it) } }
                child.stdin.writeLine("first")
                assertEquals(out("first"), lines.receive())
                child.stdin.writeLine("second")
                assertEquals(err("second"), lines.receive())
                assertEquals(setOf(out("end"), err("last")), setOf(lines.receive(), lines.receive()))
                collector.join()
                assertEquals(0, child.awaitExit())
            }
        }

    @Test
    @DisplayName("P25 a failed exit fails the flow after its last line, with the last lines of stderr")
    fun failedExit() =
        runBlocking<Unit> {
            val lines = mutableListOf<OutputLine>()
            val failure =
                failureOf<ProcessFailedException> {
                    sh("seq 30 >&2; echo out; exit 3").outputLines().collect { lines += it }
                }
            assertEquals(31, lines.size)
            assertEquals(3, failure.output().exitCode)
            assertTrue("code 3" in failure.message!! && failure.message!!.endsWith("29\n30")) { "$failure" }
        }

    @Test
    @DisplayName("P26 whoever has enough ends the child at once, and without an error")
    fun takeThree() =
        runBlocking<Unit> {
            val begin = TimeSource.Monotonic.markNow()
            assertEquals(List(3) { out("y") }, ProcessBuilder("yes").outputLines().take(3).toList())
            assertEquals(err("x"), sh("trap '' TERM; echo x >&2; while :; do sleep 0.1; done").outputLines().first())
            assertTrue(begin.elapsedNow() < 10.seconds)
        }

    @Test
    @DisplayName("P26 what take(3) leaves of a running child can be read")
    fun takeFromRunningChild() =
        runBlocking<Unit> {
            sh("seq 1 10; cat >/dev/null").startPiped().use { child ->
                assertEquals(listOf("1", "2", "3"), child.outputLines().take(3).map { it.text }.toList())
                assertEquals("4", child.stdout.readLine())
                assertEquals("5", child.outputLines().first().text)
                child.stop()
            }
        }

    @Test
    @DisplayName("P27 a failing collector ends the child, and its exception arrives")
    fun failingCollector() =
        runBlocking<Unit> {
            val failure =
                failureOf<IllegalStateException> {
                    sh("echo line; exec sleep 1000").outputLines().collect { error("collector") }
                }
            assertEquals("collector", failure.message)
        }

    @Test
    @DisplayName("P28 a slow collector beside a full stderr")
    fun slowCollector() =
        runBlocking<Unit> {
            val child = sh("for i in 1 2 3; do echo \$i; done; yes error | head -c 1000000 >&2; echo 4")
            val gate = CompletableDeferred<Unit>()
            var errors = 0
            val collector =
                async(start = CoroutineStart.UNDISPATCHED) {
                    val texts = mutableListOf<String>()
                    child.outputLines().collect { line ->
                        if (line == out("1")) gate.await()
                        if (line.source == STDERR) errors++ else texts += line.text
                    }
                    texts
                }
            gate.complete(Unit)
            assertEquals(listOf("1", "2", "3", "4"), collector.await())
            assertEquals(166_667, errors)
        }

    @Test
    @DisplayName("P29 nothing starts without a collector, and each collection starts its own child")
    fun cold(@TempDir directory: Path) =
        runBlocking<Unit> {
            val log = directory.resolve("log").toFile()
            val lines = sh("echo start >>$log; wc -l <$log").outputLines()
            assertFalse(log.exists())
            assertEquals(listOf("1", "2"), List(2) { lines.toList().single().text.trim() })
        }

    @Test
    @DisplayName("P18 P29 a collection in a cancelled coroutine starts nothing")
    fun cancelledBefore(@TempDir directory: Path) =
        runBlocking<Unit> {
            val marker = directory.resolve("started").toFile()
            val collector = launch {
                cancel()
                ProcessBuilder("touch", "$marker").outputLines().collect {}
            }
            collector.join()
            assertTrue(collector.isCancelled)
            assertFalse(marker.exists())
        }

    @Test
    @DisplayName("P19 P24 a grandchild that holds the outputs open delays the end of the flow by the drain only")
    fun grandchildHoldsOutputs() =
        runBlocking<Unit> {
            for (drain in listOf(Duration.ZERO, 50.milliseconds)) {
                val lines = mutableListOf<OutputLine>()
                val failure =
                    failureOf<ProcessFailedException> {
                        sh("sleep 1000 & echo \$!; echo err >&2; printf end; exit 3")
                            .outputLines(drain = drain)
                            .collect {
                                lines += it
                            }
                    }
                ProcessHandle.of(lines.first { it.source == STDOUT }.text.toLong()).ifPresent { it.destroyForcibly() }
                assertEquals(listOf(err("err")), lines.filter { it.source == STDERR })
                assertEquals(out("end"), lines.last { it.source == STDOUT })
                assertEquals(3 to "err\n", failure.output().run { exitCode to stderrText() })
            }
        }

    @Test
    @DisplayName("P19 a grandchild that writes for ever does not keep the flow open")
    fun grandchildWritesForEver() =
        runBlocking<Unit> {
            val lines = sh("echo first; yes & exit 0").outputLines(drain = Duration.ZERO).toList()
            assertEquals(out("first"), lines.first())
            assertTrue(lines.drop(1).all { it.text in "y" })
        }

    @Test
    @DisplayName("P19 P28 the drain does not cut off what a slow collector has not come to")
    fun slowCollectorAfterExit() =
        runBlocking<Unit> {
            val lines = mutableListOf<String>()
            sh("sleep 1000 & echo \$!; seq 9000; exit 0").outputLines(drain = Duration.ZERO).collect {
                if (lines.isEmpty()) awaitNoChild()
                lines += it.text
            }
            ProcessHandle.of(lines.first().toLong()).ifPresent { it.destroyForcibly() }
            assertEquals(List(9000) { "${it + 1}" }, lines.drop(1))
        }

    private fun awaitNoChild() = Await.until("no child") { ProcessHandle.current().children().noneMatch { it.isAlive } }

    @Test
    @DisplayName("a drain without an end, and one below zero")
    fun drains() =
        runBlocking<Unit> {
            assertEquals(listOf(out("line")), sh("echo line").outputLines(drain = Duration.INFINITE).toList())
            assertEquals(
                "drain < 0: PT-1S",
                failureOf<IllegalArgumentException> { sh("echo").outputLines(drain = (-1).seconds) }.message,
            )
        }

    @Test
    @DisplayName("lines end as the options have it")
    fun lineEnds() =
        runBlocking<Unit> {
            val options = PipeOptions.defaults().withLineEnds(LineEnds.ANY)
            assertEquals(listOf(out("a"), out("b")), sh("printf 'a\\rb\\r'").outputLines(options = options).toList())
        }

    @Test
    @DisplayName("P30 a line over the limit ends the child")
    fun longLine() =
        runBlocking<Unit> {
            val builder = sh("echo short; echo too long a line; exec sleep 1000")
            val lines = mutableListOf<String>()
            failureOf<LimitExceededException> {
                builder.outputLines(options = PipeOptions.defaults().withMaxLineBytes(10)).collect { lines += it.text }
            }
            assertEquals(listOf("short"), lines)
        }

    @Test
    @DisplayName("a cancelled collection frees both read slots")
    fun cancelled() =
        runBlocking<Unit> {
            sh("cat; cat >&2").startPiped().use { child ->
                val collector = launch(start = CoroutineStart.UNDISPATCHED) { child.outputLines().collect {} }
                failureOf<ReadPendingException> { child.stderr.readLine() }
                collector.cancelAndJoin()
                child.stdin.writeLine("line")
                assertEquals("line", withTimeout(1.hours) { child.stdout.readLine() })
                child.stop()
            }
        }

    @Test
    @DisplayName("the collector may read from either output itself")
    fun readWithinCollector() =
        runBlocking<Unit> {
            sh("echo header; read go; printf body; echo more >&2").startPiped().use { child ->
                val lines = mutableListOf<OutputLine>()
                child.outputLines().collect { line ->
                    lines += line
                    if (line == out("header")) {
                        child.stdin.writeLine("go") // so what follows is for the reads below
                        assertEquals("body", child.stdout.readExactly(4).decodeToString())
                        assertEquals("more", child.stderr.readLine())
                    }
                }
                assertEquals(listOf(out("header")), lines.filter { it.source == STDOUT })
                child.stop()
            }
        }

    @Test
    @DisplayName("random cancellations lose no line")
    fun randomCancellations() =
        runBlocking<Unit> {
            sh("seq 1 20000; seq 1 20000 >&2").startPiped().use { child ->
                val seen = mapOf(STDOUT to mutableListOf<Int>(), STDERR to mutableListOf<Int>())
                val random = kotlin.random.Random(7)
                while (seen.values.any { it.size < 20_000 }) {
                    val collector =
                        launch(start = CoroutineStart.UNDISPATCHED) {
                            child.outputLines().collect {
                                seen.getValue(it.source) += it.text.toInt()
                                if (random.nextInt(10) == 0) kotlinx.coroutines.yield()
                            }
                        }
                    repeat(random.nextInt(20)) { kotlinx.coroutines.yield() }
                    collector.cancelAndJoin()
                }
                seen.values.forEach { assertEquals((1..20_000).toList(), it) }
                child.stop()
            }
        }

    private inline fun <reified T : Throwable> failureOf(crossinline block: suspend () -> Any?): T =
        assertThrows(T::class.java) { runBlocking { block() } }
}
