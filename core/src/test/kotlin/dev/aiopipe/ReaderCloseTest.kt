package dev.aiopipe

import dev.aiopipe.testkit.NothingLeft
import dev.aiopipe.testkit.Posix
import java.io.IOException
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

/** When `PipeReader.close` has returned the descriptor is closed, and nobody can write what nobody can read. */
@ExtendWith(NothingLeft::class)
class ReaderCloseTest {
    @TempDir lateinit var directory: Path

    private val kinds = listOf(PipeFromRaw, FifoFromRaw, InheritedFromRaw, ClosedHalfFromRaw, ThreadFromRaw)

    @Test
    @DisplayName("a write after the close fails: of each kind, while the loop waits")
    fun idleLoop() =
        runBlocking<Unit> {
            repeat(100) {
                for (kind in kinds) {
                    val stream = kind.open(PipeOptions.defaults())
                    stream.reader.close()
                    assertRefused(kind, stream)
                }
            }
        }

    @Test
    @DisplayName("a write after the close fails: of each kind, with a read that waits")
    fun withAWaitingRead() =
        runBlocking<Unit> {
            for (kind in kinds - ThreadFromRaw) { // nothing stops its blocking read
                val stream = kind.open(PipeOptions.defaults())
                val waiting = launch(start = CoroutineStart.UNDISPATCHED) { runCatching { stream.reader.readLine() } }
                assertTrue(waiting.isActive)
                stream.reader.close()
                assertRefused(kind, stream)
            }
        }

    @Test
    @DisplayName("a write after the close fails: of each kind, while user code keeps the loop")
    fun busyLoop() = onLoop { loop ->
        for (kind in kinds) {
            val stream = kind.open(PipeOptions.defaults().withLoop(loop))
            loop.busyWhile {
                stream.reader.close()
                assertRefused(kind, stream, release = false)
            }
            stream.release()
        }
    }

    @Test
    @DisplayName("a write after the close fails: of each kind, closed on the loop's own thread")
    fun onTheLoopsThread() = onLoop { loop ->
        for (kind in kinds) {
            val stream = kind.open(PipeOptions.defaults().withLoop(loop))
            withContext(loop.dispatcher) {
                stream.reader.close()
                assertRefusedHere(kind, stream)
            }
            stream.release()
        }
    }

    @Test
    @DisplayName("a stream that is ready on the loop is read after a close there: no event is lost")
    fun eventsSurviveAClose() = onLoop { loop ->
        val options = PipeOptions.defaults().withLoop(loop)
        val streams = List(20) { PipeFromRaw.open(options) }
        val lines = streams.map { async(start = CoroutineStart.UNDISPATCHED) { it.reader.readLine() } }
        val other = PipeFromRaw.open(options)
        withContext(loop.dispatcher) {
            for (stream in streams) runBlocking { stream.send("line\n".toByteArray()) }
            other.reader.close() // runs the selector, and drops the events
        }
        lines.forEach { assertEquals("line", it.await()) }
        (streams + other).forEach { it.release() }
    }

    @Test
    @DisplayName("closed by many threads at once: whoever returns, the descriptor is closed")
    fun manyThreads() =
        runBlocking<Unit> {
            repeat(100) {
                val stream = PipeFromRaw.open(PipeOptions.defaults())
                val start = CountDownLatch(1)
                val closing =
                    List(4) {
                        async(Dispatchers.IO) {
                            start.await()
                            stream.reader.close()
                            assertRefused(PipeFromRaw, stream, release = false)
                        }
                    }
                start.countDown()
                closing.forEach { it.await() }
                stream.release()
            }
        }

    @Test
    @DisplayName("closed while the loop is being closed")
    fun whileTheLoopEnds() =
        runBlocking<Unit> {
            repeat(100) {
                val loop = PipeLoop.create("aiopipe-short-lived")
                val streams = List(3) { PipeFromRaw.open(PipeOptions.defaults().withLoop(loop)) }
                val end = launch(Dispatchers.IO) { loop.close() }
                for (stream in streams) {
                    stream.reader.close()
                    assertRefused(PipeFromRaw, stream)
                }
                end.join()
            }
        }

    @Test
    @DisplayName("a pipe that was made here: a writer of ours gets BrokenPipeException")
    fun writerOfOurs() =
        runBlocking<Unit> {
            repeat(200) {
                val pipe = aioPipe()
                val writer = pipe.tx().open()
                pipe.rx().open().close()
                assertThrowsSuspending<BrokenPipeException> { writer.writeLine("lost") }
                writer.abort()
            }
        }

    @Test
    @DisplayName("a FIFO: a writer that comes after the close waits for the next reader, who gets the line")
    fun nextReaderOfAFifo() =
        runBlocking<Unit> {
            val fifo = directory.fifo()
            repeat(200) {
                ReadEnd.fifo(fifo).open().close()
                val writing = async(start = CoroutineStart.UNDISPATCHED) { WriteEnd.fifo(fifo).open() }
                assertTrue(writing.isActive) // it has found no reader
                val next = ReadEnd.fifo(fifo).open()
                val writer = writing.await()
                writer.writeLine("line $it")
                assertEquals("line $it", next.readLine())
                next.close()
                writer.abort()
            }
        }

    /** Without a change of thread, while the loop is in user code. */
    private fun assertRefusedHere(kind: ReadableKind, stream: Readable) =
        runBlocking(Dispatchers.Unconfined) {
            assertRefused(kind, stream, release = false)
        }

    private suspend fun assertRefused(kind: ReadableKind, stream: Readable, release: Boolean = true) {
        val outcome = runCatching { stream.send(ByteArray(1)) }
        assertTrue(outcome.exceptionOrNull() is IOException) { "${kind.javaClass.simpleName}: $outcome" }
        if (release) stream.release()
    }

    private fun onLoop(block: suspend CoroutineScope.(PipeLoop) -> Unit) =
        runBlocking<Unit> { PipeLoop.create("aiopipe-own").use { block(it) } }
}

/** Runs something while user code keeps the loop's thread. */
suspend fun PipeLoop.busyWhile(block: suspend () -> Unit) {
    val busy = CompletableFuture<Unit>()
    val end = CountDownLatch(1)
    val hog =
        CoroutineScope(dispatcher).launch {
            busy.complete(Unit)
            end.await()
        }
    busy.join()
    try {
        block()
    } finally {
        end.countDown()
        hog.join()
    }
}

/** A pipe that this process was started with, as far as can be seen. */
private object InheritedFromRaw : ReadableKind {
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val (read, write) = Posix.pipe()
        val opened = ReadEnd.inherited(read).open(options)
        return object : Readable {
            override val reader = opened

            override suspend fun send(bytes: ByteArray) =
                try {
                    Posix.write(write, bytes)
                } catch (e: IllegalStateException) {
                    throw IOException(e)
                }

            override suspend fun end() = Posix.close(write)

            override suspend fun release() {
                reader.close()
                Posix.close(write)
            }
        }
    }
}

/** A socket whose other direction is closed: the reader is the last one. */
private object ClosedHalfFromRaw : ReadableKind {
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val (mine, theirs) = connectedSockets()
        val duplex = DuplexEnd.of(mine)
        duplex.tx().close()
        return RawReadable(duplex.rx().open(options), theirs)
    }
}
