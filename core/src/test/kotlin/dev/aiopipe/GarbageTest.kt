package dev.aiopipe

import dev.aiopipe.engine.endpoint.Fallback
import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.Descriptors
import dev.aiopipe.testkit.Programs.jvm
import java.nio.channels.Channels
import java.nio.channels.Pipe
import java.util.Collections
import java.util.logging.Handler
import java.util.logging.LogRecord
import java.util.logging.Logger
import java.util.logging.SimpleFormatter
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.CsvSource

/**
 * Loses something, and prints the warnings once its descriptors are closed. In a function of its own, whose frame does
 * not keep it.
 */
object LosingProgram {
    private val warnings = Collections.synchronizedList(mutableListOf<String>())
    private val handler =
        object : Handler() {
            override fun publish(record: LogRecord) {
                warnings += SimpleFormatter().formatMessage(record)
            }

            override fun flush() {}

            override fun close() {}
        }

    @JvmStatic
    fun main(args: Array<String>) {
        val logger = Logger.getLogger("dev.aiopipe") // held, or it would be garbage itself
        logger.addHandler(handler)
        logger.useParentHandlers = false
        val before = Descriptors.pipes()
        val count = args[1].toInt()
        when (args[0]) {
            "ends" -> loseEnds()
            "streams" -> runBlocking { loseStreams() }
            "child ends" -> loseChildEnds()
            "closed" -> runBlocking { useAndClose() }
            "closed by their loop" -> runBlocking { closeLoop() }
        }
        if (count == 0) loseEnds() // told behind what else is told
        Await.until("all is closed", { Descriptors.pipes().also { System.gc() } }) { it <= before }
        Await.until("all is told", { warnings.size }) { it >= maxOf(count, 2) }
        warnings.forEach(::println)
    }

    private fun loseEnds() {
        aioPipe()
    }

    private suspend fun loseStreams() {
        val (rx, tx) = aioPipe()
        val reader = rx.open()
        val writer = tx.open()
        writer.writeLine("x")
        check(reader.readLine() == "x")
    }

    private suspend fun closeLoop() {
        val before = Descriptors.pipes()
        PipeLoop.create("short-lived").use { loop ->
            val options = PipeOptions.defaults().withLoop(loop)
            val (rx, tx) = aioPipe()
            rx.open(options)
            tx.open(options).write(ByteArray(10))
            val (input, output) = Pipe.open().let { Pair(it.source(), it.sink()) }
            Fallback.input(Channels.newInputStream(input), loop.engine, "stream of a child")
            Fallback.output(Channels.newOutputStream(output), loop.engine, "pipe")
        }
        check(Descriptors.pipes() == before) { "closed with their loop: ${Descriptors.open()}" }
    }

    private fun loseChildEnds() {
        val (rx, tx) = aioPipe()
        rx.forChild().redirect()
        tx.forChild()
    }

    private suspend fun useAndClose() {
        aioPipe().close()
        val (rx, tx) = aioPipe()
        rx.open().close()
        tx.open().close()
        val (input, output) = aioPipe()
        input.forChild().close()
        output.forChild().close()
    }
}

@Timeout(60)
class GarbageTest {
    @ParameterizedTest
    @CsvSource(
        "ends, 2, ReadEnd WriteEnd",
        "streams, 2, PipeReader PipeWriter",
        "child ends, 2, ChildEnd ChildEnd",
        "closed, 0, ReadEnd WriteEnd",
        "closed by their loop, 0, ReadEnd WriteEnd",
    )
    @DisplayName(
        "E24 what nobody closes is closed once it is garbage, each with one warning; what was closed gives none"
    )
    fun lost(what: String, count: Int, names: String) {
        val program = jvm(LosingProgram::class.java, what, "$count").redirectErrorStream(true).start()
        val warnings = program.inputStream.bufferedReader().readLines()
        assertEquals(0, program.waitFor(), "$warnings")
        val told = warnings.map {
            Regex("a (\\w+) was garbage collected without having been closed: .+").matchEntire(it)?.groupValues?.get(1)
                ?: it
        }
        assertEquals(names, told.sorted().joinToString(" "))
    }
}
