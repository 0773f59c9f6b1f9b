package dev.aiopipe.examples

import dev.aiopipe.withPiped
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class StdinEchoTest {
    @Test
    @DisplayName("lines come back one by one, until quit")
    fun endsOnQuit() =
        runBlocking<Unit> {
            example("StdinEchoKt").withPiped { echo ->
                for (line in listOf("one", "", "drei \u20ac")) {
                    echo.stdin.writeLine(line)
                    assertEquals(line, echo.stdout.readLine())
                }
                echo.stdin.writeLine("quit")
                assertNull(echo.stdout.readLine())
                assertEquals(0, echo.awaitExit())
            }
        }

    @Test
    @DisplayName("the end of stdin is the end; a last line without its line end counts")
    fun endsAtTheEnd() =
        runBlocking<Unit> {
            example("StdinEchoKt").withPiped { echo ->
                echo.stdin.use { it.write("one\ntwo") }
                assertEquals("one\ntwo\n", echo.stdout.readText())
                assertEquals(0, echo.awaitExit())
            }
        }

    @Test
    @DisplayName("a stdin that stays open and silent is left after a time")
    fun endsOnSilence() =
        runBlocking<Unit> {
            example("StdinEchoKt", "0.3").withPiped { echo ->
                assertEquals("nothing came for 300ms", echo.stdout.readLine())
                assertEquals(0, echo.awaitExit())
            }
        }
}
