package dev.aiopipe.examples

import dev.aiopipe.ProcessTimeoutException
import dev.aiopipe.ReadEnd
import dev.aiopipe.WriteEnd
import dev.aiopipe.open
import dev.aiopipe.runPiped
import io.modelcontextprotocol.kotlin.sdk.server.Server
import io.modelcontextprotocol.kotlin.sdk.server.ServerOptions
import io.modelcontextprotocol.kotlin.sdk.types.CallToolResult
import io.modelcontextprotocol.kotlin.sdk.types.Implementation
import io.modelcontextprotocol.kotlin.sdk.types.ServerCapabilities
import io.modelcontextprotocol.kotlin.sdk.types.ToolSchema
import io.modelcontextprotocol.kotlin.sdk.types.error
import io.modelcontextprotocol.kotlin.sdk.types.success
import java.io.IOException
import java.nio.file.Path
import kotlin.io.path.useLines
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

// A server of the Model Context Protocol on stdin and stdout, with two tools: `run` runs a program for a limited time,
// `count_lines` counts the lines of a file. It runs whatever its client asks for.
//
//     java -cp … dev.aiopipe.examples.McpServerKt
//
// It ends at the end of stdin, and on SIGTERM or SIGINT even while stdin is silent: no thread is blocked in a read.

fun main() =
    runBlocking<Unit> {
        System.setProperty("kotlin-logging.logStartupMessage", "false") // or the SDK's logging prints it
        System.setOut(System.err) // stdout belongs to the protocol; what else is printed goes to stderr
        val server = toolServer()
        Runtime.getRuntime().addShutdownHook(Thread { endAtExit(server) })
        server.createSession(PipeTransport(this, ReadEnd.stdin().open(), WriteEnd.stdout().open()))
    } // waits for the transport, whose coroutine is one of this scope

/** Cancels the calls that run, which ends their programs, and closes the transport. The JVM waits for this. */
private fun endAtExit(server: Server) {
    runBlocking { server.close() }
    System.err.println("the server has closed its transport")
}

internal fun toolServer(): Server {
    val capabilities = ServerCapabilities(tools = ServerCapabilities.Tools())
    val server = Server(Implementation(name = "aiopipe-tools", version = "1.0"), ServerOptions(capabilities))
    server.addTool(
        name = "run",
        description = "Runs a program, and returns its output. It has 10 seconds, or as many as it is given.",
        inputSchema =
            schema(required = "command") {
                putJsonObject("command") {
                    put("type", "array")
                    putJsonObject("items") { put("type", "string") }
                }
                putJsonObject("seconds") { put("type", "number") }
            },
    ) { request ->
        val command = request.arguments.require("command").jsonArray.map { it.jsonPrimitive.content }
        val seconds = request.arguments?.get("seconds")?.jsonPrimitive?.double ?: 10.0
        run(command, seconds.seconds)
    }
    server.addTool(
        name = "count_lines",
        description = "Counts the lines of a text file.",
        inputSchema = schema(required = "path") { putJsonObject("path") { put("type", "string") } },
    ) { request ->
        val path = Path.of(request.arguments.require("path").jsonPrimitive.content)
        val count = withContext(Dispatchers.IO) { path.useLines { it.count() } }
        CallToolResult.success("$count")
    }
    return server
}

private suspend fun run(command: List<String>, limit: Duration): CallToolResult =
    try {
        val output = ProcessBuilder(command).redirectErrorStream(true).runPiped(limit = 1 shl 20, timeout = limit)
        val text = output.stdoutText()
        if (output.exitCode() == 0) CallToolResult.success(text)
        else CallToolResult.error("$text\nexit code ${output.exitCode()}")
    } catch (e: ProcessTimeoutException) {
        CallToolResult.error("${e.output().stdoutText()}\n${e.message}")
    } catch (e: IOException) { // it can't be started, or prints too much
        CallToolResult.error("${e.message}")
    }

private fun schema(required: String, properties: JsonObjectBuilder.() -> Unit) =
    ToolSchema(properties = buildJsonObject(properties), required = listOf(required))

private fun JsonObject?.require(name: String) = requireNotNull(this?.get(name)) { "no argument \"$name\"" }
