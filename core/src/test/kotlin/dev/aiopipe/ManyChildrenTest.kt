package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(NothingLeft::class)
class ManyChildrenTest {
    @Test
    @DisplayName("E20 of children that are started at the same time each has its own pipes, and no other descriptor")
    fun eachSeesOnlyItsOwn() =
        runBlocking<Unit> {
            val atOnce = Semaphore(60)
            val seen =
                List(300) { i ->
                        async(Dispatchers.Default) {
                            atOnce.withPermit {
                                sh("readlink /proc/\$\$/fd/*; echo \"\$1\"; exec cat", "child $i").withPiped { child ->
                                    val descriptors = List(3) { child.stdout.readLine()!! }
                                    assertEquals("child $i", child.stdout.readLine())
                                    child.stdin.writeLine("to $i")
                                    assertEquals("to $i", child.stdout.readLine())
                                    child.stdin.close()
                                    assertEquals("", child.stdout.readText() + child.stderr.readText())
                                    assertEquals(0, child.awaitExit())
                                    descriptors
                                }
                            }
                        }
                    }
                    .awaitAll()
            for (descriptors in seen) {
                assertEquals(3, descriptors.distinct().size, "$descriptors")
                assertTrue(descriptors.all { it.startsWith("pipe:") }, "$descriptors")
            }
        }

    @Test
    @DisplayName("hundreds of children on one loop: one thread of ours, and none for a stream")
    fun hundredsOnOneLoop() =
        runBlocking<Unit> {
            val count = 200
            PipeLoop.create("many").use { loop ->
                val options = PipeOptions.defaults().withLoop(loop)
                val before = threadsOfOurs()
                val children = List(count) { ProcessBuilder("cat").startPiped(options = options) }
                try {
                    repeat(5) { round ->
                        children.forEachIndexed { i, child -> child.stdin.writeLine("$round of $i") }
                        children.forEachIndexed { i, child -> assertEquals("$round of $i", child.stdout.readLine()) }
                    }
                    // and all at once, each waiting in its own coroutine
                    coroutineScope {
                        val lines = children.map { async { it.stdout.lines().toList() } }
                        children.forEach { child ->
                            launch { child.stdin.use { it.writeLines(List(100) { i -> "line $i" }) } }
                        }
                        val expected = List(100) { "line $it" }
                        lines.awaitAll().forEach { assertEquals(expected, it) }
                        // The timer's thread exits when it is idle, and a test before this one may need it anew.
                        assertEquals(listOf("many"), threadsOfOurs() - before - "aiopipe-timer")
                    }
                    assertEquals(List(count) { 0 }, children.map { it.stop(1.minutes) })
                } finally {
                    children.forEach { it.close() }
                }
            }
        }

    /**
     * Not the JDK's one that reaps each child, and not the dispatchers' pools, which are bounded; nor a thread that has
     * started a child and waits for more work, to end soon.
     */
    private fun threadsOfOurs() =
        Thread.getAllStackTraces()
            .filterValues { stack -> stack.none { it.methodName == "getTask" } }
            .keys
            .map { it.name }
            .filterNot { name ->
                listOf("process reaper", "DefaultDispatcher-worker", "ForkJoinPool").any { name.startsWith(it) }
            }
}
