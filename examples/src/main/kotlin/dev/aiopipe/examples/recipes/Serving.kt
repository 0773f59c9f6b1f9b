package dev.aiopipe.examples.recipes

import com.sun.net.httpserver.HttpExchange
import dev.aiopipe.withPiped
import io.ktor.http.ContentType
import io.ktor.server.application.ApplicationCall
import io.ktor.server.response.respondBytesWriter
import io.ktor.utils.io.writeStringUtf8
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

// docs/recipes.md shows each block between the markers; ReadmeTest compares the two, and RecipesTest runs them.

// begin
suspend fun sendEvents(program: ProcessBuilder, beat: Duration, send: suspend (String) -> Unit) =
    program.withPiped { child ->
        while (true) {
            when (withTimeoutOrNull(beat) { child.stdout.requestLine() }) {
                true -> send("data: ${child.stdout.readLine()}\n\n")
                false -> break
                null -> send(":\n\n") // the child is silent; this fails if the client has gone
            }
        }
    }

fun HttpExchange.respondEvents(program: ProcessBuilder, beat: Duration = 15.seconds) = use {
    responseHeaders.add("Content-Type", "text/event-stream")
    sendResponseHeaders(200, 0)
    runBlocking {
        sendEvents(program, beat) {
            responseBody.write(it.toByteArray())
            responseBody.flush()
        }
    }
}

suspend fun ApplicationCall.respondEvents(program: ProcessBuilder, beat: Duration = 15.seconds) =
    respondBytesWriter(ContentType.Text.EventStream) {
        sendEvents(program, beat) {
            writeStringUtf8(it)
            flush()
        }
    }

// end
