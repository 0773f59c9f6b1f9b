package dev.aiopipe.examples

import dev.aiopipe.Signal
import dev.aiopipe.runPiped
import dev.aiopipe.testkit.Await
import dev.aiopipe.withPiped
import io.modelcontextprotocol.kotlin.sdk.client.Client
import io.modelcontextprotocol.kotlin.sdk.types.Implementation
import java.nio.file.Path
import kotlin.io.path.createFile
import kotlin.io.path.exists
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.add
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonArray
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class McpTest {
    @TempDir lateinit var directory: Path

    private val server = example("McpServerKt").command()

    @Test
    @DisplayName("the client lists the server's tools and calls one, as its header has it")
    fun clientAndServer() =
        runBlocking<Unit> {
            val file = directory.resolve("three lines").also { it.writeText("1\n2\n3") }
            val json = buildJsonObject { put("path", file.toString()) }.toString()
            val client = example("McpClientKt", *server.toTypedArray(), "--", "count_lines", json)
            val output = client.runPiped().orThrow()
            val tools =
                listOf(
                    "run: Runs a program, and returns its output. It has 10 seconds, or as many as it is given.",
                    "count_lines: Counts the lines of a text file.",
                )
            assertEquals(tools + "3", output.stdoutLines())
            assertEquals("the server has closed its transport\n", output.stderrText())
        }

    @Test
    @DisplayName("a call returns a program's output, and says what went wrong")
    fun outcomes() =
        runBlocking<Unit> {
            withMcpServer(server) { client ->
                assertEquals("out\nerr\n", client.run("echo out; echo err >&2"))
                assertEquals("0123456789".repeat(30_000), client.run("printf '0123456789%.0s' $(seq 30000)"))
                assertEquals("error: \nexit code 3", client.run("exit 3"))
                val late = client.run("echo begun; exec sleep 1000", seconds = 2.0)
                assertTrue(late.startsWith("error: begun\n") && "did not end within 2000 ms" in late, late)
                val missing = client.callTool("run", """{"command": ["/no/such/program"]}""")
                assertTrue(missing.startsWith("error: ") && "/no/such/program" in missing, missing)
                val endless = client.run("cat /dev/zero")
                assertTrue(endless.startsWith("error: ") && "longer than limit = 1048576 bytes" in endless, endless)
            }
        }

    @Test
    @DisplayName("calls run side by side, and each gets its own answer")
    fun sideBySide() =
        runBlocking<Unit> {
            withMcpServer(server) { client ->
                val gate = directory.resolve("gate") // the first call ends after the second has
                val first = async { client.run("while [ ! -e '$gate' ]; do sleep 0.01; done; echo first") }
                assertEquals("second\n", client.run("echo second"))
                gate.createFile()
                assertEquals("first\n", first.await())
                val answers = List(20) { async { client.run("echo $it") } }.awaitAll()
                assertEquals(List(20) { "$it\n" }, answers)
            }
        }

    @Test
    @DisplayName("a call that its client cancels ends the program, and the server answers on")
    fun cancelledCall() =
        runBlocking<Unit> {
            withMcpServer(server) { client ->
                val call = launch { client.run(endless()) }
                val program = awaitProgram()
                call.cancelAndJoin()
                awaitEnd(program)
                assertEquals("still there\n", client.run("echo still there"))
            }
        }

    @Test
    @DisplayName("a server that is told to end while its stdin is open and silent closes its transport and ends")
    fun toldToEnd() =
        runBlocking<Unit> {
            ProcessBuilder(server).withPiped { child
                -> // without a client, which would close stdin at the end of stdout
                child.stdin.writeLine("""{"jsonrpc": "2.0", "id": 1, "method": "ping"}""")
                assertTrue("\"result\":{}" in child.stdout.readLine()!!) // it serves
                child.signal(Signal.TERM)
                assertEquals("the server has closed its transport", child.stderr.readLine())
                assertEquals(128 + Signal.TERM.number(), child.awaitExit())
            }
        }

    @Test
    @DisplayName("a server that is told to end ends the programs of its calls")
    fun toldToEndWhileItRuns() =
        runBlocking<Unit> {
            ProcessBuilder(server).withPiped { child ->
                val client = Client(Implementation(name = "test", version = "1.0"))
                client.connect(PipeTransport(backgroundScope, child.stdout, child.stdin))
                val call = launch { runCatching { client.run(endless()) } } // whatever becomes of its answer
                val program = awaitProgram()
                child.signal(Signal.TERM)
                awaitEnd(program)
                call.join()
                assertEquals(128 + Signal.TERM.number(), child.awaitExit())
            }
        }

    private suspend fun Client.run(script: String, seconds: Double = 30.0): String {
        val arguments = buildJsonObject {
            putJsonArray("command") {
                add("sh")
                add("-c")
                add(script)
            }
            put("seconds", seconds)
        }
        return callTool("run", arguments.toString())
    }

    /** A script that does not end, and says which process it is. */
    private fun endless() =
        directory.resolve("pid").let { "echo \$\$ > '$it.new'; mv '$it.new' '$it'; exec sleep 1000" }

    private suspend fun awaitProgram(): ProcessHandle {
        val file = directory.resolve("pid")
        withContext(Dispatchers.IO) { Await.until("the program runs") { file.exists() } }
        return ProcessHandle.of(file.readText().trim().toLong()).get()
    }

    private suspend fun awaitEnd(program: ProcessHandle) =
        withContext(Dispatchers.IO) { Await.until("the program has ended") { !program.isAlive } }
}
