package dev.aiopipe.benchmarks.compare

import dev.aiopipe.PipeLoop
import dev.aiopipe.ReadEnd
import dev.aiopipe.dispatcher
import dev.aiopipe.open
import kotlinx.coroutines.runBlocking

/** The first line of stdin, as a small program would read it. */
internal object FirstLines {
    @JvmStatic fun inRunBlocking(): String? = runBlocking { ReadEnd.stdin().open().readLine() }

    @JvmStatic
    fun onTheLoop(): String? = runBlocking(PipeLoop.shared().dispatcher) { ReadEnd.stdin().open().readLine() }
}
