package dev.aiopipe.examples

import dev.aiopipe.withPiped
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class JavaExamplesTest {
    @Test
    @DisplayName("a child's line arrives")
    fun helloFromJava() =
        runBlocking<Unit> {
            example("HelloFromJava").withPiped { assertEquals("hi from child\n", it.stdout.readText()) }
        }

    @Test
    @DisplayName("the filter writes every line in capitals")
    fun stdinFilter() =
        runBlocking<Unit> {
            example("StdinFilter").withPiped {
                it.stdin.use { input -> input.writeLines(listOf("one", "two")) }
                assertEquals("ONE\nTWO\n", it.stdout.readText())
                assertEquals(0, it.awaitExit())
            }
        }
}
