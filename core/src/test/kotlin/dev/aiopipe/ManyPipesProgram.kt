package dev.aiopipe

import java.util.concurrent.Semaphore
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/**
 * Sends a message over each of many pipes, and waits until coroutines on `Dispatchers.Default` have read them all;
 * again and again.
 *
 * `PIPES ROUNDS`. Does so many rounds to warm up, prints `ready`, and waits for a line of stdin. Does so many more,
 * prints `done`, and waits again.
 */
internal object ManyPipesProgram {
    private val MESSAGE = "nineteen characters\n".toByteArray()

    @JvmStatic
    fun main(arguments: Array<String>) {
        val (pipes, rounds) = arguments.map(String::toInt)
        val arrived = Semaphore(0)
        val writers = runBlocking { List(pipes) { open(arrived) } }
        for (state in listOf("ready", "done")) {
            repeat(rounds) {
                runBlocking { for (writer in writers) writer.write(MESSAGE) }
                arrived.acquire(pipes)
            }
            println(state)
            readln()
        }
    }

    private suspend fun open(arrived: Semaphore): PipeWriter {
        val (rx, tx) = aioPipe()
        val reader = rx.open()
        CoroutineScope(Dispatchers.Default).launch { while (reader.readLine() != null) arrived.release() }
        return tx.open()
    }
}
