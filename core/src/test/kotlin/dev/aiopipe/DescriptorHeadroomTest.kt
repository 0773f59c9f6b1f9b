package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.requireProgram
import java.io.File
import java.io.IOException
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
class DescriptorHeadroomTest {
    @Test
    @DisplayName("a limit that another process lowers is noticed by the next start, and so is one that it raises")
    fun limitOfAnotherProcess() =
        runBlocking<Unit> {
            requireProgram("prlimit")
            jvm(StartsOnDemand::class.java).withPiped { child ->
                suspend fun start(soft: Int?): String? {
                    if (soft != null) {
                        ProcessBuilder("prlimit", "--pid", "${child.process.pid()}", "--nofile=$soft:")
                            .runPiped()
                            .orThrow()
                    }
                    child.stdin.writeLine("start")
                    return child.stdout.readLine()
                }
                val (open, first) = start(null)!!.split(' ', limit = 2)
                assertEquals("started", first)
                val refusal = start(open.toInt() + 8)!!
                assertTrue(refusal.endsWith("fewer than 16 descriptors are left (ulimit -n)"), refusal)
                assertEquals("$open started", start(open.toInt() + 40)) // too few to be plenty, enough to start
                assertEquals(refusal, start(open.toInt() + 8))
                assertEquals("$open started", start(open.toInt() + 400))
            }
        }

    /**
     * The program: starts a child for each line of its stdin, and says how many descriptors are open, and the outcome.
     */
    object StartsOnDemand {
        @JvmStatic
        fun main(args: Array<String>) =
            runBlocking<Unit> {
                DescriptorLimitTest.AtTheLimit.loadClasses()
                val open = File("/proc/self/fd").list()!!.size // among them those that the JVM has opened
                while (readlnOrNull() != null) {
                    val outcome =
                        try {
                            ProcessBuilder("true").startPiped().use { check(it.awaitExit() == 0) }
                            "started"
                        } catch (e: IOException) {
                            "${e.message}"
                        }
                    println("$open $outcome")
                }
            }
    }
}
