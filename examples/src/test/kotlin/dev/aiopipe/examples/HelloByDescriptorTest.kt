package dev.aiopipe.examples

import dev.aiopipe.withPiped
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class HelloByDescriptorTest {
    @Test
    @DisplayName("a JVM child answers on descriptor 4 what it is asked on 3")
    fun greets() =
        runBlocking<Unit> {
            example("HelloByDescriptorKt").withPiped { hello ->
                assertEquals("hello, world", hello.stdout.readLine())
                assertEquals("hello, pipe", hello.stdout.readLine())
                assertEquals("meanwhile on stdout: anything at all", hello.stdout.readLine())
                assertNull(hello.stdout.readLine())
                assertEquals(0, hello.awaitExit())
            }
        }
}
