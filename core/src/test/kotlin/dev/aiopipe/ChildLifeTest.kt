package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Programs.jvm
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.MethodSource
import org.junit.jupiter.params.provider.ValueSource

@ExtendWith(NothingLeft::class)
class ChildLifeTest {
    private val own = ChildOptions.defaults().withOwnGroup(true)

    private suspend fun PipedProcess.becomesReady() = apply { assertEquals("ready", stdout.readLine()) }

    /** Says which of the signals came. */
    private val listener =
        sh(
            listOf("HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "CONT", "WINCH").joinToString("; ") {
                "trap 'echo $it' $it"
            } + "; echo ready; while :; do sleep 0.02; done"
        )

    @ParameterizedTest
    @MethodSource("catchable")
    fun signalArrives(signal: Signal) =
        runBlocking<Unit> {
            listener.startPiped().use { child ->
                child.becomesReady().signal(signal)
                assertEquals(signal.name, child.stdout.readLine())
            }
        }

    @Test
    @DisplayName("STOP and CONT, then KILL, after which the output stays readable")
    fun stopAndKill() =
        runBlocking<Unit> {
            sh("echo ready; echo left; while :; do sleep 0.02; done").startPiped().use { child ->
                child.becomesReady().signal(Signal.STOP)
                awaitState(child.process.pid(), 'T')
                child.signal(Signal.CONT)
                child.kill()
                assertEquals(137, child.awaitExit())
                assertEquals("left", child.stdout.readLine())
                assertEquals(null, child.stdout.readLine())
            }
        }

    @Test
    @DisplayName("a signal after the exit does nothing")
    fun signalAfterExit() =
        runBlocking<Unit> {
            ProcessBuilder("true").startPiped().use { child ->
                child.awaitExit()
                Signal.values().forEach { child.signal(it) }
            }
        }

    @Test
    @DisplayName("P40 a child that ends at its stdin's end gets no signal, and the code of a TERM handler is returned")
    fun gentleEnds() =
        runBlocking<Unit> {
            val child = sh("trap 'exit 8' TERM; echo ready; cat >/dev/null; exit 7").startPiped().becomesReady()
            assertEquals(7, child.use { it.stop(1.hours) })
            val busy = sh("trap 'exit 8' TERM; echo ready; while :; do sleep 0.02; done").startPiped().becomesReady()
            assertEquals(8, busy.use { it.stop(1.hours, stdinGrace = 10.milliseconds) })
        }

    @Test
    @DisplayName("P41 a child stopped by SIGSTOP is killed in the end, and five stops at once give one code")
    fun stoppedChild() =
        runBlocking<Unit> {
            sh("echo ready; while :; do sleep 0.02; done").startPiped().use { child ->
                child.becomesReady().signal(Signal.STOP)
                awaitState(child.process.pid(), 'T')
                assertEquals(List(5) { 137 }, List(5) { async { child.stop(50.milliseconds) } }.awaitAll())
            }
        }

    @Test
    @DisplayName("the stop signal is the chosen one")
    fun stopSignal() =
        runBlocking<Unit> {
            val options = ChildOptions.defaults().withStopSignal(Signal.USR1)
            val interruptible = sh("trap 'exit 9' USR1; echo ready; while :; do sleep 0.02; done")
            interruptible.startPiped(child = options).use { child ->
                assertEquals(9, child.becomesReady().stop(1.hours, stdinGrace = 0.milliseconds))
            }
            val code =
                interruptible.withPiped(child = options) { child ->
                    child.becomesReady()
                    backgroundScope.async { child.awaitExit() }.also { child.signal(Signal.USR1) }.await()
                }
            assertEquals(9, code)
        }

    @Test
    @DisplayName("a detached child lives on, without our ends")
    fun detached() =
        runBlocking<Unit> {
            val child = sh("echo ready; read line; test \$line = last && exec sleep 1000 >/dev/null").startPiped()
            child.becomesReady().stdin.writeLine("last")
            child.detach()
            child.close() // what is detached is not killed by a later close
            val handle = child.process.toHandle()
            Await.until("the child is sleep") { File("/proc/${child.process.pid()}/comm").readText() == "sleep\n" }
            awaitState(child.process.pid(), 'S')
            handle.destroyForcibly()
            child.awaitExit()
        }

    @Test
    @DisplayName("P44 with a group of its own the child is the leader of a session")
    fun ownGroup() =
        runBlocking<Unit> {
            val ours = groupOf(ProcessHandle.current().pid())
            ProcessBuilder("cat").startPiped().use { child -> assertEquals(ours, groupOf(child.process.pid())) }
            ProcessBuilder("cat").startPiped(child = own).use { child ->
                child.stdin.writeLine("runs")
                assertEquals("runs", child.stdout.readLine())
                assertEquals(child.process.pid(), groupOf(child.process.pid()))
                assertNotEquals(ours, child.process.pid())
                assertEquals(0, child.stop(1.hours))
            }
        }

    @Test
    @DisplayName("P44 what the child left behind, reparented, ends with its group: at a stop, a close and a kill")
    fun groupEndsTogether() =
        runBlocking<Unit> {
            val daemon = sh("(trap '' HUP TERM; sleep 1000 >/dev/null 2>&1 & echo \$!) ; exec cat")
            val ends: List<suspend (PipedProcess) -> Unit> =
                listOf(
                    { it.stop(1.hours) },
                    { it.close() },
                    { it.kill() },
                    { child ->
                        child.stdin.close()
                        child.awaitExit()
                        child.stop()
                    },
                )
            for (end in ends) {
                daemon.startPiped(child = own).use { child ->
                    val left = child.stdout.readLine()!!.toLong()
                    end(child)
                    Await.until("$left has ended") {
                        ProcessHandle.of(left).map { !it.isAlive || stateOf(left) == 'Z' }.orElse(true)
                    }
                }
            }
        }

