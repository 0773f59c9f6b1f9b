package dev.aiopipe.examples

import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import dev.aiopipe.withPiped
import java.io.EOFException
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.io.path.extension
import kotlin.io.path.readText
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.int
import kotlinx.serialization.json.intOrNull
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

// Lists the functions, classes and other symbols of source files. A server of the Language Server Protocol finds them.
//
//     java -cp … dev.aiopipe.examples.LanguageClientKt typescript-language-server --stdio -- one.ts two.ts
//
// Any other server that speaks on stdin and stdout will do.

/**
 * Reads the next message; null at the end of the stream. If it is cancelled after the header, the next call reads the
 * header again.
 */
internal suspend fun PipeReader.readFrame(): JsonObject? = atomically {
    var length: Int? = null
    while (true) {
        val header = readLine() ?: if (length == null) return@atomically null else throw EOFException("in a header")
        if (header.isEmpty()) break
        val (name, value) = header.split(':', limit = 2)
        if (name.equals("Content-Length", ignoreCase = true)) length = value.trim().toInt()
    }
    val body = readExactly(length ?: throw IOException("a message without Content-Length"))
    Json.parseToJsonElement(body.decodeToString()).jsonObject
}

internal suspend fun PipeWriter.writeFrame(message: JsonObject) {
    val body = message.toString().toByteArray()
    val header = "Content-Length: ${body.size}\r\n\r\n".toByteArray()
    write(ByteBuffer.wrap(header), ByteBuffer.wrap(body)) // one message: no other write comes in between
}

/** Asks a language server. A coroutine of [scope] reads what the server says, up to its end. */
class LanguageClient(
    private val scope: CoroutineScope,
    private val reader: PipeReader,
    private val writer: PipeWriter,
) {
    private val answers = ConcurrentHashMap<Int, CompletableDeferred<JsonElement>>()
    private val lastId = AtomicInteger()
    private val reading = scope.launch { while (true) receive(reader.readFrame() ?: break) }

    /** The result. Fails with [IOException] if the server refuses, ends before it has answered, or exceeds [limit]. */
    suspend fun request(
        method: String,
        limit: Duration = 30.seconds,
        params: (JsonObjectBuilder.() -> Unit)? = null,
    ): JsonElement {
        val id = lastId.incrementAndGet()
        val answer = CompletableDeferred<JsonElement>()
        answers[id] = answer
        val atTheEnd = // is called at once if the server has ended
            reading.invokeOnCompletion {
                answer.completeExceptionally(EOFException("the language server has ended before it answered $method"))
            }
        try {
            return withTimeoutOrNull(limit) {
                send(method, id, params)
                answer.await()
            } ?: throw IOException("no answer to $method within $limit")
        } finally {
            atTheEnd.dispose()
            answers.remove(id)
        }
    }

    /** Tells the server something. */
    suspend fun notify(method: String, params: (JsonObjectBuilder.() -> Unit)? = null) = send(method, null, params)

    private suspend fun send(method: String, id: Int?, params: (JsonObjectBuilder.() -> Unit)?) =
        writer.writeFrame(
            buildJsonObject {
                put("jsonrpc", "2.0")
                if (id != null) put("id", id)
                put("method", method)
                if (params != null) putJsonObject("params", params)
            }
        )

    private fun receive(message: JsonObject) {
        val id = message["id"]
        val method = message["method"]?.jsonPrimitive?.content
        when {
            id == null -> {} // a notification, for example of a diagnosis; this client needs none
            method == null -> answers.remove(id.jsonPrimitive.intOrNull ?: return)?.let { complete(it, message) }
            else -> scope.launch { refuse(id, method) } // while the next message is read
        }
    }

    private fun complete(answer: CompletableDeferred<JsonElement>, message: JsonObject) {
        val error = message["error"]
        if (error == null) answer.complete(message["result"] ?: JsonNull)
        else answer.completeExceptionally(IOException("the language server refuses: $error"))
    }

    /** Answers a request of the server. This client offers nothing, and has said so in `initialize`. */
    private suspend fun refuse(id: JsonElement, method: String) =
        writer.writeFrame(
            buildJsonObject {
                put("jsonrpc", "2.0")
                put("id", id)
                putJsonObject("error") {
                    put("code", -32601)
                    put("message", "this client does not support $method")
                }
            }
        )
}

/** Runs [block] with a client of the server that [command] starts. The server has ended when this returns. */
suspend fun <R> withLanguageServer(command: List<String>, block: suspend (LanguageClient) -> R): R =
    ProcessBuilder(command).redirectError(Redirect.INHERIT).withPiped { server ->
        val client = LanguageClient(backgroundScope, server.stdout, server.stdin)
        client.request("initialize") {
            put("processId", ProcessHandle.current().pid())
            put("rootUri", JsonNull)
            putJsonObject("capabilities") {}
        }
        client.notify("initialized") {}
        val value = block(client)
        client.request("shutdown")
        client.notify("exit")
        value
    } // sends signals if the server does not end

/** The symbols of a file, each with its line. */
suspend fun LanguageClient.symbols(file: Path): List<String> {
    val uri = file.toUri().toString()
    notify("textDocument/didOpen") {
        putJsonObject("textDocument") {
            put("uri", uri)
            put("languageId", LANGUAGES[file.extension] ?: file.extension)
            put("version", 1)
            put("text", file.readText())
        }
    }
    val found = request("textDocument/documentSymbol") { putJsonObject("textDocument") { put("uri", uri) } }
    return (found as? JsonArray).orEmpty().map { symbol ->
        val location = symbol.jsonObject.getValue("location").jsonObject
        val start = location.getValue("range").jsonObject.getValue("start").jsonObject
        val line = start.getValue("line").jsonPrimitive.int + 1
        "$file:$line: ${symbol.jsonObject.getValue("name").jsonPrimitive.content}"
    }
}

private val LANGUAGES = mapOf("ts" to "typescript", "js" to "javascript", "py" to "python", "rs" to "rust")

/** The server's command, `--`, and the files. */
fun main(arguments: Array<String>) = runBlocking {
    val command = arguments.takeWhile { it != "--" }
    val files = arguments.drop(command.size + 1)
    withLanguageServer(command) { client -> for (file in files) client.symbols(Path.of(file)).forEach(::println) }
}
