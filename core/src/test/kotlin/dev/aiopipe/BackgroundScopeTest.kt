package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
@Timeout(60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BackgroundScopeTest {

    @Test
    @DisplayName("a background collector reads to the end, and is done when withPiped returns")
    fun collector() =
        runBlocking<Unit> {
            val lines = mutableListOf<String>()
            lateinit var collector: Job
            val value =
                sh("echo 1 >&2; read line; echo \$line; cat; echo 2 >&2").withPiped(grace = never) { child ->
                    collector = backgroundScope.launch { child.stderr.lines().collect { lines += it } }
                    child.stdin.writeLine("hello")
                    child.stdout.readLine()
                }
            assertEquals("hello", value)
            assertTrue(collector.isCompleted && !collector.isCancelled)
            assertEquals(listOf("1", "2"), lines)
        }

    @Test
    @DisplayName("the result of a background loop around readLine is there after withPiped, also under runTest")
    fun result() = runTest {
        lateinit var report: Deferred<List<String>>
        sh("cat; seq 1000 >&2").withPiped(grace = never) { child ->
            report = backgroundScope.async { generateSequence(0) { it + 1 }.toList(child.stderr) }
        }
        assertEquals(List(1000) { "${it + 1}" }, report.await())
    }

    private suspend fun Sequence<Int>.toList(reader: PipeReader): List<String> {
        val lines = mutableListOf<String>()
        for (ignored in this) lines += reader.readLine() ?: break
        return lines
    }

    @Test
    @DisplayName("the output of a child whose block fails is still collected")
    fun failingBlock() =
        runBlocking<Unit> {
            val lines = mutableListOf<String>()
            assertThrowsSuspending<IllegalStateException> {
                sh("trap 'echo bye >&2; exit 8' TERM; echo; while :; do sleep 0.01; done").withPiped<Unit>(
                    grace = never
                ) { child ->
                    backgroundScope.launch { child.stderr.lines().collect { lines += it } }
                    child.stdout.readLine()
                    error("the block's own")
                }
            }
            assertEquals(listOf("bye"), lines)
        }

    @Test
    @DisplayName("a background coroutine without an end is cancelled, and does not delay withPiped")
    fun endless() =
        runBlocking<Unit> {
            lateinit var endless: Job
            sh("cat").withPiped(grace = never) { endless = backgroundScope.launch { awaitCancellation() } }
            assertTrue(endless.isCancelled)
        }

    @Test
    @DisplayName("a collector of an output that a grandchild keeps open is cancelled after the grace")
    fun grandchild() =
        runBlocking<Unit> {
            lateinit var collector: Deferred<List<String>>
            val grandchild =
                sh("(exec sleep 1000) & echo \$!").withPiped(grace = 20.milliseconds) { child ->
                    collector = backgroundScope.async { child.stderr.lines().toList() }
                    child.stdout.readLine()!!.toLong()
                }
            assertTrue(collector.isCancelled)
            val handle = ProcessHandle.of(grandchild).orElseThrow()
            handle.destroyForcibly()
            Await.until("the grandchild is gone") { !handle.isAlive }
        }

    @Test
    @DisplayName("a background coroutine that fails makes the block fail")
    fun failing() =
        runBlocking<Unit> {
            val failed = CompletableDeferred<Unit>()
            val failure =
                assertThrowsSuspending<IOException> {
                    sh("echo; sleep 1000").withPiped(grace = never) { child ->
                        backgroundScope.launch {
                            failed.await()
                            throw IOException("the background's own")
                        }
                        child.stdout.readLine()
                        failed.complete(Unit)
                        child.stdout.readLine()
                    }
                }
            assertEquals("the background's own", failure.message)
        }

    @Test
    @DisplayName("when its block returns, withPiped gives the child the grace after the end of stdin; so does stop")
    fun graceAfterStdin() =
        runBlocking<Unit> {
            val flushing = sh("trap 'exit 8' TERM; cat; sleep 0.2; exit 7")
            lateinit var seen: PipedProcess
            flushing.withPiped(grace = never) { seen = it }
            assertEquals(7, seen.process.exitValue())
            val polite = sh("trap 'exit 8' TERM; echo; while :; do sleep 0.01; done")
            polite.startPiped().use { child ->
                child.stdout.readLine()
                assertEquals(8, child.stop(never, stdinGrace = 0.milliseconds))
            }
        }
}
