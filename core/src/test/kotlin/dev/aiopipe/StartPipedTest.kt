package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.charset.StandardCharsets
import java.nio.file.Path
import java.security.MessageDigest
import java.util.concurrent.CountDownLatch
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class StartPipedTest {
    @TempDir lateinit var directory: Path

    @Test
    @DisplayName("E02 E03 a child is talked to, and its stdout and stderr are apart")
    fun conversation() =
        runBlocking<Unit> {
            sh("while read line; do echo \"out \$line\"; echo \"err \$line\" >&2; done; exit 7").startPiped().use {
                child ->
                for (i in 1..100) {
                    child.stdin.writeLine("$i")
                    assertEquals("out $i", child.stdout.readLine())
                    assertEquals("err $i", child.stderr.readLine())
                }
                child.stdin.close()
                assertNull(child.stdout.readLine())
                assertNull(child.stderr.readLine())
                assertEquals(7, child.awaitExit())
                assertEquals(7, child.awaitExit())
            }
        }

    @Test
    @DisplayName("E04 10,000 lines through cat, written and read at once")
    fun linesThroughCat() =
        runBlocking<Unit> {
            ProcessBuilder("cat").startPiped().use { cat ->
                launch { cat.stdin.use { it.writeLines((1..10_000).map { i -> "line $i" }) } }
                assertEquals((1..10_000).map { "line $it" }, cat.stdout.lines().toList())
                assertEquals(0, cat.awaitExit())
            }
        }

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
    @DisplayName("E13 a child that has exited is read to its end")
    fun childThatHasExited() =
        runBlocking<Unit> {
            sh("echo gone; exit 3").startPiped().use { child ->
                assertEquals(3, child.awaitExit())
                assertEquals("gone", child.stdout.readLine())
                repeat(3) { assertNull(child.stdout.readLine()) }
                repeat(3) { assertNull(child.stderr.readLine()) }
                val broken = assertThrowsSuspending<BrokenPipeException> { child.stdin.writeLine("anybody there?") }
                assertEquals("nobody reads stdin of sh: sh has exited with code 3", broken.message)
            }
        }

    @Test
    @DisplayName("E15 a child that is killed while a write waits on the full pipe breaks the pipe")
    fun childIsKilledWhileWriterWaits() =
        runBlocking<Unit> {
            sh("exec sleep 1000").startPiped().use { child ->
                val writing =
                    async(start = CoroutineStart.UNDISPATCHED) {
                        assertThrowsSuspending<BrokenPipeException> { child.stdin.write(ByteArray(1 shl 20)) }
                    }
                assertTrue(writing.isActive, "the pipe is full, and the write waits")
                child.process.destroyForcibly()
                writing.await()
                assertEquals(137, child.awaitExit())
                assertThrowsSuspending<BrokenPipeException> { child.stdin.write("more") }
            }
        }

    @Test
    @DisplayName("E15 a child that is killed while it is read from: what it wrote, then the end")
    fun childIsKilledWhileReaderWaits() =
        runBlocking<Unit> {
            sh("printf 'half a line'; exec sleep 1000").startPiped().use { child ->
                assertTrue(child.stdout.request(11))
                val reading = async(start = CoroutineStart.UNDISPATCHED) { child.stdout.readLine() }
                assertTrue(reading.isActive)
                child.process.destroyForcibly()
                assertEquals("half a line", reading.await())
                assertNull(child.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E15 a child that is stopped and continued loses nothing")
    fun childIsStoppedAndContinued() =
        runBlocking<Unit> {
            val sent = ChildMain.pattern(1 shl 20)
            ProcessBuilder("cat").startPiped().use { cat ->
                cat.stdin.writeLine("awake")
                assertEquals("awake", cat.stdout.readLine())
                signal("STOP", cat.process)
                Await.until("the child is stopped") { stateOf(cat.process) == 'T' }
                val writing = async(start = CoroutineStart.UNDISPATCHED) { cat.stdin.use { it.write(sent) } }
                val reading = async(start = CoroutineStart.UNDISPATCHED) { cat.stdout.readAll() }
                assertTrue(writing.isActive && reading.isActive)
                signal("CONT", cat.process)
                writing.await()
                assertArrayEquals(sent, reading.await())
            }
        }

    private fun signal(name: String, process: Process) =
        assertEquals(0, ProcessBuilder("kill", "-$name", "${process.pid()}").start().waitFor())

    private fun stateOf(process: Process) =
        Path.of("/proc/${process.pid()}/stat").readText().substringAfterLast(") ").first()

    @Test
    @DisplayName("E17 the exit does not wait for a grandchild that keeps stdout; its late output can be read")
    fun grandchildKeepsStdout() =
        runBlocking<Unit> {
            sh("exec 3<&0; (read word; echo late \$word) <&3 & echo early; exit 3").startPiped().use { child ->
                assertEquals("early", child.stdout.readLine())
                assertEquals(3, child.awaitExit())
                child.stdin.writeLine("word")
                assertEquals("late word", child.stdout.readLine())
                assertNull(child.stdout.readLine())
            }
        }

    @Test
    @DisplayName("W12 all of 1 MiB arrives from a child that exits at once")
    fun outputOfAChildThatExitsAtOnce() =
        runBlocking<Unit> {
            val expected = ChildMain.pattern(1 shl 20)
            jvm(ChildMain::class.java, "pattern", "${expected.size}").startPiped().use { child ->
                val complaints = async { child.stderr.readText() }
                assertEquals(digest(expected), digest(child.stdout.readAll()))
                assertEquals("", complaints.await())
                assertEquals(0, child.awaitExit())
            }
        }

    private fun digest(bytes: ByteArray) = MessageDigest.getInstance("SHA-256").digest(bytes).toList()

    @Test
    @DisplayName("what the builder redirects stays so: its readers are at their end, its writer refuses")
    fun redirectsStay() =
        runBlocking<Unit> {
            val input = directory.resolve("in").apply { writeText("from a file\n") }.toFile()
            val output = directory.resolve("out").toFile()
            val errors = directory.resolve("err").toFile()
            val builder = sh("cat; echo oh >&2").redirectInput(input).redirectOutput(output).redirectError(errors)
            val redirects = listOf(builder.redirectInput(), builder.redirectOutput(), builder.redirectError())
            builder.startPiped().use { child ->
                assertNull(child.stdout.readLine())
                assertNull(child.stderr.readLine())
                val refusal = assertThrowsSuspending<IllegalStateException> { child.stdin.writeLine("x") }
                assertTrue("stdin is redirected: " in refusal.message!!, refusal.message)
                assertTrue("$input" in refusal.message!!, refusal.message)
                assertEquals(0, child.awaitExit())
                child.stdin.close()
                child.stdin.awaitClosed()
            }
            assertEquals("from a file\n", output.readText())
            assertEquals("oh\n", errors.readText())
            assertEquals(redirects, listOf(builder.redirectInput(), builder.redirectOutput(), builder.redirectError()))
        }

    @Test
    @DisplayName("a redirect that appends, and DISCARD")
    fun redirectsThatAppendAndDiscard() =
        runBlocking<Unit> {
            val output = directory.resolve("log").apply { writeText("before\n") }.toFile()
            val builder = sh("echo \$0; echo oh >&2", "x").redirectOutput(Redirect.appendTo(output))
            builder.redirectError(Redirect.DISCARD)
            repeat(2) { builder.startPiped().use { assertEquals(0, it.awaitExit()) } }
            assertEquals("before\nsh\nsh\n", output.readText())
        }

    @Test
    @DisplayName("redirectErrorStream: stderr comes with stdout, in the order of the writes")
    fun redirectErrorStream() =
        runBlocking<Unit> {
            val builder = sh("echo 1; echo 2 >&2; echo 3; echo 4 >&2").redirectErrorStream(true)
            repeat(2) {
                builder.startPiped().use { child ->
                    assertEquals("1\n2\n3\n4\n", child.stdout.readText())
                    assertEquals("", child.stderr.readText())
                }
            }
            assertTrue(builder.redirectErrorStream())
            assertSame(Redirect.PIPE, builder.redirectError())
        }

    @Test
    @DisplayName("redirectErrorStream with stdout in a file")
    fun redirectErrorStreamIntoAFile() =
        runBlocking<Unit> {
            val output = directory.resolve("both").toFile()
            sh("echo 1; echo 2 >&2").redirectErrorStream(true).redirectOutput(output).startPiped().use { child ->
                assertNull(child.stdout.readLine())
                assertNull(child.stderr.readLine())
                assertEquals(0, child.awaitExit())
            }
            assertEquals("1\n2\n", output.readText())
        }

    @Test
    @DisplayName("a builder can be used again, by the JDK too, and by several starts at the same time")
    fun builderCanBeUsedAgain() =
        runBlocking<Unit> {
            val builder = sh("read line; echo \$line; echo oh >&2")
            val children = List(20) { async(Dispatchers.IO) { builder.startPiped() } }.awaitAll()
            children.forEachIndexed { i, child ->
                child.use {
                    it.stdin.writeLine("$i")
                    assertEquals("$i", it.stdout.readLine())
                    assertEquals("oh", it.stderr.readLine())
                }
            }
            val process = builder.start()
            process.outputStream.use { it.write("plain\n".toByteArray()) }
            assertEquals("plain\n", process.inputStream.use { String(it.readAllBytes()) })
            process.errorStream.close()
            assertEquals(0, process.waitFor())
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

    @Test
    @DisplayName("E22 a loop that is closed fails the streams of its children; they can still be ended")
    fun loopIsClosed() =
        runBlocking<Unit> {
            val loop = PipeLoop.create("short-lived")
            sh("exec sleep 1000").startPiped(options = PipeOptions.defaults().withLoop(loop)).use { child ->
                val reading =
                    async(start = CoroutineStart.UNDISPATCHED) {
                        assertThrowsSuspending<IOException> { child.stdout.readLine() }
                    }
                val writing =
                    async(start = CoroutineStart.UNDISPATCHED) {
                        assertThrowsSuspending<IOException> { child.stdin.write(ByteArray(1 shl 20)) }
                    }
                loop.close()
                for (failure in listOf(reading.await(), writing.await())) {
                    // kotlinx.coroutines may have put a copy on top, for its stack trace
                    val causes = generateSequence<Throwable>(failure) { it.cause }.map { it.message }.toList()
                    assertTrue("pipe loop short-lived is closed" in causes, "$causes")
                }
                child.process.destroy()
                assertEquals(143, child.stop())
            }
        }

    @Test
    @DisplayName("close kills the child and releases its pipes, also while they are read; twice is once")
    fun closeKills() =
        runBlocking<Unit> {
            val child = sh("trap '' TERM; echo ready; exec sleep 1000").startPiped()
            assertEquals("ready", child.stdout.readLine())
            val reading =
                async(start = CoroutineStart.UNDISPATCHED) {
                    assertThrowsSuspending<IOException> { child.stdout.readLine() }
                }
            child.close()
            child.close()
            reading.await()
            assertEquals(137, child.awaitExit())
        }

    @Test
    @DisplayName("awaitExit: any number of waiters; a cancelled one leaves the child and the others alone")
    fun awaitExit() =
        runBlocking<Unit> {
            sh("read line; exit 42").startPiped().use { child ->
                val waiters = List(10) { async(start = CoroutineStart.UNDISPATCHED) { child.awaitExit() } }
                waiters.first().cancel()
                child.stdin.writeLine("go")
                assertEquals(List(9) { 42 }, waiters.drop(1).awaitAll())
                assertTrue(waiters.first().isCancelled)
            }
        }

    @Test
    @DisplayName("awaitExit: waits that were given up leave nothing behind in the child that goes on")
    fun abandonedWaitsAreForgotten() =
        runBlocking<Unit> {
            ProcessBuilder("cat").startPiped().use { cat ->
                val before = usedMemory()
                repeat(100_000) {
                    val waiting = launch(start = CoroutineStart.UNDISPATCHED) { cat.awaitExit() }
                    waiting.cancel()
                    if (it % 100 == 0) yield() // those that were cancelled end
                }
                yield()
                val grown = usedMemory() - before // 80 MB, if each of them stayed
                assertTrue(grown < 20_000_000, "$grown bytes")
                assertEquals(0, cat.stop())
            }
        }

    private fun usedMemory(): Long {
        repeat(2) { System.gc() }
        return Runtime.getRuntime().let { it.totalMemory() - it.freeMemory() }
    }

    @Test
    @DisplayName("a child's text in another charset, both ways")
    fun charsetOfAChild() =
        runBlocking<Unit> {
            val latin = PipeOptions.defaults().withCharset(StandardCharsets.ISO_8859_1)
            sh("printf '\\344\\366\\374\\r\\n'; exec cat").startPiped(options = latin).use { child ->
                assertEquals("äöü", child.stdout.readLine())
                child.stdin.writeLine("ÄÖÜ")
                assertArrayEquals(
                    byteArrayOf(0xC4.toByte(), 0xD6.toByte(), 0xDC.toByte(), 0x0A),
                    child.stdout.readExactly(4),
                )
            }
        }

    @Test
    @DisplayName("R26 malformed UTF-8 of a child becomes U+FFFD, and no line is lost")
    fun malformedTextOfAChild() =
        runBlocking<Unit> {
            sh("printf 'a\\377b\\n\\303\\nfine\\n\\342\\202'").startPiped().use { child ->
                assertEquals(listOf("a\uFFFDb", "\uFFFD", "fine", "\uFFFD"), child.stdout.lines().toList())
            }
        }

    @Test
    @DisplayName("environment and directory of the builder are the child's")
    fun environmentAndDirectory() =
        runBlocking<Unit> {
            val builder = sh("echo \"\$GREETING\"; pwd -P").directory(directory.toFile())
            builder.environment()["GREETING"] = "hello there"
            builder.startPiped().use { child ->
                assertEquals("hello there", child.stdout.readLine())
                assertEquals(directory.toRealPath().toString(), child.stdout.readLine())
            }
        }
}
