package dev.aiopipe

import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ForkJoinPool
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** The JDK tells of a child's exit by the common pool. */
@ExtendWith(NothingLeft::class)
class BlockedPoolTest {
    @Test
    @DisplayName("E18 exits are seen, and stop comes to its end, while all threads of the common pool are blocked")
    fun commonPoolIsBlocked() =
        runBlocking<Unit> {
            val program = jvm(WithBlockedPool::class.java)
            program.command().add(1, "-Djava.util.concurrent.ForkJoinPool.common.parallelism=3")
            val outcome =
                program.redirectErrorStream(true).withPiped { child ->
                    child.stdout.lines().toList() to child.awaitExit()
                }
            assertEquals(listOf("true 0", "stopped 143", "IOException", "done") to 0, outcome)
        }

    /** The program. */
    object WithBlockedPool {
        @JvmStatic
        fun main(args: Array<String>) {
            val opened = CountDownLatch(1)
            val parallelism = ForkJoinPool.getCommonPoolParallelism()
            val blocked = CountDownLatch(parallelism)
            repeat(parallelism) {
                CompletableFuture.runAsync {
                    blocked.countDown()
                    opened.await()
                }
            }
            blocked.await()
            runBlocking {
                ProcessBuilder("true").startPiped().use { println("true ${it.awaitExit()}") }
                ProcessBuilder("sleep", "1000").startPiped().use { println("stopped ${it.stop(1.milliseconds)}") }
                val (rx, tx) = aioPipe()
                rx.close()
                // the shell can't get this one: it is over before it has told
                val dying = ProcessBuilder("true").also { it.environment()["ENV"] = "x" }
                val builder = dying.redirectErrorStream(true)
                try {
                    builder.command("true", "x".repeat(200_000)).startPiped(mapOf(3 to tx)).close()
                } catch (expected: java.io.IOException) {
                    println("IOException")
                }
            }
            println("done")
            opened.countDown()
        }
    }
}
