package dev.aiopipe

import dev.aiopipe.testkit.Await
import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import dev.aiopipe.testkit.Programs.requireThat
import dev.aiopipe.testkit.Programs.sh
import java.io.File
import java.io.IOException
import java.lang.ref.WeakReference
import java.nio.channels.AsynchronousCloseException
import java.nio.file.Files
import java.nio.file.Path
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** Numbers that were open before this library came: made here by the C library, as a parent would have. */
@ExtendWith(NothingLeft::class)
class InheritedDescriptorTest {
    @Test
    @DisplayName("E09 a pipe is adopted both ways; its flags stay, and closing closes the numbers")
    fun pipe() =
        runBlocking<Unit> {
            val (read, write) = Posix.pipe()
            val flags = listOf(read, write).map { Posix.flags(pid, it) }
            val reader = ReadEnd.inherited(read).open()
            val writer = WriteEnd.inherited(write).open()
            assertEquals(flags, listOf(read, write).map { Posix.flags(pid, it) })
            assertEquals(ReadMode.SELECTOR, reader.mode)
            val lines = List(5_000) { "line $it" }
            launch { writer.use { it.writeLines(lines) } }
            assertEquals(lines.take(4_999), List(4_999) { reader.readLine() })
            assertEquals(flags[0], Posix.flags(pid, read))
            assertEquals("line 4999", reader.readLine())
            assertNull(reader.readLine())
            reader.close()
        }

    @Test
    @DisplayName("E09 a socket is adopted both ways on one number, with half-close")
    fun socket() =
        runBlocking<Unit> {
            val (mine, theirs) = Posix.socketPair()
            val flags = Posix.flags(pid, mine)
            val reader = ReadEnd.inherited(mine).open()
            val writer = WriteEnd.inherited(mine).open()
            val echo =
                async(Dispatchers.IO) {
                    var sum = 0
                    while (true) {
                        val bytes = Posix.read(theirs, 64 shl 10)
                        if (bytes.isEmpty()) break
                        sum += bytes.size
                        Posix.write(theirs, bytes)
                    }
                    Posix.close(theirs)
                    sum
                }
            val sent = ChildMain.pattern(3 shl 20)
            val received = async { reader.readAll() }
            writer.write(sent)
            assertEquals(flags, Posix.flags(pid, mine))
            writer.close() // the peer sees the end, and we still read
            assertTrue(sent.contentEquals(received.await()))
            assertEquals(sent.size, echo.await())
            reader.close()
        }

    @Test
    @DisplayName("W05 a peer of an adopted socket that has gone breaks the pipe")
    fun peerOfSocketHasGone() =
        runBlocking<Unit> {
            val (mine, theirs) = Posix.socketPair()
            val writer = WriteEnd.inherited(mine).open()
            val waiting =
                async(start = CoroutineStart.UNDISPATCHED) { runCatching { writer.write(ByteArray(8 shl 20)) } }
            assertTrue(waiting.isActive)
            Posix.close(theirs)
            assertEquals(BrokenPipeException::class, waiting.await().exceptionOrNull()!!::class)
            writer.awaitReaderGone()
            assertThrowsSuspending<BrokenPipeException> { writer.write("x") }
            writer.abort()
        }

