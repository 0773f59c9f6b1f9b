package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.nio.file.Path
import kotlin.io.path.createDirectory
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(NothingLeft::class)
class DescriptorPassingTest {
    @TempDir lateinit var directory: Path

    @Test
    @DisplayName("E05 a child writes its descriptor 3 and reads its 4")
    fun threeAndFour() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val (theirs, mine) = aioPipe()
            sh("while read line <&4; do echo \"got \$line\" >&3; done").withPiped(mapOf(3 to tx, 4 to theirs)) { child
                ->
                val reader = rx.open()
                val writer = mine.open()
                for (i in 1..100) {
                    writer.writeLine("$i")
                    assertEquals("got $i", reader.readLine())
                }
                writer.close()
                assertNull(reader.readLine())
                reader.close()
                assertEquals(0, child.awaitExit())
            }
        }

    @Test
    @DisplayName("E05 descriptors 3 to 9 at once, in both directions, beside stdin and the outputs")
    fun threeToNine() =
        runBlocking<Unit> {
            val pipes = (3..9).associateWith { aioPipe() }
            val script =
                "n=0; for fd in /proc/\$\$/fd/*; do [ -e \"\$fd\" ] && n=\$((n + 1)); done; echo \$n; " +
                    "read in; read a <&4; read b <&6; read c <&8; " +
                    "echo \"\$a\" >&3; echo \"\$b\" >&5; echo \"\$c\" >&7; echo \"\$in\" >&9; echo err >&2"
            val passing = pipes.mapValues { (number, pipe) -> if (number % 2 == 0) pipe.rx() else pipe.tx() }
            sh(script).withPiped(passing) { child ->
                assertEquals("10", child.stdout.readLine())
                for (number in listOf(4, 6, 8)) pipes.getValue(number).tx().open().use { it.writeLine("by $number") }
                child.stdin.writeLine("by 0")
                for ((number, line) in mapOf(3 to "by 4", 5 to "by 6", 7 to "by 8", 9 to "by 0")) {
                    pipes.getValue(number).rx().open().use {
                        assertEquals(line, it.readLine())
                        assertNull(it.readLine())
                    }
                }
                assertEquals("err", child.stderr.readLine())
                assertEquals(0, child.awaitExit())
            }
        }

    @Test
    @DisplayName("E05 stdout and stderr swapped, and both into one pipe")
    fun outputsOverCross() =
        runBlocking<Unit> {
            val out = aioPipe()
            val err = aioPipe()
            val builder = sh("echo out; echo err >&2")
            out.tx().forChild().use { forOut ->
                err.tx().forChild().use { forErr ->
                    builder.redirectOutput(forErr.redirect()).redirectError(forOut.redirect())
                    builder.startPiped().use { it.awaitExit() }
                }
            }
            out.rx().open().use { assertEquals("err\n", it.readText()) }
            err.rx().open().use { assertEquals("out\n", it.readText()) }

            val both = aioPipe()
            both.tx().forChild().use { end ->
                builder.redirectOutput(end.redirect()).redirectError(end.redirect())
                builder.startPiped().use { it.awaitExit() }
            }
            both.rx().open().use { assertEquals("out\nerr\n", it.readText()) }
        }

    @Test
    @DisplayName("E05 a JVM child opens 3 and 4 with this library, and closing them closes the numbers")
    fun jvmChild() =
        runBlocking<Unit> {
            val (mine, theirs) = aioDuplex()
            adopting("answer on 3").withPiped(mapOf(3 to theirs.tx(), 4 to theirs.rx())) { child ->
                val requests = mine.tx().open()
                val answers = mine.rx().open()
                for (i in 1..100) {
                    requests.writeLine("$i")
                    assertEquals("answer to $i", answers.readLine())
                }
                requests.close()
                assertNull(answers.readLine())
                assertTrue(child.process.isAlive)
                answers.close()
                child.stdin.close()
                assertEquals(0, child.awaitExit())
            }
        }

    @Test
    @DisplayName("E06 a missing program with descriptors: an IOException that names it; six times")
    fun missingProgram() =
        runBlocking<Unit> {
            val unreadable = directory.resolve("program").toFile().also { it.writeText("#!/bin/sh") }
            for (program in listOf("no-such-program-here", "/no/such/program", "$unreadable", "$directory")) {
                repeat(6) {
                    val (rx, tx) = aioPipe()
                    val (theirs, mine) = aioPipe()
                    val builder = ProcessBuilder(program, "argument")
                    val failure =
                        assertThrowsSuspending<IOException> { builder.startPiped(mapOf(3 to tx, 4 to theirs)) }
                    assertTrue(program in failure.message!!, failure.message)
                    assertEquals(listOf(program, "argument"), builder.command())
                    assertEquals(Redirect.PIPE, builder.redirectInput())
                    assertThrowsSuspending<IllegalStateException> { tx.open() }
                    rx.open().use { assertNull(it.readLine()) }
                    mine.open().let { writer ->
                        assertThrowsSuspending<BrokenPipeException> { writer.write("x") }
                        writer.abort()
                    }
                }
            }
            val (rx, tx) = aioPipe()
            val elsewhere = sh(":").directory(File("/no/such/directory"))
            val failure = assertThrowsSuspending<IOException> { elsewhere.startPiped(mapOf(3 to tx)) }
            assertTrue("/no/such/directory" in failure.message!!, failure.message)
            rx.close()
        }

    @Test
    @DisplayName("E06 a child that is killed while it gets its descriptors fails the start, or ends behind it")
    fun childDiesEarly() =
        runBlocking<Unit> {
            repeat(10) {
                val (rx, tx) = aioPipe()
                val before = ProcessHandle.current().children().map { it.pid() }.toList().toSet()
                val start =
                    async(Dispatchers.Default) { runCatching { sh("exec sleep 1000").startPiped(mapOf(4 to tx)) } }
                val isNew = { child: ProcessHandle -> child.pid() !in before && child.isAlive }
                Await.until("the child is there") { ProcessHandle.current().children().anyMatch(isNew) }
                ProcessHandle.current().children().filter(isNew).forEach { it.destroyForcibly() }
                start
                    .await()
                    .onSuccess { child -> child.use { assertEquals(137, it.awaitExit()) } }
                    .onFailure { assertTrue(it is IOException, "$it") }
                rx.open().use { assertNull(it.readLine()) }
            }
        }

    @Test
    @DisplayName("E05 numbers other than 0 to 9, and streams that are used otherwise, are refused; the ends are closed")
    fun misuse() =
        runBlocking<Unit> {
            val refused =
                listOf<Triple<Int, ProcessBuilder, String>>(
                    Triple(-1, sh(":"), "descriptor not within 0 to 9: -1"),
                    Triple(10, sh(":"), "descriptor not within 0 to 9: 10"),
                    Triple(0, sh(":"), "a child reads descriptor 0: WriteEnd["),
                    Triple(1, sh(":").inheritIO(), "descriptor 1 is passed, and redirected by the builder: INHERIT"),
                    Triple(2, sh(":").redirectErrorStream(true), "descriptor 2 is passed, and merged with stdout"),
                )
            for ((number, builder, message) in refused) {
                val (rx, tx) = aioPipe()
                val failure =
                    assertThrowsSuspending<IllegalArgumentException> { builder.startPiped(mapOf(number to tx)) }
                assertTrue(failure.message!!.startsWith(message), failure.message)
                rx.open().use { assertNull(it.readLine()) }
            }
            val (rx, tx) = aioPipe()
            val failure = assertThrowsSuspending<IllegalArgumentException> { sh(":").startPiped(mapOf(1 to rx)) }
            assertTrue(failure.message!!.startsWith("a child writes descriptor 1: ReadEnd["), failure.message)
            tx.open().use { assertThrowsSuspending<BrokenPipeException> { it.write("x") } }
        }

    @Test
    @DisplayName("E05 the numbers 0 to 2 replace the pipes of the child's stdio")
    fun zeroToTwo() =
        runBlocking<Unit> {
            val input = aioPipe()
            val output = aioPipe()
            val errors = aioPipe()
            sh("cat; echo errors >&2; ls /proc/self/fd | wc -w >&2").withPiped(
                mapOf(0 to input.rx, 1 to output.tx, 2 to errors.tx)
            ) { child ->
                val refusal = assertThrowsSuspending<IllegalStateException> { child.stdin.write("x") }
                assertTrue(refusal.message!!.startsWith("stdin is redirected: ReadEnd["), refusal.message)
                assertNull(child.stdout.readLine())
                assertNull(child.stderr.readLine())
                input.tx.open().use { it.writeLine("through cat") }
                output.rx.open().use { assertEquals("through cat\n", it.readText()) }
                errors.rx.open().use {
                    assertEquals(listOf("errors", "4"), listOf(it.readLine(), it.readLine()?.trim()))
                }
                assertEquals(0, child.awaitExit())
            }
            val only = aioPipe()
            sh("cat; echo errors >&2").withPiped(mapOf(2 to only.tx)) { child -> // the others are pipes as ever
                child.stdin.use { it.writeLine("line") }
                assertEquals("line\n", child.stdout.readText())
                only.rx.open().use { assertEquals("errors\n", it.readText()) }
            }
        }

    @Test
    @DisplayName("E05 one end under several numbers is one pipe, whose end comes after the child's")
    fun oneEndTwice() =
        runBlocking<Unit> {
            for (numbers in listOf(listOf(1, 2), listOf(3, 4), listOf(1, 2, 5))) {
                val (rx, tx) = aioPipe()
                sh(numbers.joinToString("; ") { "echo by $it >&$it" }).withPiped(numbers.associateWith { tx }) { child
                    ->
                    assertEquals(
                        numbers.map { "by $it" } + null,
                        rx.open().use { r -> List(numbers.size + 1) { r.readLine() } },
                    )
                    assertEquals(0, child.awaitExit())
                }
                assertThrowsSuspending<IllegalStateException> { tx.open() }
            }
        }

    @Test
    @DisplayName("E05 a FIFO as stdin and stdout: the start does not wait for its other side")
    fun fifoAsStdio() =
        runBlocking<Unit> {
            val there = directory.fifo("there")
            val back = directory.fifo("back")
            sh("exec cat").withPiped(mapOf(0 to ReadEnd.fifo(there), 1 to WriteEnd.fifo(back))) { child ->
                WriteEnd.fifo(there).open().use { writer ->
                    ReadEnd.fifo(back).open().use { reader ->
                        writer.writeLine("through both")
                        assertEquals("through both", reader.readLine())
                    }
                }
                child.awaitExit()
            }
        }

    @Test
    @DisplayName("E05 stderr that the builder merges goes where stdout is passed to, a pipe or a FIFO")
    fun mergedErrors() =
        runBlocking<Unit> {
            val script = sh("echo out; echo err >&2").redirectErrorStream(true)
            val (rx, tx) = aioPipe()
            script.withPiped(mapOf(1 to tx)) { assertEquals("out\nerr\n", rx.open().use { it.readText() }) }
            val fifo = directory.fifo("merged")
            script.withPiped(mapOf(1 to WriteEnd.fifo(fifo))) { child ->
                assertEquals("out\nerr\n", ReadEnd.fifo(fifo).open().use { it.readText() })
                assertEquals(0, child.awaitExit())
            }
        }

    @Test
    @DisplayName("E06 a start that fails closes the ends of 0 to 2")
    fun failedStartWithStdio() =
        runBlocking<Unit> {
            val input = aioPipe()
            val output = aioPipe()
            val passing = mapOf(0 to input.rx, 1 to output.tx, 2 to output.tx)
            assertThrowsSuspending<IOException> { ProcessBuilder("no-such-program-here").startPiped(passing) }
            output.rx.open().use { assertNull(it.readLine()) }
            input.tx.open().use { assertThrowsSuspending<BrokenPipeException> { it.write("x") } }
        }

    @Test
    @DisplayName("hostile arguments arrive as they are")
    fun hostileArguments() =
        runBlocking<Unit> {
            val hostile =
                listOf(
                    "",
                    " ",
                    "-n",
                    "--",
                    "-c",
                    "$(touch pwned)",
                    "`touch pwned`",
                    "'",
                    "\"",
                    "\\",
                    "a'b\"c\\d",
                    "\n",
                    "a\nb\n",
                    "\$HOME",
                    "\${PPID}",
                    "*",
                    "~",
                    ";exit 1",
                    "&& false",
                    "|cat",
                    ">file",
                    "\u0001\u007f",
                    "\u00e4\u20ac\ud83d\ude00",
                    "x=y",
                    "%s%n",
                )
            val (rx, tx) = aioPipe()
            val printer = sh("for a; do printf '%s\\0' \"\$a\"; done >&3", *hostile.toTypedArray())
            printer.directory(directory.toFile()).withPiped(mapOf(3 to tx)) { child ->
                rx.open().use { assertEquals(hostile, it.readText().split('\u0000').dropLast(1)) }
                assertEquals(0, child.awaitExit())
            }
            assertEquals(listOf<String>(), directory.toFile().list()!!.toList())
        }

    @Test
    @DisplayName("hostile names of programs and directories are taken as they are")
    fun hostileProgram() =
        runBlocking<Unit> {
            for (name in listOf("a b", "x=y", "-n", "\$(touch pwned)", "it's")) {
                val place = directory.resolve(name).createDirectory()
                val program = place.resolve(name).toFile()
                program.writeText("#!/bin/sh\npwd; echo \"\$1\" >&3\n")
                program.setExecutable(true)
                for (command in listOf("$program", "./$name")) {
                    val (rx, tx) = aioPipe()
                    ProcessBuilder(command, "argument").directory(place.toFile()).withPiped(mapOf(3 to tx)) { child ->
                        rx.open().use { assertEquals("argument", it.readLine()) }
                        assertEquals("$place", child.stdout.readLine())
                        assertEquals(0, child.awaitExit())
                    }
                }
            }
        }

    @Test
    @DisplayName("E27 the child's environment is exactly the builder's")
    fun environment() =
        runBlocking<Unit> {
            for (inherits in listOf(false, true)) {
                val builder = ProcessBuilder("cat", "/proc/self/environ")
                if (!inherits) builder.environment().clear()
                val strange =
                    listOf(
                        "a.b",
                        "X-Y",
                        "1A",
                        "IFS",
                        "PPID",
                        "PS1",
                        "PS4",
                        "PWD",
                        "OLDPWD",
                        "SHLVL",
                        "_",
                        "LINENO",
                        "OPTIND",
                    )
                strange.forEach { builder.environment()[it] = "value of $it" }
                builder.environment() +=
                    mapOf(
                        "EMPTY" to "",
                        "E.MPTY" to "",
                        "NEWLINE" to "a\nb\n",
                        "N.L" to "a\nb",
                        "EQUALS" to "a=b=c",
                        "-u" to "no option",
                        "--" to "no end",
                        "GREEK" to "\u03b1",
                        "\u03b2" to "beta",
                        "with space" to "x y",
                        "\$(id)" to "\$(id)",
                        "ENV" to "$directory/env",
                        "BASH_ENV" to "$directory/env",
                        "LD" to "'\"",
                    )
                directory.resolve("env").toFile().writeText("echo from the startup file; exit 1\n")
                val expected = builder.environment().map { (name, value) -> "$name=$value" }.sorted()
                val (rx, tx) = aioPipe()
                builder.withPiped(mapOf(3 to tx)) { child ->
                    assertEquals(expected, child.stdout.readText().split('\u0000').dropLast(1).sorted())
                    assertEquals("", child.stderr.readText())
                }
                rx.close()
                assertEquals(expected, builder.environment().map { (name, value) -> "$name=$value" }.sorted())
            }
        }

    @Test
    @DisplayName("redirects and redirectErrorStream of the builder stay beside passed descriptors")
    fun redirects() =
        runBlocking<Unit> {
            val file = directory.resolve("out").toFile()
            val (rx, tx) = aioPipe()
            sh("echo out; echo err >&2; echo three >&3").redirectErrorStream(true).redirectOutput(file).withPiped(
                mapOf(3 to tx)
            ) {
                rx.open().use { three -> assertEquals("three\n", three.readText()) }
                assertEquals(0, it.awaitExit())
            }
            assertEquals("out\nerr\n", file.readText())
        }

    @Test
    @DisplayName("E20 sixty children at once: each has its own descriptor 3, and no other of ours")
    fun sixtyAtOnce() =
        runBlocking<Unit> {
            List(60) { i ->
                    async(Dispatchers.Default) {
                        val (mine, theirs) = aioDuplex()
                        val script =
                            "n=0; for fd in /proc/\$\$/fd/*; do [ -e \"\$fd\" ] && n=\$((n + 1)); done; echo \$n; " +
                                "echo \"\$1\" >&3; read line <&4; echo \"\$line\" >&3"
                        sh(script, "child $i").withPiped(mapOf(3 to theirs.tx(), 4 to theirs.rx())) { child ->
                            val reader = mine.rx().open()
                            val writer = mine.tx().open()
                            assertEquals("5", child.stdout.readLine())
                            assertEquals("child $i", reader.readLine())
                            writer.writeLine("to $i")
                            assertEquals("to $i", reader.readLine())
                            assertNull(reader.readLine())
                            writer.close()
                            reader.close()
                            assertEquals(0, child.awaitExit())
                        }
                    }
                }
                .awaitAll()
        }

    @Test
    @DisplayName("E06 a start with descriptors that is cancelled leaves no child and no descriptor")
    fun cancelledStart() =
        runBlocking<Unit> {
            repeat(10) {
                val (rx, tx) = aioPipe()
                var early: PipedProcess? = null
                val start =
                    launch(start = CoroutineStart.UNDISPATCHED) {
                        early = sh("exec sleep 1000").startPiped(mapOf(3 to tx))
                    }
                start.cancel()
                start.join()
                early?.close() // it was through before the cancellation
                rx.open().use { assertNull(it.readLine()) }
            }
        }
}
