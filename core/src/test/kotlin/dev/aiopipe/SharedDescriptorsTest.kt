package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

/** Programs that share their stdin, stdout and stderr with others, and with `System.in` and `System.out`. */
@ExtendWith(NothingLeft::class)
class SharedDescriptorsTest {
    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E09 pipes keep their flags, here and for a neighbour, and System.in and System.out go on")
    fun flagsOfPipes(fallback: Boolean) = runBlocking {
        assertKeepsFlagsOfPipes(adopting("echo", fallback = fallback))
    }

    @Test
    @DisplayName("E09 a terminal that is stdin, stdout and stderr keeps its flags, here and for a neighbour")
    fun flagsOfTerminal() =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(false)
            val name = Posix.terminalName(master)
            // the neighbour's number is told on what was stdout, which is a pipe
            val script =
                "exec 3>&1 <>$name >&0 2>&0 4<&0; sleep 1000 <&4 3>&- 4>&- & echo \$! >&3; exec \"\$@\" 3>&- 4>&-"
            try {
                adopting("echo").under(script).withPiped { program ->
                    val sleeper = program.stdout.readLine()!!.toLong()
                    val flags = flagsOf(sleeper)
                    try {
                        suspend fun told(vararg lines: String) = readTerminal(master, lines.toSet())
                        Posix.write(master, "b\n".toByteArray())
                        told("before ${'b'.code}")
                        // System.in has read the line end that came with the b: the rest of that line is ours
                        told("out", "err", "System.out", "System.err")
                        Posix.write(master, "during\n".toByteArray())
                        told("out during", "err during", "System.out during", "System.err during")
                        assertEquals(flags, flagsOf(sleeper))
                        assertEquals(flags, flagsOf(program.process.pid()))
                        Posix.write(master, "enough\n".toByteArray())
                        told("closed") // and is about to exit: the neighbour, who shares them, still has the flags
                        assertEquals(flags, flagsOf(sleeper))
                        Posix.write(master, "a\n".toByteArray())
                        told("after ${'a'.code}")
                        assertEquals(0, program.awaitExit())
                        assertEquals(flags, flagsOf(sleeper))
                        assertFalse(isNonBlocking(flags[0]), "$flags")
                    } finally {
                        ProcessHandle.of(sleeper).ifPresent { it.destroyForcibly() }
                    }
                }
            } finally {
                Posix.close(terminal)
                Posix.close(master)
            }
        }

    private var unread = ""

    /** Reads lines until all of these have come. */
    private fun readTerminal(master: Int, expected: Set<String>) {
        val missing = expected.toMutableSet()
        while (missing.isNotEmpty()) {
            while ('\n' !in unread) unread += Posix.read(master, 4096).decodeToString()
            val line = unread.substringBefore('\n').trim()
            unread = unread.substringAfter('\n')
            assertTrue(missing.remove(line), "$line came, and $missing was expected")
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    @DisplayName("E10 20,000 lines of System.out and as many of ours reach a slow reader, each whole")
    fun systemOutBesideOurs(fallback: Boolean) = runBlocking {
        assertPrintsBesideSystemOut(20_000) { adopting(*it, fallback = fallback) }
    }
}