    @Test
    @DisplayName("E08 a terminal: lines, the end that ^D gives once, and the end when it hangs up")
    fun terminal() =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(false)
            val flags = Posix.flags(pid, terminal)
            val reader = ReadEnd.inherited(terminal).open()
            Posix.write(master, "one\ntwo\u0004\u0004".toByteArray())
            assertEquals("one", reader.readLine())
            assertEquals("two", reader.readLine())
            assertNull(reader.readLine())
            val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            assertTrue(line.isActive, "the end is not remembered")
            Posix.write(master, "three\n".toByteArray())
            assertEquals("three", line.await())
            val last = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            assertEquals(flags, Posix.flags(pid, terminal))
            Posix.close(master)
            assertNull(last.await())
            repeat(3) { assertNull(reader.readLine()) }
            reader.close()
        }

    @Test
    @DisplayName("a terminal whose reads never wait (VMIN 0): having nothing is not the end, hanging up is")
    fun terminalThatNeverWaits() =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(true)
            Posix.neverWait(terminal)
            val reader = ReadEnd.inherited(terminal).open()
            repeat(3) {
                val line = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
                assertTrue(line.isActive)
                Posix.write(master, "line $it\n".toByteArray())
                assertEquals("line $it", line.await())
            }
            val last = async(start = CoroutineStart.UNDISPATCHED) { reader.readLine() }
            assertTrue(last.isActive)
            Posix.close(master)
            assertNull(last.await())
            reader.close()
        }

    @Test
    @DisplayName("E08 a terminal is written, also by more than it takes at once")
    fun writtenTerminal() =
        runBlocking<Unit> {
            val (master, terminal) = Posix.terminal(true)
            val writer = WriteEnd.inherited(terminal).open()
            val writing = async(start = CoroutineStart.UNDISPATCHED) { writer.write(ChildMain.pattern(100_000)) }
            assertTrue(writing.isActive)
            val received = java.io.ByteArrayOutputStream()
            launch(Dispatchers.IO) { while (received.size() < 100_000) received.writeBytes(Posix.read(master, 10_000)) }
                .join()
            writing.await()
            assertTrue(ChildMain.pattern(100_000).contentEquals(received.toByteArray()))
            writer.close()
            writer.awaitClosed()
            Posix.close(master)
        }

    @Test
    @DisplayName("E12 the wrong direction, a number that is not open, and what is no stream, are errors that name them")
    fun errors() =
        runBlocking<Unit> {
            val (read, write) = Posix.pipe()
            assertFails("descriptor $read is open for reading only: ${target(read)}") {
                WriteEnd.inherited(read).open()
            }
            assertFails("descriptor $write is open for writing only: ${target(write)}") {
                ReadEnd.inherited(write).open()
            }
            assertFails("descriptor 1000000 is not open") { ReadEnd.inherited(1_000_000).open() }
            assertFails("descriptor 1000000 is not open") { WriteEnd.inherited(1_000_000).open() }
            assertFails("descriptor ${Int.MAX_VALUE} is not open") { ReadEnd.inherited(Int.MAX_VALUE).open() }
            assertThrows(IllegalArgumentException::class.java) { ReadEnd.inherited(-1) }
            Posix.close(read)
            Posix.close(write)
            // what the JVM has for itself: its library, and what it waits with
            for (number in
                numbersOf { it.endsWith("/modules") || it == "anon_inode:[eventpoll]" || it == "/dev/urandom" }) {
                val message = "descriptor $number is no pipe, FIFO, terminal or socket: ${target(number)}"
                assertFails(message) { ReadEnd.inherited(number).open() }
                assertFails(message) { WriteEnd.inherited(number).open() }
            }
        }

    @Test
    @DisplayName("E12 number 3 of a plain JVM is its own library")
    fun threeOfAPlainJvm() =
        runBlocking<Unit> {
            requireThat(target(3).endsWith("/modules"), "a JVM that was started without a descriptor 3")
            assertFails("descriptor 3 is no pipe, FIFO, terminal or socket: ${target(3)}") {
                ReadEnd.inherited(3).open()
            }
            assertTrue(target(3).endsWith("/modules"))
        }

    @Test
    @DisplayName("E12 a number is opened once at a time, and again after it was closed if it is one of 0 to 2")
    fun openedTwice() =
        runBlocking<Unit> {
            val (read, write) = Posix.pipe()
            val reader = ReadEnd.inherited(read).open()
            assertFails("descriptor $read is opened already: ${target(read)}") { ReadEnd.inherited(read).open() }
            reader.close()
            Posix.close(write)
            repeat(3) {
                val errors = WriteEnd.stderr().open()
                val failure = assertThrowsSuspending<IOException> { WriteEnd.stderr().open() }
                assertTrue(failure.message!!.startsWith("descriptor 2 is opened already"), failure.message)
                errors.close()
                errors.awaitClosed()
            }
        }

    @Test
    @DisplayName("E24 an end that is never opened leaves the number as it is")
    fun unopened() {
        val (read, write) = Posix.pipe()
        ReadEnd.inherited(read).close()
        WriteEnd.inherited(write).close()
        val end = WeakReference(ReadEnd.inherited(read))
        Await.until("the end is garbage") {
            System.gc()
            end.get() == null
        }
        Posix.write(write, byteArrayOf(7))
        assertEquals(7, Posix.read(read, 1)[0])
        Posix.close(read)
        Posix.close(write)
    }

    @Test
    @DisplayName("E24 opened streams that nobody holds any more are closed, and their numbers with them")
    fun lost() {
        val (read, write) = Posix.pipe()
        val (mine, theirs) = Posix.socketPair()
        val (master, terminal) = Posix.terminal(true)
        val numbers = listOf(read, mine, terminal)
        val targets = numbers.map { target(it) }
        runBlocking { loseStreamsOn(*numbers.toIntArray()) } // outside of it no coroutine knows the last one any more
        Await.until("all are closed", { numbers.map { target(it) }.also { System.gc() } }) { now ->
            now.indices.none { now[it] == targets[it] }
        }
        assertEquals(0, Posix.read(theirs, 1).size)
        Posix.close(write)
        Posix.close(theirs)
        Posix.close(master)
    }

    private suspend fun loseStreamsOn(vararg numbers: Int) {
        for (number in numbers) ReadEnd.inherited(number).open()
    }

    @Test
    @DisplayName("R32 E22 close, and the end of the loop, wake a read of an adopted number, and close it")
    fun closeWakes() =
        runBlocking<Unit> {
            val adopted = listOf(Posix.pipe(), Posix.socketPair(), Posix.terminal(true).reversedArray())
            for ((mine, theirs) in adopted) {
                val copy = Posix.duplicate(mine)
                val reader = ReadEnd.inherited(mine).open()
                val waiting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { reader.readLine() } }
                assertTrue(waiting.isActive)
                reader.close()
                assertTrue(waiting.await().exceptionOrNull() is AsynchronousCloseException)

                val loop = PipeLoop.create("short-lived")
                val other = ReadEnd.inherited(copy).open(PipeOptions.defaults().withLoop(loop))
                val read = async(start = CoroutineStart.UNDISPATCHED) { runCatching { other.readLine() } }
                loop.close()
                assertEquals("pipe loop short-lived is closed", rootMessage(read.await()))
                assertThrowsSuspending<IOException> { other.readLine() }
                other.close()
                Posix.close(theirs)
            }
        }

    @Test
    @DisplayName("E13 a pipe whose writer has gone before it is adopted")
    fun writerHasGone() =
        runBlocking<Unit> {
            for (bytes in listOf("", "one\ntwo")) {
                val (read, write) = Posix.pipe()
                Posix.write(write, bytes.toByteArray())
                Posix.close(write)
                val reader = ReadEnd.inherited(read).open()
                assertEquals(bytes, reader.readText())
                assertNull(reader.readLine())
                reader.close()
            }
        }

    @Test
    @DisplayName("E21 withCapacity(8192) gives a pipe of 8 KiB")
    fun capacity() =
        runBlocking<Unit> {
            val (rx, tx) = aioPipe()
            val before = numbersOf { it.startsWith("pipe:") }.filter { Posix.capacity(it) == 8192 }
            val reader = rx.open()
            val writer = tx.open(PipeOptions.defaults().withCapacity(8192))
            assertEquals(2, (numbersOf { it.startsWith("pipe:") }.filter { Posix.capacity(it) == 8192 } - before).size)
            val writing = async(start = CoroutineStart.UNDISPATCHED) { writer.write(ByteArray(8193)) }
            assertTrue(writing.isActive)
            assertEquals(8193, reader.readExactly(8193).size)
            writing.await()
            writer.close()
            assertNull(reader.readLine())
            reader.close()
        }

    @Test
    @DisplayName("stderr is handed to a child as it is and stays open; of a number above 2 no copy is left here")
    fun standardForChild() =
        runBlocking<Unit> {
            assertEquals(ProcessBuilder.Redirect.INHERIT, WriteEnd.stderr().forChild().use { it.redirect() })
            val (read, write) = Posix.pipe()
            WriteEnd.inherited(write).forChild().use { end ->
                sh("echo from a child").redirectOutput(end.redirect()).startPiped().use { it.awaitExit() }
            }
            assertEquals("from a child\n", Posix.read(read, 100).decodeToString())
            assertEquals(0, Posix.read(read, 1).size, "the end comes, as this was the last copy")
            Posix.close(read)
            assertFails("descriptor $write is not open") { WriteEnd.inherited(write).open() }
        }

    @Test
    @DisplayName("E12 a socket can't be handed to a child, and says so; no copy of it is left here")
    fun socketForChild() =
        runBlocking<Unit> {
            val (mine, theirs) = Posix.socketPair()
            val socket = target(mine)
            assertFails("descriptor $mine can't be handed over: $socket") {
                sh(":").startPiped(mapOf(3 to ReadEnd.inherited(mine)))
            }
            assertEquals(0, Posix.read(theirs, 1).size)
            Posix.close(theirs)
        }

    @Test
    @DisplayName("a descriptor can be handed to a child in its own direction only")
    fun wrongDirectionForChild() =
        runBlocking<Unit> {
            val (read, write) = Posix.pipe()
            val copies = listOf(Posix.duplicate(read), Posix.duplicate(write)) // handing over closes the number
            val readOnly = "descriptor $read is open for reading only: ${target(read)}"
            assertFails(readOnly) { WriteEnd.inherited(read).forChild().use { it.redirect() } }
            val writeOnly = "descriptor $write is open for writing only: ${target(write)}"
            assertFails(writeOnly) { sh(":").startPiped(mapOf(3 to ReadEnd.inherited(write))) }
            copies.forEach(Posix::close)
        }

    private val pid = ProcessHandle.current().pid()

    private suspend fun assertFails(message: String, open: suspend () -> Any) =
        assertEquals(message, assertThrowsSuspending<IOException> { open() }.message)

    private fun target(number: Int) =
        try {
            Files.readSymbolicLink(Path.of("/proc/self/fd/$number")).toString()
        } catch (_: IOException) {
            ""
        }

    private fun numbersOf(condition: (String) -> Boolean) =
        File("/proc/self/fd").list()!!.map { it.toInt() }.filter { condition(target(it)) }
}
