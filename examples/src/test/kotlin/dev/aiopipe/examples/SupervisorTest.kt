package dev.aiopipe.examples

import dev.aiopipe.runPiped
import java.io.IOException
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class SupervisorTest {
    @Test
    @DisplayName("the program, as its header has it")
    fun program() =
        runBlocking<Unit> {
            val output = example("SupervisorKt", "cat", "--", "one", "two", "three").runPiped()
            assertEquals(listOf("one", "two", "three"), output.orThrow().stdoutLines())
        }

    @Test
    @DisplayName("the requests of a worker that is killed, and of one that hangs, are answered by others")
    fun retries(@TempDir directory: Path) =
        runBlocking<Unit> {
            val marks = directory.toFile() // each fault strikes once
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
            val answers =
                supervise(List(3) { listOf("sh", "-c", worker) }, limit = 500.milliseconds) { supervisor ->
                    (List(50) { "$it" } + listOf("die", "hang")).map { async { supervisor.ask(it) } }.awaitAll()
                }
            assertEquals(List(50) { "[$it]" } + listOf("[die]", "[hang]"), answers)
        }

    @Test
    @DisplayName("a request that no worker answers fails, and the others are answered")
    fun poison() =
        runBlocking<Unit> {
            val worker = "while read line; do [ \$line = poison ] && exit 1; echo \"[\$line]\"; done"
            supervise(List(2) { listOf("sh", "-c", worker) }, limit = 20.seconds) { supervisor ->
                val failure = assertThrows(IOException::class.java) { runBlocking { supervisor.ask("poison") } }
                assertEquals("no worker answers: poison", failure.message)
                assertEquals("[fine]", supervisor.ask("fine"))
            }
        }

    @Test
    @DisplayName("a command prefix takes the workers elsewhere")
    fun prefix() =
        runBlocking<Unit> {
            val here = listOf("env", "PLACE=here") // as ssh does, it runs the command that follows
            val there = listOf("env", "PLACE=there")
            val worker = listOf("sh", "-c", "while read line; do echo \"\$line \$PLACE\"; done")
            val answers =
                supervise(listOf(here + worker, there + worker), limit = 20.seconds) { supervisor ->
                    List(2) { "request" }.map { async { supervisor.ask(it) } }.awaitAll()
                }
            assertEquals(setOf("request"), answers.map { it.substringBefore(' ') }.toSet())
        }
}
