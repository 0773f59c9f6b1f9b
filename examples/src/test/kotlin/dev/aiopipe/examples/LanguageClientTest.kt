package dev.aiopipe.examples

import dev.aiopipe.aioPipe
import dev.aiopipe.open
import dev.aiopipe.runPiped
import dev.aiopipe.rx
import dev.aiopipe.tx
import java.io.EOFException
import java.io.IOException
import java.nio.file.Path
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class LanguageClientTest {
    @TempDir lateinit var directory: Path

    private val standIn = example("StandInLanguageServer").command()

    private fun file(name: String, text: String): String =
        directory.resolve(name).also { it.writeText(text) }.toString()

    @Test
    @DisplayName("the program lists the symbols of files, as its header has it, and the server ends in order")
    fun program() =
        runBlocking<Unit> {
            val one = file("one.ts", "function greet() {}\n\nfunction größer() {}\n")
            val two = file("two.ts", "// nothing".repeat(100_000) + "\nfunction last() {}\n")
            val output = example("LanguageClientKt", *standIn.toTypedArray(), "--", one, two).runPiped().orThrow()
            assertEquals(listOf("$one:1: greet", "$one:3: größer", "$two:2: last"), output.stdoutLines())
            assertEquals("orderly end\n", output.stderrText())
        }

    @Test
    @DisplayName("a request fails if the server refuses it, is silent, ends or has ended")
    fun failures() =
        runBlocking<Unit> {
            val outcome = runCatching {
                withLanguageServer(standIn) { client ->
                    val refused = runCatching { client.request("nonsense") }.exceptionOrNull()
                    assertTrue("unknown: nonsense" in refused!!.message!!, "$refused")
                    val silent = runCatching { client.request("wait", limit = 10.milliseconds) }.exceptionOrNull()
                    assertEquals("no answer to wait within 10ms", silent?.message)
                    for (method in listOf("die", "textDocument/documentSymbol")) {
                        assertInstanceOf(
                            IOException::class.java,
                            runCatching { client.request(method) }.exceptionOrNull(),
                        )
                    }
                }
            }
            assertInstanceOf(IOException::class.java, outcome.exceptionOrNull()) // nobody takes its shutdown
        }

    @Test
    @DisplayName("a read that is cancelled in the middle of a message leaves all of it readable")
    fun cancelledRead() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val reader = rx.open()
            val writer = tx.open()
            writer.write("Content-Length: 7\r\n\r\n{\"a\"")
            val reading = launch(start = CoroutineStart.UNDISPATCHED) { reader.readFrame() }
            assertTrue(reading.isActive)
            reading.cancelAndJoin()
            writer.write(":1}")
            val message = buildJsonObject { put("a", 1) }
            assertEquals(message, reader.readFrame())
            writer.writeFrame(message)
            assertEquals(message, reader.readFrame())
            writer.use { it.write("Content-Length: 7\r\n") }
            assertInstanceOf(EOFException::class.java, runCatching { reader.readFrame() }.exceptionOrNull())
            reader.close()
        }

    @Test
    @DisplayName("the end of the stream between two messages is no failure")
    fun end() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            tx.open().close()
            rx.open().use { assertNull(it.readFrame()) }
        }

    @Test
    @DisplayName("the language server for TypeScript, of npm, finds the symbols of a file")
    fun typescript() =
        runBlocking<Unit> {
            val modules = requireNodeModule("typescript-language-server")
            val file =
                file("greet.ts", "export function greet(name: string) {\n  return name;\n}\n\nclass Greeter {}\n")
            val server = listOf("$modules/.bin/typescript-language-server", "--stdio")
            val output = example("LanguageClientKt", *server.toTypedArray(), "--", file).runPiped().orThrow()
            assertEquals(listOf("$file:1: greet", "$file:5: Greeter"), output.stdoutLines().sorted())
        }
}
