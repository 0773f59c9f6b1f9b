package dev.aiopipe.examples.recipes

import com.sun.net.httpserver.HttpExchange
import dev.aiopipe.withPiped
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

// docs/recipes.md shows each block between the markers; ReadmeTest compares the two, and RecipesTest runs them.

// begin
fun streamEvents(exchange: HttpExchange, program: ProcessBuilder, beat: Duration = 15.seconds) = exchange.use {
    exchange.responseHeaders.add("Content-Type", "text/event-stream")
    exchange.sendResponseHeaders(200, 0)
    runBlocking {
        program.withPiped { child ->
            while (true) {
                val isThere = withTimeoutOrNull(beat) { child.stdout.requestLine() }
                if (isThere == false) break
                val event = if (isThere == true) "data: ${child.stdout.readLine()}\n\n" else ":\n\n"
                exchange.responseBody.write(event.toByteArray()) // throws if the client has gone
                exchange.responseBody.flush()
            }
        }
    }
}

// end
