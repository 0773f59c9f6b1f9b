package dev.aiopipe.examples

import dev.aiopipe.aioPipe
import dev.aiopipe.open
import dev.aiopipe.withPiped
import java.nio.file.Path
import kotlin.io.path.readText
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test

class ReadmeTest {
    @Test
    @DisplayName("the README shows exactly the snippets that are compiled here")
    fun readmeShowsTheSnippets() {
        assertShows("README.md", "kotlin", listOf("ReadmeSnippets.kt"))
        assertShows("README.md", "java", listOf("HelloFromJava", "StdinFilter", "Supervisor").map { "$it.java" })
    }

    @Test
    @DisplayName("docs/recipes.md shows exactly the recipes that are compiled here")
    fun recipesShowTheSources() {
        val sections = listOf("Running", "Talking", "Ending", "Streams", "Serving").map { "recipes/$it" }
        assertShows("docs/recipes.md", "kotlin", sections.map { "$it.kt" })
        assertShows("docs/recipes.md", "java", sections.map { "$it.java" })
    }

    /** The blocks of the document are those between the markers of the sources, in the same order. */
    private fun assertShows(document: String, language: String, sources: List<String>) {
        val compiled = sources.flatMap {
            blocks(Path.of("src/main/$language/dev/aiopipe/examples/$it").readText(), "// begin\n", "// end")
        }
        assertEquals(compiled, blocks(Path.of("../$document").readText(), "```$language\n", "```"))
    }

    private fun blocks(text: String, begin: String, end: String) =
        text.split(begin).drop(1).map { it.substringBefore(end).trimIndent().trim() }

    @Test
    @DisplayName("the snippets do what the README says")
    fun snippetsWork() = runBlocking {
        talk()
        assertEquals("hello", inside())
        greeting()
        assertEquals(listOf("a", "b", "c"), sorted(listOf("c", "a", "b")))
        val converter = ProcessBuilder("sh", "-c", "echo converting >&2; read x; echo \"got \$x\"; cat")
        assertEquals("got hello", convert(converter, "hello"))
        assertEquals(listOf("one", "two"), askAll(ProcessBuilder("cat"), listOf("one", "two")))
        ProcessBuilder("echo", "last").withPiped {
            assertEquals("last", nextLine(it))
            assertNull(nextLine(it))
        }
        val (rx, tx) = aioPipe()
        tx.open().use { it.write("5\nhello") }
        rx.open().use { assertEquals("hello", String(it.readMessage())) }
        assertEquals(2, countLatin1Lines(ProcessBuilder("printf", "\\344\\n\\366\\n")))
    }
}
