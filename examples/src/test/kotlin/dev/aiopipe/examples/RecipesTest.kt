package dev.aiopipe.examples

import com.sun.net.httpserver.HttpServer
import dev.aiopipe.BrokenPipeException
import dev.aiopipe.LimitExceededException
import dev.aiopipe.PipeLoop
import dev.aiopipe.PipedProcess
import dev.aiopipe.ProcessFailedException
import dev.aiopipe.ProcessOutput
import dev.aiopipe.Signal
import dev.aiopipe.aioPipe
import dev.aiopipe.examples.recipes.Ending
import dev.aiopipe.examples.recipes.Running
import dev.aiopipe.examples.recipes.Serving
import dev.aiopipe.examples.recipes.Streams
import dev.aiopipe.examples.recipes.Talking
import dev.aiopipe.examples.recipes.ask
import dev.aiopipe.examples.recipes.build
import dev.aiopipe.examples.recipes.capture
import dev.aiopipe.examples.recipes.countLines
import dev.aiopipe.examples.recipes.download
import dev.aiopipe.examples.recipes.filesIn
import dev.aiopipe.examples.recipes.follow
import dev.aiopipe.examples.recipes.followFifo
import dev.aiopipe.examples.recipes.intoOnePipe
import dev.aiopipe.examples.recipes.labelled
import dev.aiopipe.examples.recipes.levels
import dev.aiopipe.examples.recipes.packAndSum
import dev.aiopipe.examples.recipes.parsed
import dev.aiopipe.examples.recipes.proxy
import dev.aiopipe.examples.recipes.python
import dev.aiopipe.examples.recipes.quoted
import dev.aiopipe.examples.recipes.readFrame
import dev.aiopipe.examples.recipes.respondEvents
import dev.aiopipe.examples.recipes.runAll
import dev.aiopipe.examples.recipes.runBy
import dev.aiopipe.examples.recipes.stopSoon
import dev.aiopipe.examples.recipes.through
import dev.aiopipe.examples.recipes.watch
import dev.aiopipe.examples.recipes.withServer
import dev.aiopipe.examples.recipes.writeFrame
import dev.aiopipe.jvm.AsyncPipes
import dev.aiopipe.open
import dev.aiopipe.runPiped
import dev.aiopipe.startPiped
import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.requireInterrupts
import dev.aiopipe.testkit.Programs.requireProgram
import dev.aiopipe.testkit.Programs.sh
import dev.aiopipe.withPiped
import io.ktor.server.cio.CIO
import io.ktor.server.engine.embeddedServer
import io.ktor.server.routing.get
import io.ktor.server.routing.routing
import java.io.EOFException
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.channels.ServerSocketChannel
import java.nio.file.Path
import java.util.concurrent.CompletionException
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executors
import java.util.concurrent.TimeoutException
import java.util.zip.GZIPInputStream
import kotlin.io.path.appendText
import kotlin.io.path.createDirectory
import kotlin.io.path.inputStream
import kotlin.io.path.moveTo
import kotlin.io.path.readText
import kotlin.io.path.writeText
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Nested
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** Runs the recipes of docs/recipes.md. */
@ExtendWith(NothingLeft::class)
class RecipesTest {
    @TempDir lateinit var directory: Path

