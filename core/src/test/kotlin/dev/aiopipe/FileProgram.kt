package dev.aiopipe

import java.io.IOException
import java.nio.file.Path
import kotlinx.coroutines.runBlocking

/** Writes stdin to a file, and to stdout what remains readable when that fails. */
object FileProgram {
    @JvmStatic
    fun main(arguments: Array<String>) =
        runBlocking<Unit> {
            ReadEnd.stdin().open().use { input ->
                try {
                    System.err.println("moved ${input.transferTo(Path.of(arguments[0]))}")
                } catch (e: IOException) {
                    System.err.println("failed: $e")
                }
                WriteEnd.stdout().open().use { it.write(input.readAll()) }
            }
        }
}
