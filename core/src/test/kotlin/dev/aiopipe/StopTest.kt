package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.nio.channels.ClosedChannelException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** The steps of stop, and what becomes of a child's streams meanwhile. */
@ExtendWith(NothingLeft::class)
class StopTest {
    @Test
    @DisplayName("E18 stop from within a collector drains what that one does not read any more")
    fun stopFromWithinCollector() =
        runBlocking<Unit> {
            sh("echo ready; cat; head -c 1000000 /dev/zero; exit 7").startPiped().use { child ->
                var code = -1
                val failure = runCatching { child.stdout.lines().collect { code = child.stop(1.hours) } }
                assertEquals(7, code)
                assertTrue(failure.exceptionOrNull() is IOException) { "$failure" }
            }
        }

    @Test
    @DisplayName("E18 stop leaves an output to its collector, which may be busy with what it has")
    fun stopLeavesOutputToBusyCollector() =
        runBlocking<Unit> {
            sh("echo 1; echo 2; cat; echo 3").startPiped().use { child ->
                val busy = CompletableDeferred<Unit>()
                val goOn = CompletableDeferred<Unit>()
                val lines = mutableListOf<String>()
                val collector = launch {
                    child.stdout.lines().collect {
                        lines += it
                        busy.complete(Unit)
                        goOn.await()
                    }
                }
                busy.await()
                assertEquals(0, child.stop())
                goOn.complete(Unit)
                collector.join()
                assertEquals(listOf("1", "2", "3"), lines)
            }
        }

    @Test
    @DisplayName("E18 a child that exits on the end of its stdin gets no signal")
    fun stopByTheEndOfStdin() =
        runBlocking<Unit> {
            polite.startPiped().use { assertEquals(7, it.becomesReady().stop(never)) }
        }

    @Test
    @DisplayName("E18 a child that does not heed the end of its stdin gets SIGTERM after the grace")
    fun stopBySigterm() =
        runBlocking<Unit> {
            sh("trap 'exit 8' TERM; echo ready; while :; do sleep 0.01; done").startPiped().use {
                assertEquals(8, it.becomesReady().stop(2.seconds)) // long enough for the trap on a busy machine
            }
        }

    @Test
    @DisplayName("E18 a child that ignores SIGTERM is killed after a second grace")
    fun stopByKill() =
        runBlocking<Unit> {
            deaf.startPiped().use { assertEquals(137, it.becomesReady().stop(50.milliseconds)) }
        }

    @Test
    @DisplayName("E18 without a grace each step follows at once")
    fun stopWithoutGrace() =
        runBlocking<Unit> {
            deaf.startPiped().use { assertEquals(137, it.becomesReady().stop(Duration.ZERO)) }
        }

    @Test
    @DisplayName("E18 a child that waits on a full stdout and stderr is drained, so that it comes to its own end")
    fun stopDrains() =
        runBlocking<Unit> {
            val output = "head -c 1000000 /dev/zero"
            sh("echo ready; read line; $output; $output >&2; exit 7").startPiped().use {
                assertEquals(7, it.becomesReady().stop(never))
            }
        }

    @Test
    @DisplayName("E18 stop leaves an output to the coroutine that reads it")
    fun stopLeavesOutputToItsReader() =
        runBlocking<Unit> {
            sh("echo ready; read line; echo last; exit 7").startPiped().use { child ->
                child.becomesReady()
                val reading = async(start = CoroutineStart.UNDISPATCHED) { child.stdout.lines().toList() }
                assertEquals(7, child.stop(never))
                assertEquals(listOf("last"), reading.await())
            }
        }

    @Test
    @DisplayName("E18 stop leaves an output to who comes back to it before anything of it was drained")
    fun stopLeavesOutputToWhoComesBack() =
        runBlocking<Unit> {
            sh("trap 'echo last; exit 8' TERM; echo ready; while :; do sleep 0.01; done").startPiped().use { child ->
                child.becomesReady()
                val stopping = async(start = CoroutineStart.UNDISPATCHED) { child.stop(2.seconds) }
                child.stdin.awaitClosed() // as stop does behind the look at who reads
                val reading = async { child.stdout.lines().toList() }
                assertEquals(8, stopping.await())
                assertEquals(listOf("last"), reading.await())
            }
        }

    @Test
    @DisplayName("E18 who comes back to an output when something of it was drained finds it closed")
    fun noHoleInWhatIsRead() =
        runBlocking<Unit> {
            sh("echo ready; read line; head -c 1000000 /dev/zero; exit 7").startPiped().use { child ->
                child.becomesReady()
                assertEquals(7, child.stop(never))
                assertThrowsSuspending<ClosedChannelException> { child.stdout.readLine() }
                assertThrowsSuspending<ClosedChannelException> { child.stderr.readLine() } // nobody was reading that
            }
        }

