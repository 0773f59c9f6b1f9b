package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ForkJoinPool
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** The JDK reports a child's exit through the common pool, and Kotlin's coroutines run on Dispatchers.Default. */
@ExtendWith(NothingLeft::class)
class BlockedPoolTest {
    @Test
    @DisplayName("E18 exits are seen, and stop comes to its end, while all threads of both pools are blocked")
    fun commonPoolIsBlocked() =
        runBlocking<Unit> {
            val program = jvm(WithBlockedPool::class.java)
            program.command().add(1, "-Djava.util.concurrent.ForkJoinPool.common.parallelism=3")
            val outcome =
                program.redirectErrorStream(true).withPiped { child ->
                    child.stdout.lines().toList() to child.awaitExit()
                }
            assertEquals(
                listOf("true 0", "stopped 143", "drained 7", "killed 137", "IOException", "done") to 0,
                outcome,
            )
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
            val processors = Runtime.getRuntime().availableProcessors()
            val blockedToo = CountDownLatch(processors)
            repeat(processors) {
                CoroutineScope(Dispatchers.Default).launch {
                    blockedToo.countDown()
                    opened.await()
                }
            }
            blockedToo.await()
            runBlocking {
                ProcessBuilder("true").startPiped().use { println("true ${it.awaitExit()}") }
                ProcessBuilder("sleep", "1000").startPiped().use { println("stopped ${it.stop(1.milliseconds)}") }
                sh("cat; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 7").startPiped().use {
                    println("drained ${it.stop(1.hours)}")
                }
                sh("trap '' TERM; echo; exec sleep 1000").startPiped().use {
                    it.stdout.readLine()
                    println("killed ${it.stop(1.milliseconds)}")
                }
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
