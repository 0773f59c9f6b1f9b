package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Path
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** What the builder of a child says about it holds. */
@ExtendWith(NothingLeft::class)
class BuilderTest {
    @TempDir lateinit var directory: Path

    @Test
    @DisplayName("what the builder redirects stays so: its readers are at their end, its writer refuses")
    fun redirectsStay() =
        runBlocking<Unit> {
            val input = directory.resolve("in").apply { writeText("from a file\n") }.toFile()
            val output = directory.resolve("out").toFile()
            val errors = directory.resolve("err").toFile()
            val builder = sh("cat; echo oh >&2").redirectInput(input).redirectOutput(output).redirectError(errors)
            val redirects = listOf(builder.redirectInput(), builder.redirectOutput(), builder.redirectError())
            builder.startPiped().use { child ->
                assertNull(child.stdout.readLine())
                assertNull(child.stderr.readLine())
                val refusal = assertThrowsSuspending<IllegalStateException> { child.stdin.writeLine("x") }
                assertTrue("stdin is redirected: " in refusal.message!!, refusal.message)
                assertTrue("$input" in refusal.message!!, refusal.message)
                assertEquals(0, child.awaitExit())
                child.stdin.close()
                child.stdin.awaitClosed()
            }
            assertEquals("from a file\n", output.readText())
            assertEquals("oh\n", errors.readText())
            assertEquals(redirects, listOf(builder.redirectInput(), builder.redirectOutput(), builder.redirectError()))
        }

    @Test
    @DisplayName("a redirect that appends, and DISCARD")
    fun redirectsThatAppendAndDiscard() =
        runBlocking<Unit> {
            val output = directory.resolve("log").apply { writeText("before\n") }.toFile()
            val builder = sh("echo \$0; echo oh >&2", "x").redirectOutput(Redirect.appendTo(output))
            builder.redirectError(Redirect.DISCARD)
            repeat(2) { builder.startPiped().use { assertEquals(0, it.awaitExit()) } }
            assertEquals("before\nsh\nsh\n", output.readText())
        }

    @Test
    @DisplayName("redirectErrorStream: stderr comes with stdout, in the order of the writes")
    fun redirectErrorStream() =
        runBlocking<Unit> {
            val builder = sh("echo 1; echo 2 >&2; echo 3; echo 4 >&2").redirectErrorStream(true)
            repeat(2) {
                builder.startPiped().use { child ->
                    assertEquals("1\n2\n3\n4\n", child.stdout.readText())
                    assertEquals("", child.stderr.readText())
                }
            }
            assertTrue(builder.redirectErrorStream())
            assertSame(Redirect.PIPE, builder.redirectError())
        }

    @Test
    @DisplayName("redirectErrorStream with stdout in a file")
    fun redirectErrorStreamIntoAFile() =
        runBlocking<Unit> {
            val output = directory.resolve("both").toFile()
            sh("echo 1; echo 2 >&2").redirectErrorStream(true).redirectOutput(output).startPiped().use { child ->
                assertNull(child.stdout.readLine())
                assertNull(child.stderr.readLine())
                assertEquals(0, child.awaitExit())
            }
            assertEquals("1\n2\n", output.readText())
        }

    @Test
    @DisplayName("a builder can be used again, by the JDK too, and by several starts at the same time")
    fun builderCanBeUsedAgain() =
        runBlocking<Unit> {
            val builder = sh("read line; echo \$line; echo oh >&2")
            val children = List(20) { async(Dispatchers.IO) { builder.startPiped() } }.awaitAll()
            children.forEachIndexed { i, child ->
                child.use {
                    it.stdin.writeLine("$i")
                    assertEquals("$i", it.stdout.readLine())
                    assertEquals("oh", it.stderr.readLine())
                }
            }
            val process = builder.start()
            process.outputStream.use { it.write("plain\n".toByteArray()) }
            assertEquals("plain\n", process.inputStream.use { String(it.readAllBytes()) })
            process.errorStream.close()
            assertEquals(0, process.waitFor())
        }

    @Test
    @DisplayName("environment and directory of the builder are the child's")
    fun environmentAndDirectory() =
        runBlocking<Unit> {
            val builder = sh("echo \"\$GREETING\"; pwd -P").directory(directory.toFile())
            builder.environment()["GREETING"] = "hello there"
            builder.startPiped().use { child ->
                assertEquals("hello there", child.stdout.readLine())
                assertEquals(directory.toRealPath().toString(), child.stdout.readLine())
            }
        }
}
