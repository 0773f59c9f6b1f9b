package dev.aiopipe.examples

import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.readText
import kotlin.io.path.walk
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class ConformanceTest {
    @Test
    @DisplayName("docs/conformance.md has exactly the codes with which the display names of tests begin")
    fun codes() {
        val names = Regex("@DisplayName\\(\\s*\"((?:[A-Z]?\\d+ )+)")
        val used =
            listOf("core", "jvm-api", "examples")
                .flatMap { Path.of("..", it, "src/test").walk() }
                .filter { it.extension in setOf("java", "kt") }
                .flatMap { file -> names.findAll(file.readText()).flatMap { it.groupValues[1].trim().split(' ') } }
        val rows = Regex("^\\| ([A-Z]\\d\\d) \\|", RegexOption.MULTILINE)
        val explained = rows.findAll(Path.of("../docs/conformance.md").readText()).map { it.groupValues[1] }
        assertEquals(explained.toSortedSet(), used.toSortedSet())
    }
}
