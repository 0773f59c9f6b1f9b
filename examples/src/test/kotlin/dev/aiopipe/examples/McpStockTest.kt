package dev.aiopipe.examples

import dev.aiopipe.runPiped
import dev.aiopipe.testkit.Programs.requireProgram
import io.modelcontextprotocol.client.McpClient
import io.modelcontextprotocol.client.McpSyncClient
import io.modelcontextprotocol.client.transport.ServerParameters
import io.modelcontextprotocol.client.transport.StdioClientTransport
import io.modelcontextprotocol.json.McpJsonDefaults
import io.modelcontextprotocol.spec.McpSchema
import java.nio.file.Path
import kotlin.io.path.writeText
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Our server with clients that others wrote, and our client with such a server. */
class McpStockTest {
    @TempDir lateinit var directory: Path

    private val server = example("McpServerKt").command()

    private val file: Path by lazy { directory.resolve("file").also { it.writeText("1\n2\n3\n") } }

    @Test
    @DisplayName("the stock client of Java lists the tools, calls them, and ends the server")
    fun java() {
        val parameters = ServerParameters.builder(server.first()).args(server.drop(1)).build()
        McpClient.sync(StdioClientTransport(parameters, McpJsonDefaults.getMapper())).build().use { client ->
            assertEquals("aiopipe-tools", client.initialize().serverInfo().name())
            assertEquals(listOf("run", "count_lines"), client.listTools().tools().map { it.name() })
            assertEquals("3", client.call("count_lines", mapOf("path" to "$file")))
            assertEquals("äöü €\n", client.call("run", mapOf("command" to listOf("echo", "äöü €"))))
            val late = client.call("run", mapOf("command" to listOf("sleep", "1000"), "seconds" to 0.3))
            assertTrue("did not end within 300 ms" in late, late)
            assertTrue(client.closeGracefully())
        }
    }

    private fun McpSyncClient.call(tool: String, arguments: Map<String, Any>): String {
        val request = McpSchema.CallToolRequest.builder(tool).arguments(arguments).build()
        return (callTool(request).content().single() as McpSchema.TextContent).text()
    }

    @Test
    @DisplayName("the stock client of npm lists the tools, calls them, and ends the server")
    fun npm() =
        runBlocking<Unit> {
            val modules = requireNodeModule("@modelcontextprotocol/sdk")
            requireProgram("node")
            val script = Path.of("src/test/resources/mcp-client.cjs").toAbsolutePath()
            val client = ProcessBuilder(listOf("node", "$script", "$file") + server)
            client.environment()["NODE_PATH"] = "$modules"
            val output = client.runPiped().orThrow()
            val expected = listOf("run count_lines", "3", "true sleep 1000 did not end within 300 ms")
            assertEquals(expected, output.stdoutLines(), output.stderrText())
        }

    @Test
    @DisplayName("our client lists the tools of a stock server of npm, and calls one")
    fun npmServer() =
        runBlocking<Unit> {
            val modules = requireNodeModule("@modelcontextprotocol/server-everything")
            val stock = "$modules/.bin/mcp-server-everything"
            val client = example("McpClientKt", stock, "--", "echo", """{"message": "äöü €"}""")
            val lines = client.runPiped().orThrow().stdoutLines()
            assertTrue(lines.any { it.startsWith("echo: ") }, "$lines")
            assertEquals("Echo: äöü €", lines.last())
        }
}
