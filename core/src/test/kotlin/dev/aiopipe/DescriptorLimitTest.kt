package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.Descriptors
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import java.io.File
import java.io.FileInputStream
import java.io.IOException
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** A JVM has 100 or so with this class path; a start needs up to 20 at a time. */
private const val FEW_DESCRIPTORS = "ulimit -n 256 && exec \"\$@\""

@ExtendWith(NothingLeft::class)
class DescriptorLimitTest {
    @Test
    @DisplayName("E23 at the limit of descriptors: an IOException, nothing leaked, and it works again afterwards")
    fun descriptorLimit() =
        runBlocking<Unit> {
            val program = jvm(AtTheLimit::class.java).under(FEW_DESCRIPTORS)
            val outcome =
                program.redirectErrorStream(true).withPiped { child ->
                    child.stdin.close()
                    child.stdout.lines().toList() to child.awaitExit()
                }
            assertEquals(listOf("works again") to 0, outcome)
        }

    @Test
    @DisplayName(
        "E23 the first adoption at the limit: an IOException or a thread, stdin as it was, and it works afterwards"
    )
    fun firstAdoptionAtTheLimit() =
        runBlocking<Unit> {
            val program = jvm(AdoptionAtTheLimit::class.java).under(FEW_DESCRIPTORS)
            program.withPiped { child ->
                for (answer in listOf("early: no room taken", "at the limit: THREAD", "behind it: SELECTOR")) {
                    child.stdin.writeLine(answer.substringBefore(':')) // one by one: a closed reader has read ahead
                    assertEquals(answer, child.stdout.readLine() ?: child.stderr.readText())
                }
            }
        }

    @Test
    @DisplayName("E23 the first use of a channel at the limit, by stdin: an IOException, and channels work afterwards")
    fun firstUseAtTheLimit() =
        runBlocking<Unit> {
            val program = jvm(FirstUseAtTheLimit::class.java).under(FEW_DESCRIPTORS)
            assertEquals("a line", program.runPiped("a line\n".toByteArray()).orThrow().stdoutText().trim())
        }

    /** The program: opens stdin before it has used a channel, with 0, 1, 2 … descriptors left. */
    object FirstUseAtTheLimit {
        @JvmStatic
        fun main(args: Array<String>) =
            runBlocking<Unit> {
                load(PipeLoop::class.java) { true }
                load(DescriptorLimitTest::class.java) { "DescriptorLimitTest" in it }
                var left = 0
                var reader: PipeReader? = null
                while (reader == null) {
                    val fillers = exhaust()
                    repeat(left++) { fillers.removeLast().close() }
                    val outcome = runCatching { ReadEnd.stdin().open() }
                    fillers.forEach { it.close() }
                    outcome.onSuccess { reader = it }
                    outcome.onFailure { if (it !is IOException) throw it }
                }
                check(left in 5..30) { "it worked with ${left - 1}" }
                aioPipe().close()
                reader?.use { println(it.readLine()) }
            }

        /** For the classes of a directory there is no descriptor later. Initializes none. */
        private fun load(of: Class<*>, wanted: (String) -> Boolean) {
            val root = File(of.protectionDomain.codeSource.location.toURI())
            root
                .walk()
                .filter { it.extension == "class" && it.name != "module-info.class" && wanted(it.name) }
                .map { it.relativeTo(root).path.removeSuffix(".class").replace('/', '.') }
                .forEach { Class.forName(it, false, of.classLoader) }
        }
    }

    /** The program: reads a line of stdin with 0, 1, 2 … descriptors left. */
    object AdoptionAtTheLimit {
        @JvmStatic
        fun main(args: Array<String>) =
            runBlocking<Unit> {
                AtTheLimit.loadClasses()
                for (name in
                    listOf(
                        "linux.NativeAccess",
                        "linux.LibC",
                        "linux.LibC\$Binding",
                        "linux.DescriptorHeadroom",
                        "transport.StdinBootstrap\$Adopted",
                    )) {
                    Class.forName("dev.aiopipe.engine.$name", false, javaClass.classLoader)
                }
                System.getLogger("dev.aiopipe").log(System.Logger.Level.WARNING, "reads its configuration")
                ReadEnd.stdin().open().use { println("${it.readLine()}: no room taken") }
                val stdin = Descriptors.open()[0]
                var left = 0
                var line: String? = null
                while (line == null) {
                    val fillers = exhaust()
                    repeat(left++) { fillers.removeLast().close() }
                    val outcome = runCatching { ReadEnd.stdin().open().use { "${it.readLine()}: ${it.mode}" } }
                    fillers.forEach { it.close() }
                    check(Descriptors.open()[0] == stdin) { "${Descriptors.open()} for $stdin" }
                    outcome.onSuccess { line = it }
                    outcome.onFailure { if (it !is IOException) throw it }
                }
                // usually with 1 or more; with 0 if one was closed in the background since: both are as promised
                check(left <= 10) { "it worked with ${left - 1}" }
                println(line)
                ReadEnd.stdin().open().use { println("${it.readLine()}: ${it.settledMode()}") }
            }
    }

    /** The program: starts children and makes pipes with 0, 1, 2 … descriptors left. */
    object AtTheLimit {
        @JvmStatic
        fun main(args: Array<String>) =
            runBlocking<Unit> {
                loadClasses()
                val before = Descriptors.open()
                var left = 0
                var refused = 0
                do {
                    val fillers = exhaust()
                    repeat(left++) { fillers.removeLast().close() }
                    val outcome = runCatching { talk() }
                    fillers.forEach { it.close() }
                    outcome.onFailure {
                        if (it !is IOException) throw it
                        refused++
                    }
                    val what = "with ${left - 1} descriptors left nothing is leaked: $before, and $outcome"
                    Await.until(what, { Descriptors.open() }) { before.entries.containsAll(it.entries) }
                    Await.until("no child is left") { ProcessHandle.current().children().noneMatch { it.isAlive } }
                } while (outcome.isFailure)
                check(refused in 5..40) { "$refused starts were refused" }
                talk()
                println("works again")
            }

        /** For which there is no descriptor later. */
        suspend fun loadClasses() {
            talk()
            fail { ProcessBuilder("no-such-program").startPiped() }
            fail { FileInputStream("/no/such/file").close() }
        }

        private suspend fun talk() {
            ProcessBuilder("cat").startPiped().use { cat ->
                cat.stdin.writeLine("hello")
                check(cat.stdout.readLine() == "hello")
                cat.stop()
            }
            aioPipe().use { pipe ->
                pipe.tx().open().use { it.writeLine("hello") }
                pipe.rx().open().use { check(it.readLine() == "hello") }
            }
        }

        private suspend fun fail(block: suspend () -> Unit) {
            check(runCatching { block() }.exceptionOrNull() is IOException)
        }
    }
}

private fun exhaust(): MutableList<FileInputStream> {
    val fillers = mutableListOf<FileInputStream>()
    while (true) {
        try {
            fillers += FileInputStream("/dev/null")
        } catch (_: IOException) {
            return fillers
        }
    }
}
