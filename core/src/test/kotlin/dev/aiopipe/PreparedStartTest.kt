package dev.aiopipe

import dev.aiopipe.engine.SharedSecrets
import dev.aiopipe.engine.process.ChildSettings
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** What holds between the call of a start, or of another function that blocks a thread, and its beginning. */
@ExtendWith(NothingLeft::class)
@Timeout(60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PreparedStartTest {
    /** Runs nothing until it is told to. */
    private class Later : Executor {
        val tasks = mutableListOf<Runnable>()

        override fun execute(command: Runnable) {
            tasks += command
        }
    }

    /** Runs the block while every thread of `Dispatchers.IO` is blocked. */
    private fun whileIoIsBlocked(block: suspend () -> Unit) {
        val open = CountDownLatch(1)
        val count = maxOf(64, Runtime.getRuntime().availableProcessors())
        val blocked = CountDownLatch(count)
        runBlocking {
            repeat(count) {
                launch(Dispatchers.IO) {
                    blocked.countDown()
                    open.await()
                }
            }
            blocked.await()
            try {
                block()
            } finally {
                open.countDown()
            }
        }
    }

    @Test
    @DisplayName("a start does not need a thread of Dispatchers.IO")
    fun startWhileIoIsBlocked() = whileIoIsBlocked {
        ProcessBuilder("echo", "hello").startPiped().use { assertEquals("hello", it.stdout.readLine()) }
    }

    @Test
    @DisplayName("what has not begun never runs when it is cancelled; what has begun is waited for, with its outcome")
    fun blockingCall() =
        runBlocking<Unit> {
            val executor = Later()
            var runs = 0
            launch(start = CoroutineStart.UNDISPATCHED) { blocking(executor) { runs++ } }.cancelAndJoin()
            executor.tasks.single().run()
            assertEquals(0, runs)

            lateinit var call: Job
            var outcome = -1
            call =
                launch(start = CoroutineStart.UNDISPATCHED) {
                    outcome =
                        blocking(executor) {
                            call.cancel()
                            ++runs
                        }
                }
            executor.tasks.last().run()
            call.join()
            assertEquals(1, outcome)

            val failed =
                async(start = CoroutineStart.UNDISPATCHED) {
                    runCatching { blocking(executor) { throw IOException("its own") } }
                }
            executor.tasks.last().run()
            assertEquals("its own", failed.await().exceptionOrNull()?.message)
        }

    @Test
    @DisplayName("builder and map are copied: changes after the call do not count, and the builder is never changed")
    fun argumentsAreCopied(@TempDir directory: Path) {
        val pipe = AioPipe.create()
        val builder = sh("echo \$GREETING; pwd; echo three >&3").directory(directory.toFile())
        builder.environment()["GREETING"] = "hello"
        val passing = mutableMapOf<Int, PipeEnd>(3 to pipe.tx())
        val start = SharedSecrets.get().start(builder, passing, PipeOptions.defaults(), ChildSettings.DEFAULTS)

        builder.command("false").directory(null).redirectOutput(Redirect.DISCARD).environment().clear()
        passing.clear()

        val child = PipedProcess(start.call(), PipeOptions.defaults())
        runBlocking {
            child.use {
                pipe.rx().open().use { three -> assertEquals("three", three.readLine()) }
                assertEquals("hello", it.stdout.readLine())
                assertEquals(directory.toRealPath().toString(), it.stdout.readLine())
            }
        }
        assertEquals(listOf("false"), builder.command())
        assertEquals(Redirect.DISCARD, builder.redirectOutput())
        assertTrue(builder.environment().isEmpty())
    }

    @Test
    @DisplayName("a closed loop is noticed before the program runs")
    fun closedLoop(@TempDir directory: Path) =
        runBlocking<Unit> {
            val loop = PipeLoop.create("closed")
            loop.close()
            val file = directory.resolve("touched")
            val options = PipeOptions.defaults().withLoop(loop)
            repeat(20) {
                assertThrowsSuspending<IOException> { ProcessBuilder("touch", "$file").startPiped(options = options) }
            }
            ProcessBuilder("true").startPiped().use { it.awaitExit() } // so long others would have run
            assertFalse(Files.exists(file))
        }

    @Test
    @DisplayName("an empty command is an IllegalArgumentException, and uses the passed ends up")
    fun emptyCommand() =
        runBlocking<Unit> {
            val pipe = AioPipe.create()
            val failure =
                assertThrowsSuspending<IllegalArgumentException> {
                    ProcessBuilder(listOf<String>()).startPiped(mapOf(3 to pipe.tx()))
                }
            assertEquals("the command is empty", failure.message)
            pipe.rx().open().use { assertNull(it.readLine()) }
        }

    @Test
    @DisplayName("a start with the redirect of a closed ChildEnd fails and names it")
    fun closedChildEnd() {
        val pipe = AioPipe.create()
        pipe.rx().close()
        val end = pipe.tx().forChild()
        val builder = ProcessBuilder("true").redirectOutput(end.redirect())
        end.close()
        val failure = assertThrows(IOException::class.java) { builder.start() }
        assertTrue("ChildEnd of this redirect is closed" in failure.message!!, failure.message)
    }

    @Test
    @DisplayName("toString of a child names its waiting calls")
    fun childSaysWhatWaits() =
        runBlocking<Unit> {
            sh("read x; exit 3").startPiped().use { child ->
                val reading = launch(start = CoroutineStart.UNDISPATCHED) { child.stdout.readLine() }
                val name = "sh, pid ${child.process.pid()}"
                assertEquals(
                    "PipedProcess[$name, running; stdin open; stdout: a read waits; stderr: never read]",
                    "$child",
                )
                child.stdin.close()
                reading.join()
                child.stderr.close()
                child.awaitExit()
                assertEquals(
                    "PipedProcess[$name, exit code 3; stdin closed; stdout: at its end; stderr: closed]",
                    "$child",
                )
            }
            ProcessBuilder("true").redirectInput(Redirect.INHERIT).redirectOutput(Redirect.DISCARD).startPiped().use {
                assertTrue("stdin redirected; stdout: redirected; " in "$it", "$it")
            }
        }
}
