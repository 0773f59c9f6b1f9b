package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
class WithPipedTest {
    @Test
    @DisplayName("withPiped returns the value of its block; the child is stopped")
    fun leavesWithAValue() =
        runBlocking<Unit> {
            lateinit var seen: PipedProcess
            val value = polite.withPiped { child ->
                seen = child
                child.becomesReady()
                "value"
            }
            assertEquals("value", value)
            assertEquals(7, seen.process.exitValue())
        }

    @Test
    @DisplayName("withPiped passes the exception of its block on; the child is stopped")
    fun leavesWithAnException() =
        runBlocking<Unit> {
            lateinit var seen: PipedProcess
            val failure = IllegalStateException("the block's own")
            val thrown =
                assertThrowsSuspending<IllegalStateException> {
                    polite.withPiped(grace = never) { child ->
                        seen = child
                        child.becomesReady()
                        throw failure
                    }
                }
            assertEquals("the block's own", thrown.message)
            assertEquals(8, seen.process.exitValue()) // at once
        }

    @Test
    @DisplayName("withPiped fails when a coroutine launched in its block fails; the child is stopped")
    fun leavesWithAFailedLaunch() =
        runBlocking<Unit> {
            lateinit var seen: PipedProcess
            assertThrowsSuspending<IOException> {
                polite.withPiped { child ->
                    seen = child
                    child.becomesReady()
                    launch { throw IOException("launched") }
                    child.stdout.readLine() // waits for ever, but for the failure
                }
            }
            assertEquals(8, seen.process.exitValue()) // at once
        }

    @Test
    @DisplayName("withPiped that is cancelled while it waits for a silent child stops it, and ends as cancelled")
    fun leavesByCancellation() =
        runBlocking<Unit> {
            lateinit var seen: PipedProcess
            val ready = CompletableDeferred<Unit>()
            val job = launch {
                polite.withPiped(grace = never) { child ->
                    seen = child
                    child.becomesReady()
                    ready.complete(Unit)
                    child.stdout.readLine()
                }
            }
            ready.await()
            job.cancelAndJoin()
            assertTrue(job.isCancelled)
            assertEquals(8, seen.process.exitValue()) // at once
        }

    @Test
    @DisplayName("withPiped that is cancelled kills a child that ignores SIGTERM")
    fun cancellationOverADeafChild() =
        runBlocking<Unit> {
            lateinit var seen: PipedProcess
            val ready = CompletableDeferred<Unit>()
            val job = launch {
                deaf.withPiped(grace = 50.milliseconds) { child ->
                    seen = child
                    child.becomesReady()
                    ready.complete(Unit)
                    awaitCancellation()
                }
            }
            ready.await()
            job.cancelAndJoin()
            assertEquals(137, seen.process.exitValue())
        }

    @Test
    @DisplayName("withPiped waits for what its block launched before it stops the child")
    fun launchesBelongToTheBlock() =
        runBlocking<Unit> {
            val lines = mutableListOf<String>()
            sh("while read line; do echo \"got \$line\"; done").withPiped { child ->
                launch { child.stdout.lines().collect { lines += it } }
                child.stdin.writeLines(listOf("a", "b", "c"))
                child.stdin.close()
            }
            assertEquals(listOf("got a", "got b", "got c"), lines)
        }

    @Test
    @DisplayName("withPiped of a child that never stops writing, and is not read")
    fun childThatNeverStopsWriting() =
        runBlocking<Unit> {
            lateinit var seen: PipedProcess
            ProcessBuilder("yes").withPiped(grace = 50.milliseconds) { seen = it }
            assertTrue(seen.process.exitValue() in listOf(137, 143), "${seen.process.exitValue()}")
        }

    @Test
    @DisplayName("withPiped of a grandchild that keeps the output open does not wait for it")
    fun grandchildKeepsTheOutput() =
        runBlocking<Unit> {
            val grandchild =
                sh("(exec sleep 1000) & echo \$!").withPiped(grace = never) { it.stdout.readLine()!!.toLong() }
            val handle = ProcessHandle.of(grandchild).orElseThrow()
            assertTrue(handle.isAlive)
            handle.destroyForcibly()
            Await.until("the grandchild is gone") { !handle.isAlive }
        }

    @Test
    @DisplayName("withPiped in which the user has ended everything himself")
    fun everythingEndedByHand() =
        runBlocking<Unit> {
            val exit =
                polite.withPiped(grace = never) { child ->
                    child.becomesReady()
                    child.stdin.close()
                    assertNull(child.stdout.readLine())
                    child.awaitExit().also { child.close() }
                }
            assertEquals(7, exit)
        }

    @Test
    @DisplayName("E06 withPiped of a missing program does not run its block")
    fun missingProgram() =
        runBlocking<Unit> {
            var entered = false
            val failure =
                assertThrowsSuspending<IOException> {
                    ProcessBuilder("no-such-program-here").withPiped { entered = true }
                }
            assertTrue("no-such-program-here" in failure.message!!, failure.message)
            assertFalse(entered)
        }

    @Test
    @DisplayName("withPiped that is cancelled before it begins starts nothing")
    fun cancelledBefore() =
        runBlocking<Unit> {
            val cause = CancellationException("before")
            var entered = false
            val job =
                launch(start = CoroutineStart.UNDISPATCHED) {
                    cancel(cause)
                    try {
                        polite.withPiped { entered = true }
                    } catch (e: CancellationException) {
                        assertSame(cause.message, e.message)
                        throw e
                    }
                }
            job.join()
            assertFalse(entered)
        }
}
