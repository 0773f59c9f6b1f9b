package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.nio.file.Path
import java.security.MessageDigest
import java.util.Random
import kotlin.io.path.writeBytes
import kotlin.io.path.writeText
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** A program that speaks lines and counted bytes in turn: `git cat-file --batch`. */
@ExtendWith(NothingLeft::class)
class GitCatFileTest {
    private class GitObject(val name: String, val type: String, val content: ByteArray)

    @TempDir lateinit var repository: Path

    private lateinit var names: List<String>

    @BeforeEach
    fun fillRepository() =
        runBlocking<Unit> {
            requireProgram("git")
            git("init", "-q")
            val random = Random(17)
            // empty; a line end at the very end, and none; what a pipe, or a buffer here, holds, and one byte more or
            // less
            for (size in listOf(0, 1, 8_191, 8_192, 8_193, 65_535, 65_536, 65_537, 1_000_000)) {
                repository.resolve("of-$size").writeBytes(ByteArray(size).also { random.nextBytes(it) })
            }
            repository.resolve("text").writeText("0123456789012345678901234567890123456789 blob 5\nhello\n")
            for (i in 1..50) {
                repository.resolve("changing").writeText("version $i\r\n")
                git("add", "-A")
                git("commit", "-q", "-m", "change $i")
            }
            git("tag", "-a", "-m", "a tag is an object, too", "v1")
            names =
                git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").lines().filter { it.isNotEmpty() }
            assertTrue(names.size > 150, "${names.size} objects")
        }

    private fun gitBuilder(vararg args: String) =
        ProcessBuilder("git", *args).directory(repository.toFile()).apply {
            environment() +=
                mapOf(
                    "GIT_CONFIG_GLOBAL" to "/dev/null",
                    "GIT_CONFIG_NOSYSTEM" to "1",
                    "GIT_AUTHOR_NAME" to "A",
                    "GIT_AUTHOR_EMAIL" to "a@example.org",
                    "GIT_COMMITTER_NAME" to "C",
                    "GIT_COMMITTER_EMAIL" to "c@example.org",
                )
        }

    private suspend fun git(vararg args: String): String =
        gitBuilder(*args).redirectErrorStream(true).withPiped { git ->
            git.stdin.close()
            val output = git.stdout.readText()
            assertEquals(0, git.awaitExit(), output)
            output
        }

    private suspend fun PipeReader.readObject(): GitObject? = atomically {
        val header = readLine() ?: return@atomically null
        val (name, type, size) = header.split(' ')
        GitObject(name, type, readExactly(size.toInt())).also {
            assertEquals('\n'.code, readExactly(1).single().toInt())
        }
    }

    private fun check(expected: String, seen: GitObject?) {
        checkNotNull(seen) { "the end came before $expected" }
        assertEquals(expected, seen.name)
        val hash = MessageDigest.getInstance("SHA-1")
        hash.update("${seen.type} ${seen.content.size}\u0000".toByteArray())
        assertEquals(expected, hash.digest(seen.content).joinToString("") { "%02x".format(it) })
    }

    @Test
    @DisplayName("R34 every object of a repository, asked for one by one")
    fun oneByOne() =
        runBlocking<Unit> {
            gitBuilder("cat-file", "--batch").withPiped { git ->
                for (name in names) {
                    git.stdin.writeLine(name)
                    check(name, git.stdout.readObject())
                    assertEquals(0, git.stdout.buffered)
                }
                git.stdin.writeLine("no-such-object")
                assertEquals("no-such-object missing", git.stdout.readLine())
                git.stdin.close()
                assertNull(git.stdout.readObject())
                assertEquals(0, git.awaitExit())
            }
        }

    @Test
    @DisplayName("R34 every object of a repository, asked for all at once and read as they come")
    fun allAtOnce() =
        runBlocking<Unit> {
            gitBuilder("cat-file", "--batch", "--buffer").withPiped { git ->
                launch { git.stdin.use { it.writeLines(names) } }
                for (name in names) check(name, git.stdout.readObject())
                assertNull(git.stdout.readObject())
            }
        }

    @Test
    @DisplayName("R29 bodies read from within the collection of the headers")
    fun bodiesWithinLines() =
        runBlocking<Unit> {
            gitBuilder("cat-file", "--batch").withPiped { git ->
                launch { git.stdin.use { it.writeLines(names) } }
                val expected = names.iterator()
                git.stdout.lines().collect { header ->
                    val (name, type, size) = header.split(' ')
                    check(expected.next(), GitObject(name, type, git.stdout.readExactly(size.toInt())))
                    git.stdout.readExactly(1)
                }
                assertFalse(expected.hasNext())
            }
        }

    @Test
    @DisplayName("R34 cancelled between header and body, object for object: the next reader gets both")
    fun cancelledBetweenHeaderAndBody() =
        runBlocking<Unit> {
            gitBuilder("cat-file", "--batch").withPiped { git ->
                for (name in names) {
                    git.stdin.writeLine(name)
                    val job =
                        launch(start = CoroutineStart.UNDISPATCHED) {
                            git.stdout.atomically<ByteArray> {
                                val size = readLine()!!.substringAfterLast(' ').toInt()
                                currentCoroutineContext().cancel()
                                readExactly(size)
                            }
                        }
                    job.join()
                    assertTrue(job.isCancelled)
                    check(name, git.stdout.readObject())
                }
            }
        }

    @Test
    @DisplayName("R23 cancelled while it waits for a body that is late: nothing of it is lost")
    fun cancelledWhileABodyIsLate() =
        runBlocking<Unit> {
            val script = "git cat-file --batch <\"\$1\" | { dd bs=1 count=60 2>/dev/null; read go <&3; cat; }"
            val large = names.maxBy { git("cat-file", "-s", it).trim().toInt() }
            val (rx, tx) = aioPipe()
            val go = rx.forChild()
            // stdin is the gate; what is asked for stands in a file
            val question = File(repository.toFile(), "question").apply { writeText("$large\n") }
            val builder = sh("exec 3<&0; $script", question.path).directory(repository.toFile())
            go.use { builder.redirectInput(it.redirect()).startPiped() }
                .use { child ->
                    val waiting = launch(Dispatchers.Default) { child.stdout.readObject() }
                    Await.until("the header is read, and the start of the body here") {
                        child.stdout.buffered == 60 - "$large blob 1000000\n".length
                    }
                    waiting.cancel()
                    waiting.join()
                    tx.open().use { it.writeLine("go") }
                    check(large, child.stdout.readObject())
                    assertEquals("", child.stderr.lines().toList().joinToString())
                }
        }
}
