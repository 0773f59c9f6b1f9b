package dev.aiopipe.examples

import dev.aiopipe.withPiped
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

// A pool of workers that answer a line with a line. A request has a time limit. If its worker dies or hangs, the worker
// is started anew, and the request is given to another one.
//
//     java -cp … dev.aiopipe.examples.SupervisorKt cat -- one two three
//
// A command prefix takes the workers elsewhere, here or in the list of `main`: `ssh host cat -- …`,
// `kubectl exec -i pod -- cat -- …`. The requests come after the last `--`.

// begin supervisor
/** Answers requests by the workers that [supervise] runs. */
class Workers internal constructor(private val requests: Channel<Request>) {
    /** The answer. Fails with [IOException] if three workers have died or hung over the request. */
    suspend fun ask(request: String): String = Request(request).also { requests.send(it) }.answer.await()
}

internal class Request(val text: String) {
    val answer = CompletableDeferred<String>()
    private var tries = 0

    /** True if another worker may try. */
    fun failed(): Boolean {
        tries++
        if (tries < MAX_TRIES) return true
        answer.completeExceptionally(IOException("no worker answers: $text"))
        return false
    }
}

/** Runs [block] with workers, each of which is started by one of the [commands], and ends them after it. */
suspend fun <R> supervise(commands: List<List<String>>, limit: Duration, block: suspend (Workers) -> R): R =
    coroutineScope {
        val requests = Channel<Request>(Channel.UNLIMITED)
        val workers = launch { for (command in commands) launch { while (true) work(command, requests, limit) } }
        try {
            block(Workers(requests))
        } finally {
            workers.cancel()
        }
    }

/** One life of a worker: up to a request that it does not answer. */
private suspend fun work(command: List<String>, requests: Channel<Request>, limit: Duration) {
    ProcessBuilder(command).redirectError(Redirect.INHERIT).withPiped(grace = 200.milliseconds) { worker ->
        for (request in requests) {
            val answer =
                try {
                    withTimeoutOrNull(limit) {
                        worker.stdin.writeLine(request.text)
                        worker.stdout.readLine()
                    }
                } catch (e: IOException) { // its broken pipe
                    System.err.println("worker $worker: $e")
                    null
                }
            if (answer == null) {
                if (request.failed()) requests.send(request)
                break
            }
            request.answer.complete(answer)
        }
    }
}

private const val MAX_TRIES = 3

// end

/** The worker's command, `--`, and the requests. */
fun main(arguments: Array<String>) = runBlocking {
    val separator = arguments.lastIndexOf("--")
    val command = arguments.take(separator)
    // A prefix for each worker, such as listOf("ssh", "host"), listOf("kubectl", "exec", "-i", "pod", "--").
    val places = listOf<List<String>>(emptyList(), emptyList())
    supervise(places.map { place -> place + command }, limit = 5.seconds) { workers ->
        arguments.drop(separator + 1).map { async { workers.ask(it) } }.awaitAll().forEach(::println)
    }
}
