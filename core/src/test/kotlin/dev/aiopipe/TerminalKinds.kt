package dev.aiopipe

import dev.aiopipe.testkit.Posix
import java.io.Closeable
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible

/** What a pseudo-terminal holds on its way: the queue of its driver, and that of its line discipline. */
private const val TERMINAL_BYTES = 16 * 1024

/**
 * A terminal in raw mode, whose input is typed on its master. Its end is `^D` in another mode, or loses what was typed.
 */
object TerminalFromRaw : ReadableKind {
    override val endIsFinal = false
    override val onTheWay = TERMINAL_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val (number, terminal) = Posix.terminal(true)
        val master = Master(number)
        val opened = ReadEnd.inherited(terminal).open(options)
        return object : Readable {
            override val reader = opened

            override suspend fun send(bytes: ByteArray) =
                runInterruptible(Dispatchers.IO) { Posix.write(master.number, bytes) }

            override suspend fun end() = throw UnsupportedOperationException()

            override suspend fun release() {
                reader.close()
                master.close()
            }
        }
    }
}

/** A terminal in raw mode, whose output is read on its master. */
object TerminalToRaw : WritableKind {
    override val onTheWay = TERMINAL_BYTES

    override suspend fun open(options: PipeOptions): Writable {
        val (number, terminal) = Posix.terminal(true)
        val master = Master(number)
        val opened = WriteEnd.inherited(terminal).open(options)
        return object : Writable {
            override val writer = opened

            override suspend fun receive(count: Int) =
                runInterruptible(Dispatchers.IO) { Posix.readMaster(master.number, count) }

            override suspend fun leave() = master.close()

            override suspend fun release() {
                writer.abort()
                master.close()
            }
        }
    }
}

/** The side that the user of a terminal sits on. */
private class Master(val number: Int) : Closeable {
    private val closed = AtomicBoolean()

    override fun close() {
        if (closed.compareAndSet(false, true)) Posix.close(number)
    }
}
