package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import java.lang.ref.Reference
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** What docs/gotchas.md warns of. If one of these changes, so does that page. */
@ExtendWith(NothingLeft::class)
class GotchasTest {
    @Test
    @DisplayName("a surrogate pair that is split over two writes becomes two question marks")
    fun splitSurrogatePair() = runBlocking {
        val (rx, tx) = aioPipe()
        tx.open().use {
            it.write("\uD83D")
            it.write("\uDE00")
        }
        rx.open().use { assertEquals("??", it.readText()) }
    }

    @Test
    @DisplayName("what the kernel holds when the reader closes is lost, and its writer is not told")
    fun lostInTheKernel() = runBlocking {
        val (rx, tx) = aioPipe()
        val reader = rx.open()
        val writer = tx.open()
        writer.writeLine("read")
        assertEquals("read", reader.readLine())
        writer.writeLine("lost")
        reader.close()
        writer.close()
        writer.awaitClosed()
        assertEquals(0, writer.owed)
    }

    @Test
    @DisplayName("a program whose main returns ends, although a read waits")
    fun mainReturns() {
        val program = jvm(WaitingProgram::class.java).redirectErrorStream(true).start()
        assertEquals(listOf("main returns"), program.inputStream.bufferedReader().readLines())
        assertEquals(0, program.waitFor())
    }
}

/** A program that waits for a line only outside of its main. */
@OptIn(DelicateCoroutinesApi::class)
object WaitingProgram {
    @JvmStatic
    fun main(args: Array<String>) {
        val (rx, tx) = aioPipe()
        val reader = runBlocking { rx.open() }
        GlobalScope.launch(start = CoroutineStart.UNDISPATCHED) { println(reader.readLine()) }
        println("main returns")
        Reference.reachabilityFence(tx)
    }
}
