package dev.aiopipe.examples

import dev.aiopipe.aioPipe
import dev.aiopipe.open
import dev.aiopipe.withPiped
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Path
import java.util.Locale
import kotlin.time.DurationUnit
import kotlin.time.TimeSource
import kotlinx.coroutines.runBlocking
import me.tongfei.progressbar.ConsoleProgressBarConsumer
import me.tongfei.progressbar.ProgressBarBuilder

private const val LINES_PER_BLOCK = 1024
private const val BYTES_PER_LINE = 64 // so that a block is what a pipe holds: 64 KiB
private const val BLOCKS_PER_MEBIBYTE = (1 shl 20) / (LINES_PER_BLOCK * BYTES_PER_LINE)

/**
 * A child's lines without a thread: first one, then millions.
 *
 * Arguments: how many MiB to count, 256 if nothing is said. With `produce` before it this is the child, which writes
 * them.
 */
fun main(args: Array<String>) {
    if (args.firstOrNull() == "produce") {
        produce(args[1].toInt())
    } else {
        runBlocking {
            hello()
            count(args.firstOrNull()?.toInt() ?: 256)
        }
    }
}

/** A pipe: the child gets one end, and we read the other. */
private suspend fun hello() {
    println("one end of a pipe is a child's, the other is read here:") // Maven leaves escape codes on the first line
    val (rx, tx) = aioPipe()
    tx.forChild().use { end -> ProcessBuilder("echo", "hi from child").redirectOutput(end.redirect()).start() }
    rx.open().use { println(it.readLine()) }
}

/** A child whose stdout is read line by line, as fast as it comes. */
private suspend fun count(mebibytes: Int) {
    val bytes = mebibytes.toLong() shl 20
    val child = thisProgram("produce", "$mebibytes").redirectError(Redirect.INHERIT)
    child.withPiped { producer ->
        var lines = 0L
        var seconds = 0.0
        progressBar(bytes).use { bar ->
            producer.stdout.requestLine() // the child is up
            val start = TimeSource.Monotonic.markNow()
            producer.stdout.lines().collect { line ->
                check(line.length == BYTES_PER_LINE - 1) { "a line of ${line.length} characters: $line" }
                if (++lines % LINES_PER_BLOCK == 0L) bar.stepTo(lines * BYTES_PER_LINE)
            }
            seconds = start.elapsedNow().toDouble(DurationUnit.SECONDS)
        }
        check(lines == bytes / BYTES_PER_LINE) { "$lines lines instead of ${bytes / BYTES_PER_LINE}" }
        check(producer.awaitExit() == 0) { "the child failed" }
        println(
            "%,d lines in %.2f s: %.1f million lines/s, %.0f MB/s"
                .format(Locale.ROOT, lines, seconds, lines / seconds / 1e6, bytes / seconds / 1e6)
        )
    }
}

private fun progressBar(bytes: Long) =
    ProgressBarBuilder()
        .setTaskName("lines of a child")
        .setInitialMax(bytes)
        .setUnit(" MiB", 1L shl 20)
        .setUpdateIntervalMillis(100)
        .setConsumer(ConsoleProgressBarConsumer(System.err, 80)) // the default one takes ^C away from the JVM
        .build()

/** The child: whole blocks, straight to its stdout. */
private fun produce(mebibytes: Int) {
    val text = "the quick brown fox jumps over the lazy dog ".repeat(2)
    val block =
        (0 until LINES_PER_BLOCK).joinToString("") { "%04d ".format(it).plus(text).take(BYTES_PER_LINE - 1) + "\n" }
    val bytes = block.toByteArray()
    FileOutputStream(FileDescriptor.out).use { stdout ->
        repeat(mebibytes * BLOCKS_PER_MEBIBYTE) { stdout.write(bytes) }
    }
}

/** This class in a JVM of its own. */
private fun thisProgram(vararg args: String): ProcessBuilder {
    val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
    val name = object {}.javaClass.enclosingClass.name
    return ProcessBuilder(java, "-classpath", System.getProperty("java.class.path"), name, *args)
}
