package dev.aiopipe.examples

import dev.aiopipe.withPiped
import java.time.Duration
import java.util.concurrent.CompletionException
import java.util.concurrent.TimeoutException
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class JavaExamplesTest {
    @Test
    @DisplayName("a child's line arrives")
    fun helloFromJava() = runBlocking {
        example("HelloFromJava").withPiped { assertEquals("hi from child\n", it.stdout.readText()) }
    }

    @Test
    @DisplayName("the filter writes every line in capitals")
    fun stdinFilter() = runBlocking {
        example("StdinFilter").withPiped {
            it.stdin.use { input -> input.writeLines(listOf("one", "two")) }
            assertEquals("ONE\nTWO\n", it.stdout.readText())
            assertEquals(0, it.awaitExit())
        }
    }

    @Test
    @DisplayName("workers answer; a silent one times out in the read itself, and a pool of silent ones can be closed")
    fun workerPool() {
        WorkerPool(ProcessBuilder("cat"), 2).use { pool ->
            for (i in 1..100) assertEquals("question $i", pool.ask("question $i", Duration.ofSeconds(20)).join())
        }
        val before = ProcessHandle.current().children().toList()
        val silent = WorkerPool(ProcessBuilder("sleep", "1000"), 3)
        val started = ProcessHandle.current().children().toList() - before.toSet()
        val late = assertThrows(CompletionException::class.java) { silent.ask("?", Duration.ofMillis(10)).join() }
        assertInstanceOf(TimeoutException::class.java, late.cause)
        silent.close()
        for (worker in started) assertFalse(worker.isAlive)
    }
}
