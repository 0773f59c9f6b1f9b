package dev.aiopipe.examples

import dev.aiopipe.PipeWriter
import dev.aiopipe.aioPipe
import dev.aiopipe.open
import dev.aiopipe.withPiped
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.file.FileAlreadyExistsException
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import kotlin.concurrent.thread
import kotlin.io.path.deleteIfExists
import kotlin.io.path.exists
import kotlin.io.path.fileSize
import kotlin.io.path.moveTo
import kotlin.system.exitProcess
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.LAZY
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import me.tongfei.progressbar.ConsoleProgressBarConsumer
import me.tongfei.progressbar.ProgressBarBuilder

// Compresses a file and prints its checksum: one read of the file feeds two children, gzip and sha256sum. A bar shows
// the progress, the rate and the time that remains. ^C leaves no child and no part of FILE.gz.
//
//     java -cp … dev.aiopipe.examples.CompressKt FILE

/** The file to compress. */
fun main(arguments: Array<String>) {
    val work = CoroutineScope(Dispatchers.Default).async(start = LAZY) { compress(Path.of(arguments[0])) }
    // ^C begins the exit of the JVM, which then waits until the cancelled work has cleaned up. The work begins after.
    Runtime.getRuntime().addShutdownHook(thread(start = false) { runBlocking { work.cancelAndJoin() } })
    try {
        println(runBlocking { work.await() })
    } catch (_: CancellationException) {
        System.err.println("cancelled")
    } catch (e: IOException) {
        System.err.println(e)
        exitProcess(1)
    }
}

/** Writes the file's compressed content beside it. Returns the line of `sha256sum`. */
private suspend fun compress(file: Path): String {
    val compressed = Path.of("$file.gz")
    if (compressed.exists()) throw FileAlreadyExistsException("$compressed")
    val part = Path.of("$compressed.part")
    try {
        val sum =
            ProcessBuilder("gzip").redirectOutput(part.toFile()).redirectError(Redirect.INHERIT).withPiped { gzip ->
                ProcessBuilder("sha256sum").redirectError(Redirect.INHERIT).withPiped { sha256sum ->
                    feed(file, gzip.stdin, sha256sum.stdin)
                    val line = sha256sum.stdout.readLine()
                    if (gzip.awaitExit() != 0 || line == null) throw IOException("gzip or sha256sum has failed")
                    line
                }
            }
        part.moveTo(compressed, ATOMIC_MOVE)
        return sum.replace("-", "$file")
    } finally {
        part.deleteIfExists()
    }
}

/** Writes the file to all consumers, as fast as the slowest one reads, and closes them. */
private suspend fun feed(file: Path, vararg consumers: PipeWriter) {
    aioPipe().use { (rx, tx) ->
        rx.open().use { content ->
            coroutineScope {
                launch { tx.open().use { it.transferFrom(file) } }
                progressBar(file).use { bar ->
                    content.chunks().collect { chunk ->
                        for (consumer in consumers) consumer.write(chunk)
                        bar.stepBy(chunk.size.toLong())
                    }
                }
            }
        }
    }
    consumers.forEach { it.close() }
}

private fun progressBar(file: Path) =
    ProgressBarBuilder()
        .setTaskName("${file.fileName}")
        .setInitialMax(file.fileSize())
        .setUnit(" MiB", 1L shl 20)
        .setUpdateIntervalMillis(100)
        .showSpeed()
        .setConsumer(ConsoleProgressBarConsumer(System.err, 80)) // the default one takes ^C away from the JVM
        .build()