    @Test
    @DisplayName("E18 a loop around readLine that is busy when stop comes reads all, or finds out that it does not")
    fun busyLoop() =
        runBlocking<Unit> {
            repeat(20) {
                ProcessBuilder("seq", "100000000").startPiped().use { child ->
                    val begun = CompletableDeferred<Unit>()
                    val reading = launch(Dispatchers.Default) { readNumbers(child.stdout) { begun.complete(Unit) } }
                    begun.await()
                    child.stop(5.milliseconds)
                    child.close()
                    reading.join()
                }
            }
        }

    /** Up to the end, where the last one may be torn, as its writer was killed; or until the reader is closed. */
    private suspend fun readNumbers(reader: PipeReader, atThousand: () -> Unit) {
        var last = 0
        try {
            while (true) {
                val line = reader.readLine() ?: return
                val expected = "${++last}"
                if (line != expected) {
                    assertTrue(expected.startsWith(line)) { "$line for $expected" }
                    assertEquals(null, reader.readLine())
                    return
                }
                if (last == 1_000) atThousand()
            }
        } catch (e: ClosedChannelException) {
            assertTrue(last >= 1_000) { "$e behind $last" }
        }
    }

    @Test
    @DisplayName("E18 what a write owes goes out before the end of stdin")
    fun stopSendsWhatIsOwed() =
        runBlocking<Unit> {
            sh("echo ready; read line; wc -c >&2; read line; exit 7").startPiped().use { child ->
                child.becomesReady()
                val writing = launch(start = CoroutineStart.UNDISPATCHED) { child.stdin.write(ByteArray(1 shl 20)) }
                writing.cancelAndJoin()
                assertTrue(child.stdin.owed > 0)
                child.stdin.writeLine("") // the first line ends behind what is owed
                val counting = async(start = CoroutineStart.UNDISPATCHED) { child.stderr.readText() }
                assertEquals(7, child.stop(never))
                assertEquals("0", counting.await().trim())
            }
        }

    @Test
    @DisplayName("E18 a stopped child, one that has exited, one whose pipes are closed: stop gives the exit code")
    fun stopAgain() =
        runBlocking<Unit> {
            sh("exit 9").startPiped().use { child ->
                assertEquals(9, child.awaitExit())
                assertEquals(9, child.stop(never))
                assertEquals(9, child.stop(never))
            }
            polite.startPiped().use { child ->
                child.becomesReady().stdout.close()
                child.stdin.close()
                child.stderr.close()
                assertEquals(7, child.stop(never))
            }
            deaf.startPiped().use { child ->
                child.becomesReady().close()
                assertEquals(137, child.stop(never))
            }
        }

    @Test
    @DisplayName("E18 a cancelled stop leaves the child to close()")
    fun cancelledStop() =
        runBlocking<Unit> {
            deaf.startPiped().use { child ->
                child.becomesReady()
                launch(start = CoroutineStart.UNDISPATCHED) { child.stop(never) }.cancelAndJoin()
                assertTrue(child.process.isAlive)
            }
        }

    @Test
    @DisplayName("E18 a negative grace is refused, before anything is started or stopped")
    fun negativeGrace() =
        runBlocking<Unit> {
            polite.startPiped().use { child ->
                val refusal = assertThrowsSuspending<IllegalArgumentException> { child.stop((-1).seconds) }
                assertTrue(refusal.message!!.startsWith("grace < 0: "), refusal.message)
                assertEquals(7, child.becomesReady().stop(never))
            }
            var entered = false
            assertThrowsSuspending<IllegalArgumentException> {
                polite.withPiped(grace = (-1).seconds) { entered = true }
            }
            assertFalse(entered)
        }

    @Test
    @DisplayName("E18 descendants are ended, too, when that is asked for")
    fun stopWithDescendants() =
        runBlocking<Unit> {
            sh("(trap '' TERM; exec sleep 1000) & echo \$!; read line").startPiped().use { child ->
                val grandchild = ProcessHandle.of(child.stdout.readLine()!!.toLong()).orElseThrow()
                assertEquals(1, child.stop(never, descendants = true))
                Await.until("the grandchild is gone") { !grandchild.isAlive }
            }
        }

    @Test
    @DisplayName("graces are wall-clock time, also under runTest")
    fun graceUnderVirtualTime() = runTest {
        val exit =
            polite.withPiped(grace = never) { child ->
                child.becomesReady()
                child.stop(never)
            }
        assertEquals(7, exit)
    }
}
