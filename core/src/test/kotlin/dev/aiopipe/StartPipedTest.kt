package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import java.io.IOException
import java.nio.charset.StandardCharsets
import java.nio.file.Path
import java.security.MessageDigest
import kotlin.io.path.readText
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
class StartPipedTest {
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
}
