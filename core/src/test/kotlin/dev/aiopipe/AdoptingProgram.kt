@file:OptIn(DelicateCoroutinesApi::class)

package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.sh
import java.io.FileInputStream
import java.nio.file.Path
import java.util.zip.CRC32
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

/** What real JVMs do in the tests with the descriptors that they were started with. */
object AdoptingProgram {
    @JvmStatic
    fun main(arguments: Array<String>) {
        when (arguments[0]) {
            "count" -> runBlocking { count() }
            "echo" -> runBlocking { echo() }
            "print" -> runBlocking { print(arguments[1].toInt()) }
            "wait" -> waitForStdin()
            "give up once" -> runBlocking { giveUpOnce() }
            "open anew" -> openAnew()
            "write until broken" -> runBlocking { writeUntilBroken() }
            "close loop" -> runBlocking { closeLoop() }
            "close System.in" -> runBlocking { closeSystemIn() }
            "pass hidden" -> runBlocking { passHidden() }
            "answer on 3" -> runBlocking { answerOnThree() }
            "read a line, start a child" -> runBlocking { readLineAndStartChild() }
            "prompts" -> runBlocking { prompts(arguments[1]) }
            "give up, start a child" -> runBlocking { giveUp { it.startHead() } }
            "give up, close, start a child" -> runBlocking { giveUp { it.closeAndSaySo().startHead() } }
            "give up, close, open" -> runBlocking { giveUp { it.closeAndSaySo().openAgain() } }
            "System.in first" -> runBlocking { systemInFirst() }
            "read System.in and open" -> runBlocking { readSystemInAndOpen() }
            "replace System.in" -> runBlocking { replaceSystemIn() }
            "hand stdin on" -> runBlocking { handStdinOn() }
            "hand 1 on to 2" -> runBlocking { handOn(1, System.err) }
            "hand 2 on to 1" -> runBlocking { handOn(2, System.out) }
            "read FIFO" -> runBlocking { readFifo(Path.of(arguments[1])) }
            "open FIFO in vain" -> runBlocking { openFifoInVain(Path.of(arguments[1])) }
            "write FIFO in vain" -> runBlocking { writeFifoInVain(Path.of(arguments[1])) }
            "without proc" -> runBlocking { withoutProc(Path.of(arguments[1])) }
            else -> throw IllegalArgumentException(arguments[0])
        }
    }

    /** Says how many lines stdin has, what their checksum is, and how it was read. */
    private suspend fun count() {
        val checksum = CRC32()
        var count = 0
        ReadEnd.stdin().open().use { input ->
            input.lines().collect {
                count++
                checksum.update(it.toByteArray())
                checksum.update('\n'.code)
            }
            println("$count lines, ${checksum.value}, ${input.mode}")
        }
    }

    /** Passes descriptors to a child although nobody may look into this process. */
    private suspend fun passHidden() {
        Posix.hide()
        val (rx, tx) = aioPipe()
        val (answers, answersTx) = aioPipe()
        val passing = mapOf(3 to rx, 4 to answersTx)
        sh("read x <&3; echo answer to \$x >&4; exit 3").startPiped(passing).use { child ->
            tx.open().use { it.writeLine("question") }
            answers.open().use { answer ->
                val code = child.awaitExit()
                println("${answer.readLine()}, ${answer.readLine()}, $code")
            }
        }
    }

    /** Each line of stdin to stdout and to stderr, before and after with `System.in` and `System.out`. */
    private suspend fun echo() {
        println("before ${System.`in`.read()}")
        val input = ReadEnd.stdin().open()
        val output = WriteEnd.stdout().open()
        val errors = WriteEnd.stderr().open()
        while (true) {
            val line = input.readLine()!!
            if (line == "enough") break
            output.writeLine("out $line")
            errors.writeLine("err $line")
            println("System.out $line")
            System.err.println("System.err $line")
        }
        input.close()
        output.close()
        output.awaitClosed()
        errors.close()
        errors.awaitClosed()
        println("closed")
        println("after ${System.`in`.read()}")
    }

    /** Lines through `System.out` and through an open stdout at the same time. */
    private suspend fun print(count: Int) {
        val output = WriteEnd.stdout().open()
        val printing =
            GlobalScope.launch(Dispatchers.IO) { for (i in 1..count) println("System.out $i ${"x".repeat(i % 90)}") }
        for (i in 1..count) output.writeLine("ours $i ${"y".repeat(i % 90)}")
        printing.join()
        output.close()
        output.awaitClosed()
    }

