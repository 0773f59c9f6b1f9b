package dev.aiopipe.examples

import dev.aiopipe.withPiped
import io.modelcontextprotocol.kotlin.sdk.client.Client
import io.modelcontextprotocol.kotlin.sdk.types.CallToolRequest
import io.modelcontextprotocol.kotlin.sdk.types.CallToolRequestParams
import io.modelcontextprotocol.kotlin.sdk.types.Implementation
import io.modelcontextprotocol.kotlin.sdk.types.TextContent
import java.lang.ProcessBuilder.Redirect
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonObject

// Starts a server of the Model Context Protocol, lists its tools, and calls one of them.
//
//     java -cp … dev.aiopipe.examples.McpClientKt java -cp … dev.aiopipe.examples.McpServerKt \
//         -- count_lines '{"path": "README.md"}'
//
// Any other server will do: `npx -y @modelcontextprotocol/server-everything -- echo '{"message": "hi"}'`.

/** Runs [block] with a client of the server that [command] starts. The server has ended when this returns. */
suspend fun <R> withMcpServer(command: List<String>, block: suspend (Client) -> R): R =
    ProcessBuilder(command).redirectError(Redirect.INHERIT).withPiped { server ->
        val client = Client(Implementation(name = "aiopipe-client", version = "1.0"))
        client.connect(PipeTransport(backgroundScope, server.stdout, server.stdin))
        block(client)
    } // closes the server's stdin, and sends signals if it does not end

/** The server's command, and after `--` the name of a tool and its arguments as a JSON object. */
fun main(arguments: Array<String>) = runBlocking {
    System.setProperty("kotlin-logging.logStartupMessage", "false") // or the SDK's logging prints it
    val command = arguments.takeWhile { it != "--" }
    val call = arguments.drop(command.size + 1)
    withMcpServer(command) { client ->
        for (tool in client.listTools().tools) println("${tool.name}: ${tool.description}")
        if (call.isNotEmpty()) println(client.callTool(call[0], call.getOrElse(1) { "{}" }))
    }
}

internal suspend fun Client.callTool(name: String, json: String): String {
    val arguments = Json.parseToJsonElement(json).jsonObject
    val result = callTool(CallToolRequest(CallToolRequestParams(name, arguments)))
    val text = result.content.filterIsInstance<TextContent>().joinToString("\n") { it.text }
    return if (result.isError == true) "error: $text" else text
}
