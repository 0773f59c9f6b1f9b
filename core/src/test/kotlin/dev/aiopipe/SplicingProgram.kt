package dev.aiopipe

import dev.aiopipe.engine.linux.NativeAccess
import dev.aiopipe.engine.splice.Splicing
import dev.aiopipe.testkit.Await
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** What real JVMs do in the tests with transfers. */
object SplicingProgram {
    private const val MEBIBYTE = 1 shl 20

    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        when (arguments[0]) {
            "stdin to stdout" -> stdinToStdout()
            "tee" -> stdinToBoth()
            "load" -> load(arguments[1].toBoolean())
            else -> throw IllegalArgumentException(arguments[0])
        }
    }

    private suspend fun stdinToStdout() {
        check(NativeAccess.canAdopt())
        Splicing.beginAfter(0)
        ReadEnd.stdin().open().use { input ->
            WriteEnd.stdout().open().use { output ->
                System.err.println("moved ${input.transferTo(output)}, owed ${output.owed}")
            }
        }
    }

    private suspend fun stdinToBoth() {
        check(NativeAccess.canAdopt())
        Splicing.beginAfter(0)
        ReadEnd.stdin().open().use { input ->
            WriteEnd.stdout().open().use { output -> WriteEnd.stderr().open().use { input.teeTo(output, it) } }
        }
    }

    /** Says whether JNA was loaded by a short transfer, and by a long one, which is to happen in the background. */
    private suspend fun load(awaits: Boolean) {
        transfer(64)
        println("after 64 MiB: ${NativeAccess.isLibCLoaded()}")
        transfer(192)
        if (awaits) Await.until("JNA is loaded", NativeAccess::isLibCLoaded)
        println("after 256 MiB: ${NativeAccess.isLibCLoaded()}")
    }

    private suspend fun transfer(mebibytes: Int) {
        val from = aioPipe()
        val to = aioPipe()
        runBlocking(Dispatchers.Default) {
            launch { from.tx().open().use { repeat(mebibytes) { _ -> it.write(ByteArray(MEBIBYTE)) } } }
            launch { from.rx().open().use { input -> to.tx().open().use { input.transferTo(it) } } }
            to.rx().open().use { it.skip(Long.MAX_VALUE) }
        }
    }
}
