package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.requireProgram
import java.nio.file.Path
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** Programs of others that speak on descriptors 3 and 4. */
@ExtendWith(NothingLeft::class)
class OtherProgramsTest {
    @TempDir lateinit var directory: Path

    @Test
    @DisplayName("E05 an asyncio program exchanges 20,000 lines on descriptors 3 and 4")
    fun asyncio() =
        runBlocking<Unit> {
            val python3 = requireProgram("python3")
            val count = 20_000
            val (mine, theirs) = aioDuplex()
            val script =
                """
                import asyncio, os

                async def main():
                    loop = asyncio.get_running_loop()
                    reader = asyncio.StreamReader()
                    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(3, "rb"))
                    mixin = asyncio.streams.FlowControlMixin
                    transport, protocol = await loop.connect_write_pipe(mixin, os.fdopen(4, "wb"))
                    writer = asyncio.StreamWriter(transport, protocol, None, loop)
                    async for line in reader:
                        writer.write(b"echo " + line)
                        await writer.drain()
                    writer.close()

                asyncio.run(main())
                """
                    .trimIndent()
            val python = ProcessBuilder(python3, "-c", script)
            python.withPiped(mapOf(3 to theirs.rx(), 4 to theirs.tx())) { child ->
                launch { mine.tx().open().use { it.writeLines((1..count).map { i -> "line $i" }) } }
                mine.rx().open().use { answers ->
                    for (i in 1..count) assertEquals("echo line $i", answers.readLine())
                    assertNull(answers.readLine())
                }
                assertEquals("", child.stderr.readText())
                assertEquals(0, child.awaitExit())
            }
        }

    @Test
    @DisplayName("E05 a headless Chromium answers JSON that ends in NUL on descriptors 3 and 4")
    fun chromium() =
        runBlocking<Unit> {
            val chromium = requireProgram("chromium", "chromium-browser", "google-chrome")
            val (mine, theirs) = aioDuplex()
            val browser =
                ProcessBuilder(
                    chromium,
                    "--remote-debugging-pipe",
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--user-data-dir=${directory.resolve("profile")}",
                )
            browser.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD)
            browser.withPiped(mapOf(3 to theirs.rx(), 4 to theirs.tx())) { child ->
                val requests = mine.tx().open()
                val answers = mine.rx().open()
                suspend fun ask(id: Int, method: String): String {
                    requests.write("{\"id\":$id,\"method\":\"$method\"}\u0000")
                    while (true) { // events come in between
                        val answer = answers.readUntil(0).decodeToString()
                        if (answer.startsWith("{\"id\":$id,")) return answer
                    }
                }
                assertTrue("Chrome" in ask(1, "Browser.getVersion"))
                assertTrue("\"targetInfos\"" in ask(2, "Target.getTargets"))
                ask(3, "Browser.close")
                requests.close()
                answers.readAll()
                answers.close()
                child.awaitExit()
            }
        }
}