    @Test
    @DisplayName("P44 a run with a group of its own waits for no grandchild, and leaves none")
    fun runOfGroup() =
        runBlocking<Unit> {
            val output = sh("sleep 1000 & echo \$!").runPiped(drain = 50.milliseconds, child = own)
            val left = output.orThrow().stdoutLines().single().toLong()
            Await.until("$left has ended") {
                ProcessHandle.of(left).map { !it.isAlive || stateOf(left) == 'Z' }.orElse(true)
            }
        }

    @Test
    @DisplayName("a group of its own with further descriptors, and for a program that is missing")
    fun groupAndStart() =
        runBlocking<Unit> {
            val pipe = aioPipe()
            sh("echo three >&3; ps -o pgid= -p \$\$").startPiped(mapOf(3 to pipe.tx()), child = own).use { child ->
                pipe.rx().open().use { assertEquals("three", it.readLine()) }
                assertEquals(child.process.pid(), child.stdout.readLine()!!.trim().toLong())
            }
            val failure =
                assertThrows(IOException::class.java) {
                    runBlocking { ProcessBuilder("no-such-program").startPiped(child = own) }
                }
            assertTrue("no-such-program" in failure.message!!) { "$failure" }
        }

    @Test
    @DisplayName("P45 SIGTERM to the JVM leaves no child that is to stop at the exit, and leaves the others alone")
    fun stopAtExit() =
        runBlocking<Unit> {
            val program = jvm(StopsAtExit::class.java)
            program.startPiped().use { jvm ->
                val pids = List(4) { jvm.stdout.readLine()!!.toLong() }
                jvm.signal(Signal.TERM)
                assertEquals(143, jvm.awaitExit())
                val alive = pids.map { pid -> ProcessHandle.of(pid).filter { stateOf(pid) != 'Z' }.isPresent }
                ProcessHandle.of(pids.last()).ifPresent { it.destroyForcibly() }
                assertEquals(listOf(false, false, false, true), alive)
            }
        }

    @ParameterizedTest
    @DisplayName("P45 a child that is started while the JVM exits is not left behind")
    @ValueSource(strings = ["the first one", "after another one"])
    fun startedDuringTheExit(which: String) =
        runBlocking<Unit> {
            jvm(StartsDuringTheExit::class.java, which).startPiped().use { jvm ->
                val late = jvm.stdout.readLine()!!.toLong()
                try {
                    assertEquals(0, jvm.awaitExit())
                    Await.until("$late has ended") { stateOf(late).let { it == null || it == 'Z' } }
                } finally {
                    ProcessHandle.of(late).ifPresent { it.destroyForcibly() }
                }
            }
        }

    /** The program: a hook of its own starts a child, perhaps when the library's hook has ended another one. */
    object StartsDuringTheExit {
        @JvmStatic
        fun main(arguments: Array<String>) =
            runBlocking<Unit> {
                val atExit = ChildOptions.defaults().withStopAtExit(true)
                val earlier =
                    if (arguments.single() == "the first one") null
                    else ProcessBuilder("cat").startPiped(child = atExit)
                val hook = Thread {
                    runBlocking {
                        earlier?.awaitExit()
                        println(ProcessBuilder("sleep", "1000").startPiped(child = atExit).process.pid())
                    }
                }
                Runtime.getRuntime().addShutdownHook(hook)
            }
    }

    /** The program: three children that end with the JVM, one that does not, and a detached one of neither. */
    object StopsAtExit {
        @JvmStatic
        fun main(arguments: Array<String>) =
            runBlocking<Unit> {
                val atExit = ChildOptions.defaults().withStopAtExit(true)
                val deaf = sh("trap '' TERM; echo ready; while :; do sleep 0.02; done")
                val children =
                    listOf(
                        ProcessBuilder("sleep", "1000").startPiped(child = atExit),
                        deaf.startPiped(child = atExit).also { it.stdout.readLine() },
                        ProcessBuilder("sleep", "1000").startPiped(child = atExit.withOwnGroup(true)),
                        ProcessBuilder("sleep", "1000").startPiped(),
                    )
                children.forEach { println(it.process.pid()) }
                children.forEach { it.awaitExit() }
            }
    }

    private fun statOf(pid: Long): List<String> = // the name in parentheses may have blanks
    File("/proc/$pid/stat").readText().substringAfterLast(')').trim().split(' ')

    private fun stateOf(pid: Long): Char? = runCatching { statOf(pid)[0].single() }.getOrNull()

    private fun groupOf(pid: Long): Long = statOf(pid)[2].toLong()

    private fun awaitState(pid: Long, state: Char) = Await.until("$pid is $state", { stateOf(pid) }, { it == state })

    companion object {
        /** A shell can't catch what was ignored when it was started, as `nohup` and `&` have it. */
        @JvmStatic
        fun catchable(): List<Signal> {
            val ignored = File("/proc/self/status").readLines().first { it.startsWith("SigIgn:") }
            val mask = java.lang.Long.parseUnsignedLong(ignored.substringAfter(':').trim(), 16)
            return Signal.values().filter {
                it != Signal.KILL && it != Signal.STOP && mask shr (it.number() - 1) and 1 == 0L
            }
        }
    }
}