    @Nested
    inner class Run {
        @Test
        @DisplayName("capture returns what came until the time was over")
        fun captureUntilTimeout() =
            runBlocking<Unit> {
                val hanging = sh("echo begun; exec sleep 1000")
                val kotlin = firstAfter { time -> capture(hanging, time) }
                assertTrue(Regex("""begun\n\[stopped after \S+]""").matches(kotlin), kotlin)
                val java = firstAfter { time -> Running.capture(hanging, time.toJavaDuration()) }
                assertTrue(Regex("""begun\n\[stopped after \S+]""").matches(java), java)
            }

        /** Doubles the time until it was enough for the child to write something. */
        private suspend fun firstAfter(recipe: suspend (Duration) -> String): String {
            var time = 100.milliseconds
            while (true) {
                recipe(time).let { if (it.startsWith("begun")) return it }
                time *= 2
            }
        }

        @Test
        @DisplayName("capture returns the whole output; a failure and too much output throw")
        fun captureAll() =
            runBlocking<Unit> {
                assertEquals("one\ntwo\n", capture(sh("echo one; echo two"), 1.hours))
                assertThrows<ProcessFailedException> { capture(sh("exit 3"), 1.hours) }
                assertThrows<LimitExceededException> { capture(ProcessBuilder("yes"), 1.hours) }
                val hour = 1.hours.toJavaDuration()
                assertEquals("one\n", Running.capture(sh("echo one"), hour))
                assertThrows<ProcessFailedException> { Running.capture(sh("exit 3"), hour) }
                val tooMuch = assertThrows<CompletionException> { Running.capture(ProcessBuilder("yes"), hour) }
                assertTrue(tooMuch.cause is LimitExceededException, "$tooMuch")
            }

        @Test
        @DisplayName("build keeps stdout and shows stderr with a prefix")
        fun buildShowsStderr() =
            runBlocking<Unit> {
                val compiler = sh("echo one; echo careful >&2; echo two; echo 'very careful' >&2")
                val shown = ConcurrentLinkedQueue<String>()
                assertEquals(listOf("one", "two"), build(compiler, 1.hours, shown::add))
                assertEquals(listOf("build: careful", "build: very careful"), shown.toList())
                shown.clear()
                assertEquals("one\ntwo\n", Running.build(compiler, 1.hours.toJavaDuration(), shown::add))
                assertEquals(listOf("build: careful", "build: very careful"), shown.toList())
            }

        @Test
        @DisplayName("build stops a program that takes too long, and reports a failed one")
        fun buildTakesTooLong() =
            runBlocking<Unit> {
                val hanging = sh("exec sleep 1000")
                assertThrows<TimeoutCancellationException> { build(hanging, 50.milliseconds) {} }
                val late =
                    assertThrows<CompletionException> { Running.build(hanging, 50.milliseconds.toJavaDuration()) {} }
                assertTrue(late.cause is TimeoutException, "$late")
                val failed = assertThrows<ProcessFailedException> { build(sh("echo bad >&2; exit 2"), 1.hours) {} }
                assertEquals("bad\n", failed.output().stderrText())
            }

        @Test
        @DisplayName("levels counts by a pipeline")
        fun levelsOfALog() =
            runBlocking<Unit> {
                val log = directory.resolve("log").apply { writeText("WARN a\nINFO b\nWARN c\n") }
                val counts = levels(log).lines().map { it.trim() }
                assertEquals(listOf("1 INFO", "2 WARN", ""), counts)
            }

        @Test
        @DisplayName("runAll runs no more children at once than it may")
        fun runAllWithinTheLimit() =
            runBlocking<Unit> {
                val present = directory.resolve("present").createDirectory()
                val count = "mkdir $present/\$1; ls $present | wc -l; rmdir $present/\$1"
                val programs = List(24) { sh(count, "$it") }
                assertCounts(runAll(programs, atOnce = 3))
                val outputs = ConcurrentLinkedQueue<ProcessOutput>()
                Running.runAll(programs, 3, outputs::add).await()
                assertCounts(outputs.toList())
            }

        private fun assertCounts(outputs: List<ProcessOutput>) {
            assertEquals(24, outputs.size)
            val counts = outputs.map { it.orThrow().stdoutText().trim().toInt() }
            assertTrue(counts.all { it in 1..3 }, "$counts")
        }

        @Test
        @DisplayName("runAll runs as many children at once as it may, and keeps the order")
        fun runAllSideBySide() =
            runBlocking<Unit> {
                val fifo = directory.resolve("fifo")
                Posix.makeFifo(fifo)
                val pair = listOf(sh("cat $fifo"), sh("echo hello > $fifo; echo written")) // each waits for the other
                assertEquals(listOf("hello\n", "written\n"), runAll(pair, atOnce = 2).map { it.stdoutText() })
                val outputs = ConcurrentLinkedQueue<String>()
                Running.runAll(pair, 2) { outputs.add(it.stdoutText()) }.await()
                assertEquals(setOf("hello\n", "written\n"), outputs.toSet())
                assertThrows<IOException> { runAll(listOf(sh("exec sleep 1000"), ProcessBuilder("/no/program"))) }
            }

        @Test
        @DisplayName("countLines reads each child on the thread of its loop")
        fun severalLoops() =
            runBlocking<Unit> {
                val loops = List(2) { PipeLoop.create("counting-$it") }
                try {
                    assertEquals(6, countLines(List(3) { sh("seq $it; seq $it") }, loops))
                    val running = Thread.getAllStackTraces().keys.map { it.name }
                    assertTrue(running.containsAll(listOf("counting-0", "counting-1")), "$running")
                } finally {
                    loops.forEach(PipeLoop::close)
                }
            }

        @Test
        @DisplayName("a prefix runs a command elsewhere, and ssh needs quoted words")
        fun prefixes() =
            runBlocking<Unit> {
                val words = listOf("printf", "%s|", "it's", "a \$HOME", "*", "")
                val printed = "it's|a \$HOME|*||"
                assertEquals(printed, runBy(listOf("env", "A=b"), words))
                // what ssh does with its arguments, and sshd with the line
                val remoteShell = listOf("sh", "-c", "exec sh -c \"$*\"", "ssh")
                assertEquals(printed, runBy(remoteShell, words.map(::quoted)))
            }
    }

