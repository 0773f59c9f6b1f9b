package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs
import dev.aiopipe.testkit.Programs.requireProgram
import java.io.File
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ServerSocketChannel
import java.nio.file.Path
import java.util.zip.CRC32
import kotlin.io.path.createFile
import kotlin.io.path.readText
import kotlin.io.path.writeBytes
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

/** A JVM of its own for each kind of stdin; the last argument says whether the fallback is forced. */
@ExtendWith(NothingLeft::class)
class StdinKindsTest {
    @TempDir lateinit var directory: Path

    private val lines = List(2_000) { "line $it ${"\u20ac".repeat(it % 97)}" }
    private val bytes = lines.joinToString("") { "$it\n" }.toByteArray()
    private val counted = "2000 lines, ${CRC32().apply { update(bytes) }.value}"

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is a pipe")
    fun pipe(fallback: Boolean) =
        runBlocking<Unit> {
            adopting("count", fallback = fallback).withPiped { program ->
                program.stdin.use { it.write(bytes) }
                assertEquals("$counted, ${mode(fallback)}", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E08 stdin is a pipe, and JNA finds no library of its own: threads, and a warning")
    fun libraryThatCannotBeLoaded() =
        runBlocking<Unit> {
            val builder = adopting("count")
            builder
                .command()
                .addAll(1, listOf("boot.library.path=/none", "nosys=true", "noclasspath=true").map { "-Djna.$it" })
            builder.withPiped { program ->
                program.stdin.use { it.write(bytes) }
                assertEquals("$counted, ${ReadMode.THREAD}", program.stdout.readLine())
                assertTrue("no access to the C library" in program.stderr.readText())
            }
        }

    @Test
    @DisplayName("E08 stdin is a pipe, and there is no JNA: threads")
    fun noJna() =
        runBlocking<Unit> {
            val separator = File.pathSeparator
            val all = Programs.classPath()
            val classPath = all.split(separator).filter { "jna" !in it.substringAfterLast('/') }.joinToString(separator)
            adopting("count", classPath = classPath).withPiped { program ->
                program.stdin.use { it.write(bytes) }
                assertEquals("$counted, ${ReadMode.THREAD}", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E08 stdin is a pipe, and System.in is closed when it is open here: it goes on")
    fun systemInIsClosed() =
        runBlocking<Unit> {
            adopting("close System.in").withPiped { program ->
                assertEquals("closed", program.stdout.readLine())
                program.stdin.writeLine("one")
                program.stdin.writeLine("two")
                program.stdin.close()
                assertEquals("one, two, null, ${ReadMode.THREAD}", program.stdout.readLine())
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is a pipe of 8 KiB")
    fun smallPipe(fallback: Boolean) =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val writer = tx.open(PipeOptions.defaults().withCapacity(8192))
            val builder = adopting("count", fallback = fallback)
            rx.forChild().use { end ->
                val small = ProcessBuilder(builder.command()).redirectInput(end.redirect()).startPiped()
                end.close()
                small.use { program ->
                    writer.use { it.write(bytes) }
                    assertEquals("$counted, ${mode(fallback)}", program.stdout.readLine())
                }
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is a FIFO")
    fun fifo(fallback: Boolean) =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            adopting("count", fallback = fallback).under("exec \"$@\" <'$fifo'").withPiped { program ->
                WriteEnd.fifo(fifo).open().use { it.write(bytes) }
                assertEquals("$counted, ${mode(fallback)}", program.stdout.readLine())
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is a terminal")
    fun terminal(fallback: Boolean) =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(false)
            val name = Posix.terminalName(master)
            try {
                adopting("count", fallback = fallback).under("exec \"$@\" <$name").withPiped { program ->
                    launch(Dispatchers.IO) {
                        Posix.write(master, bytes)
                        Posix.write(master, byteArrayOf(4)) // ^D
                    }
                    assertEquals("$counted, ${mode(fallback)}", program.stdout.readLine())
                }
            } finally {
                Posix.close(terminal)
                Posix.close(master)
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is a terminal that hangs up: that is the end")
    fun terminalHangsUp(fallback: Boolean) =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(false)
            val name = Posix.terminalName(master)
            adopting("give up once", fallback = fallback).under("exec \"$@\" <$name").withPiped { program ->
                assertEquals("gave up: true, ${mode(fallback)}", program.stdout.readLine())
                Posix.close(terminal)
                Posix.write(master, "one\n".toByteArray())
                assertEquals("then one", program.stdout.readLine())
                Posix.close(master)
                assertEquals("then null", program.stdout.readLine())
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is a socket")
    fun socket(fallback: Boolean) =
        runBlocking<Unit> {
            val bash = requireProgram("bash") // a shell that can make one
            ServerSocketChannel.open().use { server ->
                server.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                val port = (server.localAddress as InetSocketAddress).port
                adopting("count", fallback = fallback).under("exec \"$@\" </dev/tcp/127.0.0.1/$port", bash).withPiped {
                    program ->
                    launch(Dispatchers.IO) {
                        server.accept().use { peer ->
                            val source = ByteBuffer.wrap(bytes)
                            while (source.hasRemaining()) peer.write(source)
                        }
                    }
                    assertEquals("$counted, ${mode(fallback)}", program.stdout.readLine())
                }
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is a regular file, read from where it stands")
    fun file(fallback: Boolean) =
        runBlocking<Unit> {
            val file = directory.resolve("lines").also { it.writeBytes("first\n".toByteArray() + bytes) }
            adopting("count", fallback = fallback).under("exec <'$file'; read first; exec \"$@\"").withPiped { program
                ->
                assertEquals("$counted, DIRECT", program.stdout.readLine())
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is an empty file")
    fun emptyFile(fallback: Boolean) = countsNothing(fallback, "DIRECT", directory.resolve("empty").createFile())

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is /dev/null")
    fun nothing(fallback: Boolean) = countsNothing(fallback, "DIRECT", Path.of("/dev/null"))

    private fun countsNothing(fallback: Boolean, mode: String, stdin: Path) =
        runBlocking<Unit> {
            adopting("count", fallback = fallback).redirectInput(stdin.toFile()).withPiped { program ->
                assertEquals("0 lines, 0, $mode", program.stdout.readLine())
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E08 stdin is closed")
    fun closed(fallback: Boolean) =
        runBlocking<Unit> {
            adopting("count", fallback = fallback).under("exec \"$@\" <&-").withPiped { program ->
                assertEquals("0 lines, 0, SELECTOR", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E13 the writer of stdin has gone before the program starts: pipe and FIFO")
    fun writerHasGone() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            tx.open().use { it.write("one\ntwo") }
            rx.forChild().use { end ->
                adopting("count").redirectInput(end.redirect()).withPiped { program ->
                    end.close()
                    assertEquals("2 lines", program.stdout.readLine()?.substringBefore(','))
                }
            }
            val fifo = directory.fifo()
            val script = "exec 3<>'$fifo'; printf 'one\\ntwo' >'$fifo'; exec <'$fifo' 3>&-; exec \"$@\""
            adopting("count").under(script).withPiped { program ->
                assertEquals("2 lines", program.stdout.readLine()?.substringBefore(','))
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E14 a JVM whose main has returned exits, though a coroutine waits for stdin")
    fun exitsWhileStdinIsSilent(fallback: Boolean) =
        runBlocking<Unit> {
            adopting("wait", fallback = fallback).withPiped { program ->
                assertEquals("waits: true, ${mode(fallback)}", program.stdout.readLine())
                assertEquals(0, program.awaitExit())
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E14 the same with a FIFO that has a writer, and with a terminal")
    fun exitsWhileFifoOrTerminalIsSilent(fallback: Boolean) =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            adopting("wait", fallback = fallback).under("exec \"$@\" <'$fifo'").withPiped { program ->
                val writer = WriteEnd.fifo(fifo).open()
                assertEquals("waits: true, ${mode(fallback)}", program.stdout.readLine())
                assertEquals(0, program.awaitExit())
                writer.close()
            }
            val (master, terminal) = Posix.terminal(false)
            try {
                val name = Posix.terminalName(master)
                adopting("wait", fallback = fallback).under("exec \"$@\" <$name").withPiped { program ->
                    assertEquals("waits: true, ${mode(fallback)}", program.stdout.readLine())
                    assertEquals(0, program.awaitExit())
                }
            } finally {
                Posix.close(terminal)
                Posix.close(master)
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E25 a session leader gets no controlling terminal from its stdin, and ^C there does not end it")
    fun sessionLeader(fallback: Boolean) =
        runBlocking<Unit> {
            requireProgram("setsid")
            val (master, terminal) = Posix.terminal(false)
            try {
                val name = Posix.terminalName(master)
                // the shell opens the terminal before there is a session of its own that could acquire it
                val script = "exec setsid \"$@\" <$name"
                adopting("give up once", fallback = fallback).under(script).withPiped { program ->
                    assertEquals("gave up: true, ${mode(fallback)}", program.stdout.readLine())
                    val pid = program.process.pid()
                    val stat = Path.of("/proc/$pid/stat").readText().substringAfterLast(") ").split(' ')
                    assertEquals("$pid", stat[3], "the session")
                    assertEquals("0", stat[4], "the controlling terminal")
                    Posix.write(master, "\u0003still here\n\u0004".toByteArray())
                    assertEquals("then still here", program.stdout.readLine())
                    assertEquals("then null", program.stdout.readLine())
                    assertEquals(0, program.awaitExit())
                }
            } finally {
                Posix.close(terminal)
                Posix.close(master)
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E22 a closed loop fails the reader of stdin with the cause")
    fun loopIsClosed(fallback: Boolean) =
        runBlocking<Unit> {
            adopting("close loop", fallback = fallback).withPiped { program ->
                assertEquals("waits: true, ${mode(fallback)}", program.stdout.readLine())
                assertEquals("AsynchronousCloseException: pipe loop short-lived is closed", program.stdout.readLine())
                assertEquals("ClosedChannelException: pipe loop short-lived is closed", program.stdout.readLine())
            }
        }

    private fun mode(fallback: Boolean) = if (fallback) ReadMode.THREAD else ReadMode.SELECTOR
}