    /** Returns from main while a coroutine waits for a line. */
    private fun waitForStdin() {
        val reader = runBlocking { ReadEnd.stdin().open() }
        val waiting = GlobalScope.launch(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
        println("waits: ${waiting.isActive}, ${runBlocking { reader.settledMode() }}")
    }

    /** Says whether stdin could be opened by its path, then does as "give up once". */
    private fun openAnew() {
        println("may be opened anew: ${runCatching { FileInputStream("/proc/self/fd/0").close() }.isSuccess}")
        runBlocking { giveUpOnce() }
    }

    /** Waits for a line in vain, then reads to the end. */
    private suspend fun giveUpOnce() {
        val input = ReadEnd.stdin().open()
        println("gave up: ${withTimeoutOrNull(50) { input.readLine() } == null}, ${input.settledMode()}")
        println("then ${input.readLine()}")
        println("then ${input.readLine()}")
        input.close()
    }

    /** Reads a line without reading ahead; the child, which inherits stdin, has the rest. */
    private suspend fun readLineAndStartChild() {
        val input = ReadEnd.stdin().open(PipeOptions.defaults().withReadAhead(false))
        println("here: ${input.readLine()}")
        check(ProcessBuilder("cat").inheritIO().start().waitFor() == 0)
    }

    /** Opens stdin for each of four lines. */
    private suspend fun prompts(adopted: String) {
        if (adopted == "before") ReadEnd.stdin().open().use { it.settledMode() }
        repeat(4) { ReadEnd.stdin().open().use { println(it.readLine()) } }
    }

    /** Waits for a line in vain. */
    private suspend fun giveUp(next: suspend (PipeReader) -> Unit) {
        val input = ReadEnd.stdin().open()
        check(withTimeoutOrNull(300) { input.requestLine() } == null)
        println("gave up")
        next(input)
    }

    private fun PipeReader.closeAndSaySo() = also {
        close()
        println("closed")
    }

    /** The child shows a line of the stdin that it inherits. */
    private fun PipeReader.startHead() {
        val script = "read line; echo \"the child: \$line\""
        check(ProcessBuilder("sh", "-c", script).inheritIO().start().waitFor() == 0)
    }

    private suspend fun PipeReader.openAgain() {
        val input = ReadEnd.stdin().open()
        println("opened")
        repeat(2) { println(input.readLine()) }
    }

    private suspend fun systemInFirst() {
        val first = System.`in`.read().toChar()
        ReadEnd.stdin().open().use { println("$first, ${it.readLine()}, ${it.readLine()}, ${it.readLine()}") }
    }

    private suspend fun readSystemInAndOpen() {
        val reading = Thread { println("System.in has ${System.`in`.read().toChar()}") }
        reading.isDaemon = true
        reading.start()
        Await.until("System.in is read") { reading.stackTrace.any { it.className == "java.io.FileInputStream" } }
        val input = ReadEnd.stdin().open()
        println("opened")
        reading.join()
        println(input.readLine())
    }

    private suspend fun replaceSystemIn() {
        System.setIn("user's".byteInputStream())
        val line = ReadEnd.stdin().open().readLine()
        println("$line, then of System.in: ${System.`in`.readAllBytes().decodeToString()}")
    }

    /** Counts the bytes of stdin in all the ways that a child can get it. */
    private suspend fun handStdinOn() {
        println("read here: ${ReadEnd.stdin().open().use { it.readAll().size }}")
        val count = ProcessBuilder("wc", "-c")
        ReadEnd.stdin().forChild().use { end ->
            println("by a child: ${count.redirectInput(end.redirect()).startPiped().use { it.stdout.readLine() }}")
        }
        count.redirectInput(ProcessBuilder.Redirect.INHERIT)
        println("by a child of an inheriting builder: ${count.startPiped().use { it.stdout.readLine() }}")
        val three =
            if (java.lang.Boolean.getBoolean("dev.aiopipe.fallback")) "0" // where nothing can be passed
            else sh("wc -c <&3").startPiped(mapOf(3 to ReadEnd.stdin())).use { it.stdout.readLine() }
        println("as number 3: $three")
        val failure = runCatching { WriteEnd.inherited(0).forChild().use { it.redirect() } }.exceptionOrNull()
        println("as a stdout: ${failure?.message}")
    }

    /** Tries to use an output in all ways, and tells what comes of it. */
    private suspend fun handOn(number: Int, messages: java.io.PrintStream) {
        suspend fun failureOf(block: suspend () -> Any) =
            messages.println(runCatching { block() }.exceptionOrNull()?.message)
        failureOf { WriteEnd.inherited(number).open() }
        failureOf { ReadEnd.inherited(number).open() }
        failureOf { WriteEnd.inherited(number).forChild().use { it.redirect() } }
        failureOf { sh(":").startPiped(mapOf(3 to WriteEnd.inherited(number))) }
    }

    /** Prints what six reads of a FIFO give, once it is open. */
    private suspend fun readFifo(fifo: Path) {
        ReadEnd.fifo(fifo).open().use { reader ->
            println("open, ${reader.mode}")
            repeat(6) { println(reader.readLine()) }
        }
    }

    /** Gives up to open a FIFO that nobody reads, and waits until no thread is left. */
    private suspend fun openFifoInVain(fifo: Path) {
        val opening = GlobalScope.launch(start = CoroutineStart.UNDISPATCHED) { WriteEnd.fifo(fifo).open() }
        Await.until("a thread opens it") { blockingThreads("open0").isNotEmpty() }
        opening.cancelAndJoin()
        println("cancelled")
        Await.until("no thread opens it", { blockingThreads("open0") }) { it.isEmpty() }
        println("no thread is left")
    }

    /** Aborts a write to a FIFO whose reader does not read. */
    private suspend fun writeFifoInVain(fifo: Path) {
        val writer = WriteEnd.fifo(fifo).open()
        println("open")
        val writing =
            GlobalScope.launch(start = CoroutineStart.UNDISPATCHED) {
                runCatching { writer.write(ByteArray(1 shl 20)) }
            }
        Await.until("a thread writes") { blockingThreads("write0").isNotEmpty() }
        writer.abort()
        writing.join()
        Await.until("no thread writes", { blockingThreads("write0") }) { it.isEmpty() }
        println("no thread is left")
    }

    private fun blockingThreads(method: String) =
        Thread.getAllStackTraces().filter { (thread, stack) ->
            thread.name.startsWith("aiopipe-blocking") && stack.any { it.methodName == method }
        }

    /** Uses all that JNA could do if there were a /proc. */
    private suspend fun withoutProc(directory: Path) {
        val fifo = directory.resolve("fifo")
        Posix.makeFifo(fifo)
        val reader = ReadEnd.fifo(fifo).open()
        WriteEnd.fifo(fifo).open().use { it.writeLine("through a FIFO") }
        println("${reader.readLine()}, ${reader.mode}")
        reader.close()
        val (rx, tx) = aioPipe()
        val source = rx.open()
        val writer = tx.open(PipeOptions.defaults().withCapacity(8192))
        val gone = GlobalScope.launch(start = CoroutineStart.UNDISPATCHED) { writer.awaitReaderGone() }
        source.close()
        runCatching { repeat(100) { writer.write("x") } } // where it can't be watched a write finds out
        gone.join()
        writer.abort()
        println("the reader has gone")
        println(sh("echo from a child").startPiped().use { it.stdout.readLine() })
        println("stdin: ${ReadEnd.stdin().open().use { it.readLine() }}")
        println(runCatching { ReadEnd.inherited(3).open() }.exceptionOrNull()?.message)
    }

    /** Writes to stdout until nobody reads it, and names what is thrown then, time and again. */
    private suspend fun writeUntilBroken() {
        val output = WriteEnd.stdout().open()
        output.awaitReaderGone()
        repeat(3) {
            try {
                output.writeLine("anybody?")
                System.err.println("written")
            } catch (e: Exception) {
                System.err.println("${e.javaClass.name} in ${java.util.Locale.getDefault()}")
            }
        }
        output.abort()
    }

    /** Names what a read fails with when its loop is closed, while it waits and later. */
    private suspend fun closeLoop() {
        val loop = PipeLoop.create("short-lived")
        val reader = ReadEnd.stdin().open(PipeOptions.defaults().withLoop(loop))
        val waiting = GlobalScope.launch(start = CoroutineStart.UNDISPATCHED) { report { reader.readLine() } }
        println("waits: ${waiting.isActive}, ${reader.settledMode()}")
        loop.close()
        waiting.join()
        report { reader.readLine() }
        report { ReadEnd.inherited(1).open(PipeOptions.defaults().withLoop(loop)) }
    }

    /** Reads on behind the end of `System.in`, which put /dev/null into the place of number 0. */
    private suspend fun closeSystemIn() {
        val reader = ReadEnd.stdin().open()
        System.`in`.close()
        println("closed")
        println("${reader.readLine()}, ${reader.readLine()}, ${reader.readLine()}, ${reader.mode}")
    }

    private suspend fun report(block: suspend () -> Unit) =
        try {
            block()
            println("nothing was thrown")
        } catch (e: Exception) {
            println("${e.javaClass.simpleName}: ${e.cause?.message}")
        }

    /** Each line of descriptor 4 to descriptor 3. */
    private suspend fun answerOnThree() {
        val requests = ReadEnd.inherited(4).open()
        val answers = WriteEnd.inherited(3).open()
        requests.lines().collect { answers.writeLine("answer to $it") }
        requests.close()
        answers.close()
        answers.awaitClosed()
        System.`in`.read() // lives on, for its peer to see that both numbers are closed
    }
}