    @Nested
    inner class Talk {
        @Test
        @DisplayName("through feeds more than a pipe holds while it reads")
        fun throughCat() =
            runBlocking<Unit> {
                val lines = List(50_000) { "line $it" }
                val kotlin = through(ProcessBuilder("cat"), lines.asFlow())
                assertTrue(kotlin == lines, "${kotlin.size} lines")
                val java = Talking.through(ProcessBuilder("cat"), lines).await().trim().lines()
                assertTrue(java == lines, "${java.size} lines")
                val head = ProcessBuilder("head", "-n", "1")
                assertThrows<BrokenPipeException> { through(head, lines.asFlow()) }
                assertEquals("line 0\n", Talking.through(head, lines).await())
            }

        @Test
        @DisplayName("the work begins when the server is ready, and the log continues")
        fun server() =
            runBlocking<Unit> {
                val program = sh("echo starting; echo ready; echo listening; exec sleep 1000")
                val log = ConcurrentLinkedQueue<String>()
                val seen =
                    withServer(program, log::add) {
                        while (log.isEmpty()) yield()
                        log.toList()
                    }
                assertEquals(listOf("listening"), seen)
                assertThrows<NoSuchElementException> { withServer(sh("echo failed"), log::add) {} }
            }

        @Test
        @DisplayName("in Java, too, the server is ready and its log continues")
        fun serverInJava() =
            runBlocking<Unit> {
                val log = ConcurrentLinkedQueue<String>()
                Talking.startServer(sh("echo starting; echo ready; echo listening; exec sleep 1000"), log::add)
                    .await()
                    .use { Await.until("the log", { log.toList() }, { it == listOf("listening") }) }
                val failure = assertThrows<EOFException> { Talking.startServer(sh("echo failed"), log::add).await() }
                assertTrue("end" in failure.message.orEmpty(), "$failure")
            }

        @Test
        @DisplayName("stderr is logged with the number of the process")
        fun stderrIsLogged() =
            runBlocking<Unit> {
                val log = ConcurrentLinkedQueue<String>()
                val worker = sh("echo \"\$\$ starts\" >&2; read question; echo \"\$\$ \$question\"; echo done >&2")
                val (pid, question) = ask(worker, "why", log::add)!!.split(' ')
                assertEquals("why", question)
                assertEquals(listOf("worker $pid: $pid starts", "worker $pid: done"), log.toList())
            }

        @Test
        @DisplayName("a progress bar's states come one by one")
        fun progress() =
            runBlocking<Unit> {
                val seen = mutableListOf<Int>()
                val program = sh("printf '#  1.5%%\\r## 50.0%%\\r###  100.0%%\\n' >&2; exit 7")
                assertEquals(7, watch(program, seen::add))
                assertEquals(listOf(1, 50, 100), seen)
            }

        @Test
        @DisplayName("the first state is seen while the line still grows")
        fun progressComesAtOnce() =
            runBlocking<Unit> {
                val fifo = directory.resolve("go")
                Posix.makeFifo(fifo)
                val seen = mutableListOf<Int>()
                val program = sh("printf '10%%\\r20%%\\r' >&2; cat $fifo >&2")
                watch(program) { state ->
                    seen += state
                    if (state == 20) fifo.writeText("30%\r") // the child writes this only now
                }
                assertEquals(listOf(10, 20, 30), seen)
            }

        @Test
        @DisplayName("curl downloads with a progress bar")
        fun curl() =
            runBlocking<Unit> {
                requireProgram("curl")
                val source = directory.resolve("source").apply { writeText("content\n") }
                val target = directory.resolve("target")
                assertEquals(0, download("file://$source", target))
                assertEquals("content\n", target.readText())
                assertEquals(37, download("file://$directory/nothing", target)) // can't be read
            }

        @Test
        @DisplayName("Python answers each statement, also an unfinished one")
        fun pythonAnswers() =
            runBlocking<Unit> {
                requireProgram("python3")
                val answers = python(listOf("6 * 7", "if True:", "  print('yes')", "", "nothing"))
                assertEquals(listOf("42\n", "", "", "yes\n"), answers.take(4))
                assertTrue("NameError" in answers.last(), answers.last())
            }

        @Test
        @DisplayName("names with line ends come whole")
        fun names() =
            runBlocking<Unit> {
                val files = listOf("plain", "two\nlines", " space").map { directory.resolve(it) }
                files.forEach { it.writeText("") }
                assertEquals(files.map { "$it" }.sorted(), filesIn(directory).sorted())
            }

        @Test
        @DisplayName("a frame whose read is cancelled is read whole later")
        fun frames() =
            runBlocking<Unit> {
                val (rx, tx) = aioPipe()
                rx.open().use { reader ->
                    tx.open().use { writer ->
                        writer.write(byteArrayOf(0, 0, 0, 5) + "hel".toByteArray())
                        val reading = launch { reader.readFrame() }
                        while (reader.buffered == 0) yield() // it has begun
                        reading.cancelAndJoin()
                        writer.write("lo".toByteArray())
                        writer.writeFrame("again".toByteArray())
                    }
                    assertEquals("hello", reader.readFrame().decodeToString())
                    assertEquals("again", reader.readFrame().decodeToString())
                }
            }

        @Test
        @DisplayName("a frame that is too long is refused before it comes, in Java, too")
        fun framesOverTheLimit() =
            runBlocking<Unit> {
                for (header in listOf(byteArrayOf(127, -1, -1, -1), byteArrayOf(-1, -1, -1, -1))) {
                    val (rx, tx) = aioPipe()
                    val (javaRx, javaTx) = aioPipe()
                    tx.open().use { writer ->
                        javaTx.open().use { javaWriter ->
                            writer.write(header)
                            javaWriter.write(header)
                            rx.open().use { assertThrows<IOException> { it.readFrame() } }
                            AsyncPipes.open(javaRx).await().use {
                                assertThrows<IOException> { Talking.readFrame(it, 1 shl 20).await() }
                            }
                        }
                    }
                }
            }

        @Test
        @DisplayName("in Java, too, a frame whose read is cancelled is read whole later")
        fun framesInJava() =
            runBlocking<Unit> {
                val (rx, tx) = aioPipe()
                AsyncPipes.open(rx).await().use { reader ->
                    tx.open().use { writer ->
                        writer.write(byteArrayOf(0, 0, 0, 5) + "hel".toByteArray())
                        val reading = Talking.readFrame(reader, 1 shl 20)
                        assertFalse(reading.isDone)
                        assertTrue(reading.cancel(true))
                        writer.write("lo".toByteArray())
                    }
                    assertEquals("hello", Talking.readFrame(reader, 1 shl 20).await().decodeToString())
                }
            }
    }

