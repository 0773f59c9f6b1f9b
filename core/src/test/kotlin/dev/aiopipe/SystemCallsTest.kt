package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs
import dev.aiopipe.testkit.Strace
import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** System calls of whole programs, counted by strace. */
@ExtendWith(NothingLeft::class)
class SystemCallsTest {
    @Test
    @DisplayName("a message over one of 1,000 pipes, its write counted, costs few system calls")
    fun messages() {
        val hard =
            File("/proc/self/limits").readLines().single { it.startsWith("Max open files") }.split(Regex(" {2,}"))[2]
        Programs.requireThat(
            hard == "unlimited" || hard.toLong() >= DESCRIPTORS,
            "$DESCRIPTORS descriptors (ulimit -Hn)",
        )
        val program = Programs.jvm(ManyPipesProgram::class.java, "$PIPES", "$ROUNDS")
        val process = program.redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            val output = process.inputReader()
            assertEquals("ready", output.readLine())
            val calls =
                Strace.attach(process.pid()).use { strace ->
                    process.goOn()
                    assertEquals("done", output.readLine())
                    strace.stop()
                }
            process.goOn()
            process.waitFor()
            val aMessage = calls.mapValues { (_, count) -> count.toDouble() / (PIPES * ROUNDS) }
            assertTrue(aMessage.getValue("write") >= 1, "nothing was counted: $aMessage")
            val all = aMessage.values.sum() - (aMessage["futex"] ?: 0.0)
            assertTrue(all <= CALLS_A_MESSAGE, "system calls a message: $all of $aMessage")
        } finally {
            process.destroyForcibly().waitFor()
        }
    }

    private fun Process.goOn() {
        outputStream.write('\n'.code)
        outputStream.flush()
    }

    private companion object {
        const val PIPES = 1_000
        const val ROUNDS = 20
        const val DESCRIPTORS = 2 * PIPES + 256

        /**
         * Besides `futex`, whose count depends on the order in which threads run. Runs gave 2.0: the write, the read,
         * and a share of the loop's wait. A slow writer, whose messages come one by one, makes it a wait for each.
         * Another change of the loop's interest for each message would make it more than this.
         */
        const val CALLS_A_MESSAGE = 5.0
    }
}
