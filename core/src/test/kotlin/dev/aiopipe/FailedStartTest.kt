package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** A start that fails or is cancelled leaves no child and no descriptor. */
@ExtendWith(NothingLeft::class)
class FailedStartTest {
    @TempDir lateinit var directory: Path

    @Test
    @DisplayName("E06 a missing program is an IOException that names it, and leaves nothing; six times")
    fun missingProgram() =
        runBlocking<Unit> {
            val builder = ProcessBuilder("no-such-program-here", "argument")
            repeat(6) {
                val failure = assertThrowsSuspending<IOException> { builder.startPiped() }
                assertTrue("no-such-program-here" in failure.message!!, failure.message)
                assertSame(Redirect.PIPE, builder.redirectOutput())
            }
            builder.command("sh", "-c", "echo now")
            builder.startPiped().use { assertEquals("now", it.stdout.readLine()) }
        }

    @Test
    @DisplayName("E06 a missing directory, and a redirect to where nothing can be, leave nothing either")
    fun missingDirectory() =
        runBlocking<Unit> {
            val elsewhere = sh(":").directory(File("/no/such/directory"))
            val failure = assertThrowsSuspending<IOException> { elsewhere.startPiped() }
            assertTrue("/no/such/directory" in failure.message!!, failure.message)
            val unwritable = sh(":").redirectError(File("/no/such/directory/file"))
            assertThrowsSuspending<IOException> { unwritable.startPiped() }
            assertThrowsSuspending<IllegalArgumentException> { ProcessBuilder().startPiped() }
        }

    @Test
    @DisplayName("a start that is cancelled before it begins starts nothing")
    fun cancelledBeforeTheStart() =
        runBlocking<Unit> {
            val trace = directory.resolve("started").toFile()
            val job =
                launch(start = CoroutineStart.UNDISPATCHED) {
                    cancel()
                    sh("exec touch \$1", "$trace").startPiped()
                }
            job.join()
            assertTrue(job.isCancelled)
            assertFalse(trace.exists())
        }

    @Test
    @DisplayName("a start that is cancelled while it is under way leaves no child when it returns")
    fun cancelledDuringTheStart() =
        runBlocking<Unit> {
            val entered = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val slow =
                object : File("/dev/null") {
                    override fun getPath(): String {
                        entered.countDown()
                        goOn.await()
                        return super.getPath()
                    }
                }
            val starting =
                async(Dispatchers.Default) {
                    sh("trap '' TERM; exec sleep 1000").redirectError(Redirect.to(slow)).startPiped()
                }
            entered.await()
            starting.cancel()
            goOn.countDown()
            assertThrowsSuspending<CancellationException> { starting.await() }
            assertEquals(0, ProcessHandle.current().children().filter { it.isAlive }.count())
        }

    @Test
    @DisplayName("a start on a loop that is closed leaves no child")
    fun startOnAClosedLoop() =
        runBlocking<Unit> {
            val loop = PipeLoop.create("closed").apply { close() }
            assertThrowsSuspending<IOException> {
                sh("exec sleep 1000").startPiped(options = PipeOptions.defaults().withLoop(loop))
            }
            Await.until("no child is left") { ProcessHandle.current().children().noneMatch { it.isAlive } }
        }
}