    @Nested
    inner class End {
        @Test
        @DisplayName("a child that ignores SIGTERM is killed, and one that does not is asked")
        fun stop() =
            runBlocking<Unit> {
                val stubborn = sh("trap '' TERM; echo up; exec sleep 1000")
                val obedient = sh("echo up; exec sleep 1000")
                assertEquals(137, up(stubborn) { stopSoon(it) })
                assertEquals(143, up(obedient) { stopSoon(it) })
                AsyncPipes.start(stubborn).await().use {
                    assertEquals("up", it.stdout().readLine().await())
                    assertEquals(137, Ending.stopSoon(it).await())
                }
            }

        private suspend fun up(program: ProcessBuilder, stop: suspend (PipedProcess) -> Int): Int =
            program.startPiped().use {
                assertEquals("up", it.stdout.readLine())
                stop(it)
            }

        @Test
        @DisplayName("the child ends with the JVM")
        fun startForLife() =
            runBlocking<Unit> {
                for (recipe in listOf("start for life", "start for life in Java")) {
                    // it ignores the end of its stdin, which comes in any case
                    recipe(recipe, "sleep", "1000").withPiped { jvm ->
                        val pid = jvm.stdout.readLine()!!.toLong()
                        assertTrue(isAlive(pid))
                        jvm.signal(Signal.TERM)
                        assertEquals(143, jvm.awaitExit())
                        Await.until("the child is gone") { !isAlive(pid) }
                    }
                }
            }

        @Test
        @DisplayName("the work cleans up before the JVM exits")
        fun runUntilExit() =
            runBlocking<Unit> {
                requireInterrupts()
                recipe("run until exit").withPiped { jvm ->
                    assertEquals("at work", jvm.stdout.readLine())
                    jvm.signal(Signal.INT)
                    val rest = jvm.stdout.lines().toList()
                    assertTrue("cleaned up" in rest, "$rest")
                    assertEquals(130, jvm.awaitExit())
                }
            }
    }

