package dev.aiopipe.benchmarks.compare

import io.ktor.utils.io.jvm.javaio.toByteReadChannel
import io.ktor.utils.io.readLine
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking

/**
 * Ktor's channels over the JDK's blocking streams: a thread of `Dispatchers.IO` reads, a coroutine takes lines by
 * `readLine`, the successor of `readUTF8Line`.
 */
internal class KtorChannels : Contestant("not written: ktor-io has no pipes of the system, no children, no files") {
    override fun lines(endlessLines: ProcessBuilder): Work {
        val channel = endlessLines.start().inputStream.toByteReadChannel(Dispatchers.IO)
        return Work { count ->
            runBlocking(Dispatchers.Default) {
                var chars = 0L
                repeat(count) { chars += channel.readLine()!!.length }
                check(chars >= 0)
            }
        }
    }

    override fun roundTrips(echo: ProcessBuilder, line: String, latencies: Latencies): Work {
        val child = echo.start()
        val channel = child.inputStream.toByteReadChannel(Dispatchers.IO)
        val output = child.outputStream
        return Work { count ->
            runBlocking(Dispatchers.Default) {
                latencies.begin(count)
                repeat(count) {
                    val begin = System.nanoTime()
                    output.write((line + '\n').toByteArray()) // blocks, as there is no better way
                    output.flush()
                    channel.readLine()
                    latencies.addSince(begin)
                }
            }
        }
    }
}
