package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import java.nio.file.Path
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

/** What a reader of stdin has read ahead, and `System.in` before it, is the next reader's: in JVMs of their own. */
@ExtendWith(NothingLeft::class)
class LeftoverTest {
    @TempDir lateinit var directory: Path

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("prompts that each open stdin, read a line and close it get their own lines, of every kind of stdin")
    fun prompts(fallback: Boolean) =
        runBlocking<Unit> {
            val file = directory.resolve("lines").also { it.toFile().writeText("y\nn\nlast") }
            val fifo = directory.fifo()
            for (adopted in listOf("at once", "before")) {
                for (stdin in stdinsWith("y\\nn\\nlast", file, fifo)) {
                    adopting("prompts", adopted, fallback = fallback).under(stdin).withPiped { program ->
                        assertEquals(listOf("y", "n", "last", "null"), List(4) { program.stdout.readLine() }, stdin)
                    }
                }
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName(
        "R37 a line is read without reading ahead, and a child that inherits stdin has the rest, of every kind"
    )
    fun withoutReadingAhead(fallback: Boolean) =
        runBlocking<Unit> {
            val file = directory.resolve("lines").also { it.toFile().writeText("y\nn\nlast") }
            for (stdin in stdinsWith("y\\nn\\nlast", file, directory.fifo())) {
                adopting("read a line, start a child", fallback = fallback).under(stdin).withPiped { program ->
                    assertEquals(listOf("here: y", "n", "last", null), List(4) { program.stdout.readLine() }, stdin)
                }
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("prompts get their own lines while the writer is still there")
    fun promptsOfAnOpenPipe(fallback: Boolean) =
        runBlocking<Unit> {
            for (adopted in listOf("at once", "before")) {
                adopting("prompts", adopted, fallback = fallback).withPiped { program ->
                    program.stdin.write("y\nn\nla")
                    assertEquals(listOf("y", "n"), List(2) { program.stdout.readLine() })
                    program.stdin.write("st")
                    program.stdin.close()
                    assertEquals(listOf("last", "null"), List(2) { program.stdout.readLine() })
                }
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("prompts at a terminal: an end that was typed is reported once")
    fun promptsAtATerminal(fallback: Boolean) = withTerminal { master, name ->
        Posix.write(master, "y\nn\n\u0004z\n".toByteArray())
        adopting("prompts", "before", fallback = fallback).under("exec \"$@\" <$name").withPiped { program ->
            assertEquals(listOf("y", "n", "null", "z"), List(4) { program.stdout.readLine() })
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("a line that arrives after a reader gave up and closed goes to the child: a pipe")
    fun closedBeforeAChild(fallback: Boolean) =
        runBlocking<Unit> {
            adopting("give up, close, start a child", fallback = fallback).withPiped { program ->
                assertEquals(listOf("gave up", "closed"), List(2) { program.stdout.readLine() })
                program.stdin.writeLine("first")
                program.stdin.writeLine("second")
                assertEquals("the child: first", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName(
        "a line that arrives after a reader gave up goes to the next reader, also if a thread still waits: a terminal"
    )
    fun lateRead() = withTerminal { master, name ->
        adopting("give up, close, open", fallback = true).under("exec \"$@\" <$name").withPiped { program ->
            assertEquals(listOf("gave up", "closed", "opened"), List(3) { program.stdout.readLine() })
            Posix.write(master, "one\ntwo\n".toByteArray())
            assertEquals("one", program.stdout.readLine())
            assertEquals("two", program.stdout.readLine())
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("what System.in has read ahead is read first, of every kind of stdin")
    fun systemInFirst(fallback: Boolean) =
        runBlocking<Unit> {
            val file = directory.resolve("lines").also { it.toFile().writeText("abc\ndef\n") }
            val fifo = directory.fifo()
            for (stdin in stdinsWith("abc\\ndef\\n", file, fifo)) {
                adopting("System.in first", fallback = fallback).under(stdin).withPiped { program ->
                    assertEquals("a, bc, def, null", program.stdout.readLine(), stdin)
                }
            }
        }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("what System.in has read ahead is read first at a terminal, also if it is more than System.in buffers")
    fun systemInAtATerminal(fallback: Boolean) = withTerminal { master, name ->
        Posix.write(master, "abc\ndef\n\u0004".toByteArray())
        adopting("System.in first", fallback = fallback).under("exec \"$@\" <$name").withPiped { program ->
            assertEquals("a, bc, def, null", program.stdout.readLine())
        }
        val long = "x".repeat(20_000)
        adopting("System.in first", fallback = fallback).withPiped { program ->
            program.stdin.use { it.write("a$long\ndef\n") }
            assertEquals("a, $long, def, null", program.stdout.readLine())
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("a thread that waits in System.in blocks no other reader, and gets the next input")
    fun systemInIsRead(fallback: Boolean) =
        runBlocking<Unit> {
            adopting("read System.in and open", fallback = fallback).withPiped { program ->
                assertEquals("opened", program.stdout.readLine())
                program.stdin.write("a")
                assertEquals("System.in has a", program.stdout.readLine())
                program.stdin.writeLine("bc")
                assertEquals("bc", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName("a System.in that the user has replaced is left alone")
    fun systemInIsReplaced() =
        runBlocking<Unit> {
            adopting("replace System.in").withPiped { program ->
                program.stdin.use { it.write("line\n") }
                assertEquals("line, then of System.in: user's", program.stdout.readLine())
            }
        }

    /** Scripts that start their arguments with a stdin of each kind that has these bytes and then its end. */
    private fun stdinsWith(escaped: String, file: Path, fifo: Path) =
        listOf(
            "printf '$escaped' | \"$@\"",
            "exec \"$@\" <'$file'",
            "printf '$escaped' >'$fifo' & exec \"$@\" <'$fifo'",
            "exec 5<>'$fifo'; printf '$escaped' >&5; exec \"$@\" <'$fifo' 5>&-",
        )

    private fun withTerminal(block: suspend CoroutineScope.(Int, String) -> Unit) =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(false)
            try {
                block(master, Posix.terminalName(master))
            } finally {
                Posix.close(terminal)
                Posix.close(master)
            }
        }
}
