package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

/** A JVM that was started without some of 0 to 2 has files of its own there: nobody must read or write these. */
@ExtendWith(NothingLeft::class)
class ClosedStandardsTest {
    @ParameterizedTest
    @ValueSource(strings = ["<&-", "0>/dev/null"])
    @DisplayName("without a stdin to read, this process and its children are at its end")
    fun stdin(without: String) =
        runBlocking<Unit> {
            for (fallback in listOf(false, true)) {
                adopting("hand stdin on", fallback = fallback).under("exec \"$@\" $without").withPiped { program ->
                    assertEquals("read here: 0", program.stdout.readLine())
                    assertEquals("by a child: 0", program.stdout.readLine())
                    assertEquals("by a child of an inheriting builder: 0", program.stdout.readLine())
                    assertEquals("as number 3: 0", program.stdout.readLine())
                    val failure = if (without == "<&-") "descriptor 0 is not open" else null // that one can be written
                    assertEquals("as a stdout: $failure", program.stdout.readLine())
                }
            }
        }

    @ParameterizedTest
    @ValueSource(ints = [1, 2])
    @DisplayName("a closed output can be neither opened nor handed to a child")
    fun outputs(number: Int) =
        runBlocking<Unit> {
            val other = 3 - number
            for (fallback in listOf(false, true)) {
                val builder = adopting("hand $number on to $other", fallback = fallback).under("exec \"$@\" $number>&-")
                builder.withPiped { program ->
                    val output = if (other == 1) program.stdout else program.stderr
                    repeat(4) { assertEquals("descriptor $number is not open", output.readLine()) }
                }
            }
        }
}
