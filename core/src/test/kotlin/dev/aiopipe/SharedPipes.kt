package dev.aiopipe

import dev.aiopipe.testkit.Posix
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue

/** Starts a program with its stdin, which it leaves to the program, and tells its number. */
private const val NEIGHBOUR = "exec 4<&0; sleep 1000 <&4 4<&- & echo \$!; exec \"\$@\" 4<&-"

/**
 * Starts [AdoptingProgram] as `echo`, and looks at the flags of its pipes before it opens them, then, and afterwards.
 */
suspend fun assertKeepsFlagsOfPipes(echo: ProcessBuilder) =
    echo.under(NEIGHBOUR).withPiped { program ->
        val sleeper = program.stdout.readLine()!!.toLong()
        val flags = flagsOf(program.process.pid())
        val unchanged = {
            assertEquals(flags, flagsOf(program.process.pid()))
            assertEquals(flags, flagsOf(sleeper))
        }
        try {
            program.stdin.write("b")
            assertEquals("before ${'b'.code}", program.stdout.readLine())
            program.stdin.writeLine("during")
            assertEquals(setOf("out during", "System.out during"), List(2) { program.stdout.readLine() }.toSet())
            assertEquals(setOf("err during", "System.err during"), List(2) { program.stderr.readLine() }.toSet())
            unchanged()
            program.stdin.writeLine("enough")
            assertEquals("closed", program.stdout.readLine())
            unchanged()
            program.stdin.write("a")
            assertEquals("after ${'a'.code}", program.stdout.readLine())
            assertEquals(0, program.awaitExit())
            assertEquals(flags, flagsOf(sleeper))
            assertTrue(flags.none { isNonBlocking(it) }, "$flags")
        } finally {
            ProcessHandle.of(sleeper).ifPresent { it.destroyForcibly() }
        }
    }

/** Starts [AdoptingProgram] as `print`, and reads its stdout slowly: nothing is lost, no line is torn. */
suspend fun assertPrintsBesideSystemOut(count: Int, program: (Array<String>) -> ProcessBuilder) = coroutineScope {
    val (read, write) = Posix.pipe()
    Posix.setCapacity(read, 4096)
    val reader = ReadEnd.inherited(read)
    val printing = program(arrayOf("print", "$count")).redirectOutput(java.io.File("/proc/self/fd/$write")).startPiped()
    Posix.close(write)
    printing.use {
        val opened = reader.open()
        val seen = mutableListOf<String>()
        var full = 0
        while (true) {
            // slow: the program has to wait for room time and again
            if (seen.size % 1_000 == 0 && becomesFull(read)) full++
            seen += opened.readLine() ?: break
        }
        assertTrue(full > count / 2_000) { "the pipe was full $full times" }
        opened.close()
        val expected = { who: String, fill: String -> (1..count).map { "$who $it ${fill.repeat(it % 90)}" } }
        assertEquals(expected("System.out", "x"), seen.filter { it.startsWith("System.out") })
        assertEquals(expected("ours", "y"), seen.filter { it.startsWith("ours") })
        assertEquals(2 * count, seen.size)
        assertEquals(0, printing.awaitExit())
        assertEquals(listOf<String>(), printing.stderr.lines().toList().filterNot { "WARNING" in it })
    }
}

fun isNonBlocking(flags: String) = flags.substringAfter(':').trim().toInt(8) and Posix.O_NONBLOCK != 0

/**
 * Gives the writers time to fill it. They may not: one that waits for room is not woken before the only page is empty,
 * and if the other one has ended, nobody goes on filling it.
 */
private fun becomesFull(number: Int): Boolean {
    val deadline = System.nanoTime() + 1_000_000_000
    while (!isFull(number)) {
        if (System.nanoTime() > deadline) return false
        java.util.concurrent.locks.LockSupport.parkNanos(1_000_000)
    }
    return true
}

/** What does not fit behind the rest of a page waits for the next one, so that not every byte of the page is used. */
private fun isFull(number: Int) = Posix.available(number) > 2_000