    @Nested
    inner class Connect {
        @Test
        @DisplayName("an answer counts, silence and the end of stdin are none")
        fun confirm() =
            runBlocking<Unit> {
                for (recipe in listOf("confirm", "confirm in Java")) {
                    assertEquals("sure?\ntrue\n", recipe(recipe, "3600").runPiped("yes\n").stdoutText())
                    assertEquals("sure?\nfalse\n", recipe(recipe, "3600").runPiped("perhaps\n").stdoutText())
                    assertEquals("sure?\nfalse\n", recipe(recipe, "3600").runPiped().stdoutText())
                    recipe(recipe, "0.1").withPiped { silent -> // its stdin stays open
                        assertEquals("sure?\nfalse\n", silent.stdout.readText())
                    }
                }
            }

        @Test
        @DisplayName("a child that inherits stdin gets all but the line")
        fun askThenRun() =
            runBlocking<Unit> {
                val output = recipe("ask then run", "cat", "-n").runPiped("-\nfirst\nsecond\n").orThrow()
                val lines = output.stdoutLines().map { it.trim() }
                assertEquals(listOf("which file?", "1\tfirst", "2\tsecond", "0"), lines)
            }

        @Test
        @DisplayName("follow goes on in the file that takes the old one's place")
        fun follow() =
            runBlocking<Unit> {
                val log = directory.resolve("log").apply { writeText("one\n") }
                val lines =
                    follow(log).take(3).map { line ->
                        when (line) {
                            "one" -> log.appendText("two\n")
                            "two" -> {
                                log.moveTo(directory.resolve("log.1"))
                                log.writeText("three\n")
                            }
                        }
                        line
                    }
                assertEquals(listOf("one", "two", "three"), lines.toList())
            }

        @Test
        @DisplayName("followFifo goes on after a writer has gone")
        fun followFifo() =
            runBlocking<Unit> {
                val fifo = directory.resolve("fifo")
                Posix.makeFifo(fifo)
                val lines = async { followFifo(fifo).take(2).toList() }
                for (line in listOf("one", "two")) sh("echo $line > $fifo").runPiped().orThrow()
                assertEquals(listOf("one", "two"), lines.await())
            }

        @Test
        @DisplayName("lines of several children come labelled into one flow")
        fun labelled() =
            runBlocking<Unit> {
                val lines = labelled(mapOf("a" to sh("echo 1; echo 2"), "b" to sh("echo 3 >&2"))).toList()
                assertEquals(listOf("a: 1", "a: 2"), lines.filter { it.startsWith("a") })
                assertEquals(listOf("a: 1", "a: 2", "b: 3"), lines.sorted())
                val failing = labelled(mapOf("a" to sh("exec sleep 1000"), "b" to sh("exit 1")))
                assertThrows<ProcessFailedException> { failing.toList() }
            }

        @Test
        @DisplayName("several children write into one pipe")
        fun intoOnePipe() =
            runBlocking<Unit> {
                val text = intoOnePipe(listOf(sh("echo 1; echo 2"), sh("echo 3")))
                assertEquals(listOf("1", "2", "3"), text.trim().lines().sorted())
                assertThrows<ProcessFailedException> { intoOnePipe(listOf(sh("exit 1"), sh("exec sleep 1000"))) }
            }

        @Test
        @DisplayName("a tee feeds two programs")
        fun tee() =
            runBlocking<Unit> {
                val packed = directory.resolve("packed.gz")
                val sum = packAndSum(sh("seq 100000"), packed)
                val expected = sh("seq 100000 | sha256sum").runPiped().stdoutText().trim()
                assertEquals(expected, sum)
                val unpacked = GZIPInputStream(packed.inputStream()).use { it.reader().readText() }
                assertEquals((1..100_000).joinToString("") { "$it\n" }, unpacked)
            }

        @Test
        @DisplayName("a proxy copies both ways, and survives a failed connection")
        fun proxy() =
            runBlocking<Unit> {
                val loopback = InetAddress.getLoopbackAddress()
                openServer().use { target ->
                    openServer().use { server ->
                        val proxying = launch(Dispatchers.IO) { proxy(server, target.localAddress) }
                        Socket(loopback, server.socket().localPort).use { client ->
                            client.soTimeout = 30_000
                            client.getOutputStream().write("ping\n".toByteArray())
                            client.shutdownOutput()
                            target.accept().socket().use {
                                assertEquals("ping\n", it.getInputStream().reader().readText())
                                it.getOutputStream().write("pong\n".toByteArray())
                            }
                            assertEquals("pong\n", client.getInputStream().reader().readText())
                        }
                        target.close()
                        repeat(2) {
                            Socket(loopback, server.socket().localPort).use { client ->
                                assertEquals(-1, client.getInputStream().read())
                            }
                        }
                        proxying.cancelAndJoin()
                    }
                }
            }

        private fun openServer() =
            ServerSocketChannel.open().bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))

        @Test
        @DisplayName("old code reads a child's output as a stream")
        fun streams() =
            runBlocking<Unit> {
                val text = parsed(sh("seq 3 | gzip")) { GZIPInputStream(it).reader().readText() }
                assertEquals("1\n2\n3\n", text)
                assertEquals(mapOf("a" to "1"), Streams.properties(sh("echo a=1")))
                val reading = CompletableDeferred<Unit>()
                val parsing = launch {
                    parsed(sh("exec sleep 1000")) {
                        reading.complete(Unit)
                        it.read()
                    }
                }
                reading.await()
                parsing.cancelAndJoin() // frees the thread
            }
    }

    @Nested
    inner class Serve {
        @Test
        @DisplayName("a publisher becomes a Flux, and the child ends with it")
        fun reactor() {
            assertEquals(listOf("1", "2"), Serving.lines(sh("echo 1; echo no >&2; echo 2")).collectList().block())
            assertEquals(listOf("y", "y"), Serving.lines(ProcessBuilder("yes")).take(2).collectList().block())
            val failure = assertThrows<Exception> { Serving.lines(sh("exit 1")).blockLast() }
            assertTrue(failure.cause is ProcessFailedException, "$failure")
        }

        @Test
        @DisplayName("an endpoint streams lines, and a silent child ends when the client has gone")
        fun clientGoes() =
            serving(sh("echo \$\$; exec sleep 1000"), 20.milliseconds) { client ->
                val lines = client.getInputStream().bufferedReader()
                val pid = generateSequence { lines.readLine() }.first { it.startsWith("data: ") }.substring(6).toLong()
                generateSequence { lines.readLine() }.first { it == ":" }
                assertTrue(isAlive(pid))
                client.close()
                Await.until("the child has ended") { !isAlive(pid) }
            }

        @Test
        @DisplayName("an endpoint ends the response when the child has ended")
        fun childEnds() =
            serving(sh("echo one; echo two"), 1.hours) { client ->
                val response = client.getInputStream().reader().readText()
                val events = response.lines().filter { it.startsWith("data: ") }
                assertEquals(listOf("data: one", "data: two"), events, response)
            }

        /** By the JDK's server, then by Ktor. */
        private fun serving(program: ProcessBuilder, beat: Duration, use: (Socket) -> Unit) {
            val threads = Executors.newCachedThreadPool()
            val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
            try {
                server.executor = threads
                server.createContext("/") { it.respondEvents(program, beat) }
                server.start()
                requesting(server.address, use)
            } finally {
                server.stop(0)
                threads.shutdown()
            }
            val ktor =
                embeddedServer(CIO, port = 0, host = "127.0.0.1") {
                    routing { get("/") { call.respondEvents(program, beat) } }
                }
            try {
                ktor.start()
                val port = runBlocking { ktor.engine.resolvedConnectors().single().port }
                requesting(InetSocketAddress(InetAddress.getLoopbackAddress(), port), use)
            } finally {
                ktor.stop(0, 5_000)
            }
        }

        private fun requesting(address: InetSocketAddress, use: (Socket) -> Unit) =
            Socket(address.address, address.port).use { client ->
                client.soTimeout = 30_000
                val request = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
                client.getOutputStream().write(request.toByteArray())
                use(client)
            }
    }

    private fun recipe(name: String, vararg arguments: String) = example("RecipeProgramsKt", name, *arguments)

    private fun isAlive(pid: Long) = ProcessHandle.of(pid).map { it.isAlive }.orElse(false)
}
