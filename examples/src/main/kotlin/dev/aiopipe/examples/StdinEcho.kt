package dev.aiopipe.examples

import dev.aiopipe.ReadEnd
import dev.aiopipe.WriteEnd
import dev.aiopipe.open
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Prints each line of stdin. Ends on `quit`, at the end of stdin, or when nothing has come for as many seconds as the
 * argument says: `System.in` could not be left while it is silent.
 */
fun main(args: Array<String>) = runBlocking {
    val patience = args.firstOrNull()?.toDouble()?.seconds ?: Duration.INFINITE
    val input = ReadEnd.stdin().open()
    val output = WriteEnd.stdout().open()
    while (true) {
        // Waits without taking: a line that comes while the time runs out is not lost.
        val isThere = withTimeoutOrNull(patience) { input.requestLine() }
        if (isThere == null) {
            output.writeLine("nothing came for $patience")
            break
        }
        val line = input.readLine()
        if (line == null || line == "quit") break
        output.writeLine(line)
    }
    input.close()
    output.close()
    output.awaitClosed()
}
