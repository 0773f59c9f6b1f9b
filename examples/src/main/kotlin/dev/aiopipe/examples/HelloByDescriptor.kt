package dev.aiopipe.examples

import dev.aiopipe.ReadEnd
import dev.aiopipe.WriteEnd
import dev.aiopipe.aioDuplex
import dev.aiopipe.open
import dev.aiopipe.rx
import dev.aiopipe.tx
import dev.aiopipe.withPiped
import java.nio.file.Path
import kotlinx.coroutines.runBlocking

/**
 * Talks to a child JVM through descriptors 3 and 4, so that its stdout stays free for whatever else it prints. The same
 * program is both sides.
 */
fun main(args: Array<String>) = runBlocking {
    if (args.isEmpty()) parent() else child()
}

private suspend fun parent() {
    val (mine, theirs) = aioDuplex()
    jvm("dev.aiopipe.examples.HelloByDescriptorKt", "child").withPiped(
        passing = mapOf(3 to theirs.rx, 4 to theirs.tx)
    ) { process ->
        val requests = mine.tx.open()
        val answers = mine.rx.open()
        for (name in listOf("world", "pipe")) {
            requests.writeLine(name)
            println(answers.readLine())
        }
        requests.close() // the child sees the end, and ends
        check(answers.readLine() == null)
        answers.close()
        println("meanwhile on stdout: " + process.stdout.readText().trim())
    }
}

private suspend fun child() {
    val requests = ReadEnd.inherited(3).open()
    val answers = WriteEnd.inherited(4).open()
    println("anything at all")
    requests.lines().collect { name -> answers.writeLine("hello, $name") }
    requests.close()
    answers.close()
    answers.awaitClosed()
}

private fun jvm(vararg mainAndArguments: String) =
    ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        System.getProperty("java.class.path"),
        *mainAndArguments,
    )
