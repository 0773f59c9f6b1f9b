package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import java.nio.file.Path
import java.util.zip.CRC32
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** Descriptors that another user has made, as under `sudo -u` or in a container: they can't be opened anew. */
@ExtendWith(NothingLeft::class)
class OtherUserTest {
    @TempDir lateinit var directory: Path

    private val bytes = List(20_000) { "line $it ${"\u20ac".repeat(it % 97)}\n" }.joinToString("").toByteArray()
    private val counted = "20000 lines, ${CRC32().apply { update(bytes) }.value}"

    @Test
    @DisplayName("E25 stdin is another user's pipe: its lines are read, without a thread")
    fun pipe() =
        runBlocking<Unit> {
            user.running("count").inPipeline { program ->
                program.stdin.use { it.write(bytes) }
                assertEquals("$counted, SELECTOR", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E25 stdin is another user's pipe, opened by its name in /proc: a thread reads it")
    fun pipeOpenedByName() =
        runBlocking<Unit> {
            user.running("count").withPiped { program ->
                program.stdin.use { it.write(bytes) }
                assertEquals("$counted, THREAD", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E25 stdin is another user's pipe and silent: a timeout strikes, and the next read gets the line")
    fun silentPipe() =
        runBlocking<Unit> {
            for (opened in listOf(true, false)) {
                val mode = if (opened) ReadMode.THREAD else ReadMode.SELECTOR
                val test: suspend (PipedProcess) -> Unit = { program ->
                    assertEquals("may be opened anew: false", program.stdout.readLine())
                    assertEquals("gave up: true, $mode", program.stdout.readLine())
                    program.stdin.writeLine("late")
                    assertEquals("then late", program.stdout.readLine())
                    program.stdin.close()
                    assertEquals("then null", program.stdout.readLine())
                }
                val program = user.running("open anew")
                if (opened) program.withPiped { test(it) } else program.inPipeline(test)
            }
        }

    @Test
    @DisplayName("E25 E09 pipes of another user keep their flags, here and for a neighbour, and System.in goes on")
    fun flagsOfPipes() =
        runBlocking<Unit> {
            assertKeepsFlagsOfPipes(user.running("echo"))
            val program = user.running("echo").start()
            try {
                val flags = flagsOf(program.pid())
                val output = program.inputStream.bufferedReader()
                val input = program.outputStream
                fun send(text: String) = input.apply { write(text.toByteArray()) }.flush()
                send("b")
                assertEquals("before ${'b'.code}", output.readLine())
                send("during\n")
                assertEquals(setOf("out during", "System.out during"), setOf(output.readLine(), output.readLine()))
                assertEquals(flags, flagsOf(program.pid()))
                send("enough\n")
                assertEquals("closed", output.readLine())
                assertEquals(flags, flagsOf(program.pid()))
                assertTrue(flags.none { isNonBlocking(it) }, "$flags")
                send("a")
                assertEquals("after ${'a'.code}", output.readLine())
                assertEquals(0, program.waitFor())
            } finally {
                program.destroyForcibly()
            }
        }

    @Test
    @DisplayName("E25 E10 20,000 lines through another user's pipe as stdout reach a slow reader, beside System.out's")
    fun slowReader() =
        runBlocking<Unit> {
            val count = 20_000
            val program = user.running("print", "$count").start()
            try {
                val flags = flagsOf(program.pid())
                val stdout = program.inputStream
                var (ours, others) = Pair(0, 0)
                for (line in stdout.bufferedReader().lineSequence()) {
                    if ((ours + others) % 1_000 == 0 && program.isAlive) {
                        // slow: the program has to wait for room time and again
                        Await.until("the pipe is full") {
                            stdout.available() > PIPE_BYTES / 2 || !program.isAlive
                        }
                        if (program.isAlive) assertEquals(flags, flagsOf(program.pid()))
                    }
                    if (line.startsWith("ours")) {
                        assertEquals("ours ${++ours} ${"y".repeat(ours % 90)}", line)
                    } else {
                        assertEquals("System.out ${++others} ${"x".repeat(others % 90)}", line)
                    }
                }
                assertEquals(Pair(count, count), Pair(ours, others))
                assertEquals(0, program.waitFor())
            } finally {
                program.destroyForcibly()
            }
        }

    @Test
    @DisplayName("E25 stdin is another user's FIFO: a thread reads it")
    fun fifo() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            user.running("count").under("exec \"$@\" <'$fifo'").withPiped { program ->
                WriteEnd.fifo(fifo).open().use { it.write(bytes) }
                assertEquals("$counted, THREAD", program.stdout.readLine())
            }
        }

    @Test
    @DisplayName("E25 stdin is another user's terminal: a thread reads it")
    fun terminal() = withTerminal { master, name ->
        user.running("count").under("exec \"$@\" <$name").withPiped { program ->
            launch(Dispatchers.IO) {
                Posix.write(master, bytes)
                Posix.write(master, byteArrayOf(4)) // ^D
            }
            assertEquals("$counted, THREAD", program.stdout.readLine())
        }
    }

    @Test
    @DisplayName("stdin is another user's terminal: a read that was given up takes no line from a child, closed or not")
    fun givenUpBeforeAChild() = withTerminal { master, name ->
        for (program in listOf("give up, start a child", "give up, close, start a child")) {
            user.running(program).under("exec \"$@\" <$name").withPiped {
                assertEquals("gave up", it.stdout.readLine())
                Posix.write(master, "first\nsecond\n".toByteArray())
                assertEquals("the child: first", it.lineAfter("closed"))
            }
            user.running("prompts", "at once").under("exec \"$@\" <$name").withPiped {
                assertEquals("second", it.stdout.readLine())
            }
        }
    }

    private suspend fun PipedProcess.lineAfter(unwanted: String): String? =
        stdout.readLine().let { if (it == unwanted) stdout.readLine() else it }

    @Test
    @DisplayName("stdin is another user's: prompts that each open it, read a line and close it")
    fun prompts() =
        runBlocking<Unit> {
            val expected = listOf("y", "n", "last", "null")
            user.running("prompts", "at once").inPipeline { program ->
                program.stdin.use { it.write("y\nn\nlast") }
                assertEquals(expected, List(4) { program.stdout.readLine() })
            }
            user.running("prompts", "at once").withPiped { program -> // opened by its name: threads
                program.stdin.use { it.write("y\nn\nlast") }
                assertEquals(expected, List(4) { program.stdout.readLine() })
            }
        }

    @Test
    @DisplayName("E25 descriptors 3 and 4 are another user's pipes")
    fun passedPipes() =
        runBlocking<Unit> {
            val (requestsRx, requests) = aioPipe()
            val (answers, answersTx) = aioPipe()
            user.running("answer on 3").withPiped(mapOf(3 to answersTx, 4 to requestsRx)) {
                assertAnswers(requests.open(), answers.open())
            }
        }

    @Test
    @DisplayName("E25 descriptors 3 and 4 are another user's FIFOs: threads read and write them")
    fun passedFifos() =
        runBlocking<Unit> {
            val requests = directory.fifo("requests")
            val answers = directory.fifo("answers")
            user.running("answer on 3").under("exec \"$@\" 4<'$requests' 3>'$answers'").withPiped {
                assertAnswers(WriteEnd.fifo(requests).open(), ReadEnd.fifo(answers).open())
            }
        }

    @Test
    @DisplayName("E25 descriptors 3 and 4 are another user's terminal: threads read and write it")
    fun passedTerminal() = withTerminal { master, name ->
        user.running("answer on 3").under("exec \"$@\" 4<$name 3>$name").withPiped {
            Posix.write(master, "question\n\u0004".toByteArray())
            val expected = "answer to question\r\n"
            Await.until("the answer") { Posix.available(master) >= expected.length }
            assertEquals(expected, Posix.read(master, 100).decodeToString())
        }
    }

    @Test
    @DisplayName("a JVM that is not dumpable hands descriptors over all the same")
    fun passedByHiddenJvm() =
        runBlocking<Unit> {
            val lines = user.running("pass hidden").redirectErrorStream(true).withPiped { it.stdout.readText() }
            assertEquals("answer to question, null, 3\n", lines)
        }

    /** With pipes that no name was opened for: those of a shell, with this process on both sides. */
    private suspend fun ProcessBuilder.inPipeline(block: suspend (PipedProcess) -> Unit) =
        under("cat | \"$@\" | cat").withPiped { block(it) }

    private suspend fun assertAnswers(requests: PipeWriter, answers: PipeReader) {
        repeat(3) {
            requests.writeLine("question $it")
            assertEquals("answer to question $it", answers.readLine())
        }
        requests.close()
        assertEquals(null, answers.readLine())
        answers.close()
    }

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

    companion object {
        private lateinit var user: OtherUser

        @JvmStatic
        @BeforeAll
        fun becomeAnother(@TempDir classes: Path) {
            user = OtherUser(classes)
        }
    }
}
