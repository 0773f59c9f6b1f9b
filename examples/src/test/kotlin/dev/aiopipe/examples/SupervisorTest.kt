package dev.aiopipe.examples

import dev.aiopipe.runPiped
import dev.aiopipe.testkit.NothingLeft
import java.io.IOException
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.future.await
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource

@ExtendWith(NothingLeft::class)
class SupervisorTest {
    enum class Program(val main: String) {
        KOTLIN("SupervisorKt") {
            override suspend fun withWorkers(commands: List<List<String>>, limit: Duration, block: Block) =
                supervise(commands, limit) { workers -> block(workers::ask) }
        },
        JAVA("Supervisor") {
            override suspend fun withWorkers(commands: List<List<String>>, limit: Duration, block: Block) =
                Supervisor(commands, limit.toJavaDuration()).use { block { request -> it.ask(request).await() } }
        };

        abstract suspend fun withWorkers(commands: List<List<String>>, limit: Duration, block: Block)
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("the program, as its header has it")
    fun program(program: Program) =
        runBlocking<Unit> {
            val output = example(program.main, "cat", "--", "one", "two", "three").runPiped()
            assertEquals(listOf("one", "two", "three"), output.orThrow().stdoutLines())
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("the program with a command prefix that has a -- of its own, as that of kubectl has")
    fun programElsewhere(program: Program) =
        runBlocking<Unit> {
            val worker = arrayOf("sh", "-c", "while read line; do echo \"\$line \$PLACE\"; done")
            val output = example(program.main, "env", "--", "PLACE=here", *worker, "--", "one", "two").runPiped()
            assertEquals(listOf("one here", "two here"), output.orThrow().stdoutLines())
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("the requests of a worker that is killed, and of one that hangs, are answered by others")
    fun retries(program: Program, @TempDir directory: Path) =
        runBlocking<Unit> {
            program.withWorkers(List(3) { faultyWorker(directory) }, limit = 500.milliseconds) { ask ->
                val answers = (List(50) { "$it" } + listOf("die", "hang")).map { async { ask(it) } }.awaitAll()
                assertEquals(List(50) { "[$it]" } + listOf("[die]", "[hang]"), answers)
            }
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("the only worker is started anew after it was killed, and after it has hung")
    fun restarts(program: Program, @TempDir directory: Path) =
        runBlocking<Unit> {
            program.withWorkers(listOf(faultyWorker(directory)), limit = 500.milliseconds) { ask ->
                for (request in listOf("die", "hang", "fine")) assertEquals("[$request]", ask(request))
            }
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("a request that no worker answers fails, and the others are answered")
    fun poison(program: Program) =
        runBlocking<Unit> {
            val worker = "while read line; do [ \$line = poison ] && exit 1; echo \"[\$line]\"; done"
            program.withWorkers(List(2) { listOf("sh", "-c", worker) }, limit = 20.seconds) { ask ->
                val failure = assertThrows(IOException::class.java) { runBlocking { ask("poison") } }
                assertEquals("no worker answers: poison", failure.message)
                assertEquals("[fine]", ask("fine"))
            }
        }

    @ParameterizedTest
    @EnumSource
    @DisplayName("a command prefix takes the workers elsewhere")
    fun prefix(program: Program, @TempDir directory: Path) =
        runBlocking<Unit> {
            val places = listOf(listOf("env", "PLACE=here"), listOf("env", "PLACE=there")) // as ssh, each runs the rest
            val meeting = directory.resolve("meeting").toString()
            val worker = listOf("sh", "-c", MEETING_WORKER, "sh", meeting)
            program.withWorkers(places.map { it + worker }, limit = 20.seconds) { ask ->
                val answers = List(2) { async { ask("request") } }.awaitAll()
                assertEquals(setOf("request here", "request there"), answers.toSet())
            }
        }

    /** Dies once, and hangs once, if it is told to. */
    private fun faultyWorker(marks: Path): List<String> {
        val worker =
            """
            while read line; do
                case "${'$'}line" in
                    die) mkdir "$marks/died" 2>/dev/null && kill -9 ${'$'}${'$'} ;;
                    hang) mkdir "$marks/hung" 2>/dev/null && exec sleep 1000 ;;
                esac
                echo "[${'$'}line]"
            done
            """
        return listOf("sh", "-c", worker)
    }

    private companion object {
        /**
         * Answers when the worker of the other place has a request, too: each opening of a FIFO waits for the other.
         */
        val MEETING_WORKER =
            """
            mkfifo "${'$'}1" 2>/dev/null
            while read line; do
                if [ ${'$'}PLACE = here ]; then : >"${'$'}1"; else : <"${'$'}1"; fi
                echo "${'$'}line ${'$'}PLACE"
            done
            """
    }
}

private typealias Block = suspend (ask: suspend (String) -> String) -> Unit
