package dev.aiopipe

import dev.aiopipe.engine.endpoint.ChannelEndpoint
import dev.aiopipe.testkit.Descriptors
import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.nio.channels.ReadableByteChannel
import java.nio.channels.WritableByteChannel
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible

/** The capacity of a pipe that nobody has changed. */
const val PIPE_BYTES = 64 * 1024

/** What is on its way through `cat`: two pipes and its own buffer. */
private const val CAT_BYTES = 2 * PIPE_BYTES + 128 * 1024

/** A pipe in this process, written to through a blocking channel of the JDK. */
object PipeFromRaw : ReadableKind {
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val pipe = Pipe.open()
        return RawReadable(ReadEnd.of(pipe.source()).open(options), pipe.sink())
    }
}

/** A pipe in this process, written to through this library. */
object PipeFromWriter : ReadableKind {
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val (rx, tx) = aioPipe()
        val writer = tx.open(options)
        val opened = rx.open(options)
        return object : Readable {
            override val reader = opened

            override suspend fun send(bytes: ByteArray) = writer.write(bytes)

            override suspend fun end() = writer.close()

            override suspend fun release() {
                writer.abort()
                reader.close()
            }
        }
    }
}

/** The stdout of a child that copies what it reads. */
object ChildStdout : ReadableKind {
    override val onTheWay = CAT_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val pipe = Pipe.open()
        val stdin = ReadEnd(ChannelEndpoint(pipe.source(), true, "pipe")).forChild()
        val child = stdin.use { ProcessBuilder("cat").redirectInput(it.redirect()).startPiped(options = options) }
        return RawReadable(child.stdout, pipe.sink(), child)
    }
}

/** Written to through a blocking channel. */
class RawReadable(
    override val reader: PipeReader,
    private val sink: WritableByteChannel,
    private vararg val more: AutoCloseable,
) : Readable {
    override suspend fun send(bytes: ByteArray) =
        runInterruptible(Dispatchers.IO) {
            val buffer = ByteBuffer.wrap(bytes)
            while (buffer.hasRemaining()) sink.write(buffer)
        }

    override suspend fun end() = sink.close()

    override suspend fun release() {
        reader.close()
        more.forEach { it.close() }
        sink.close()
    }
}

/** A pipe in this process, read through a blocking channel of the JDK. */
object PipeToRaw : WritableKind {
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Writable {
        val pipe = Pipe.open()
        return RawWritable(WriteEnd.of(pipe.sink()).open(options), pipe.source())
    }
}

/** A pipe in this process, read through this library. */
object PipeToReader : WritableKind {
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Writable {
        val (rx, tx) = aioPipe()
        val reader = rx.open(options)
        val opened = tx.open(options)
        return object : Writable {
            override val writer = opened

            override suspend fun receive(count: Int) = reader.readAtMost(count)

            override suspend fun leave() {
                val pipes = Descriptors.pipes()
                reader.close()
                eventually("the loop gives the number back") { Descriptors.pipes() < pipes || pipes == 0 }
            }

            override suspend fun release() {
                writer.abort()
                reader.close()
            }
        }
    }
}

/** The stdin of a child that copies what it reads. */
object ChildStdin : WritableKind {
    override val onTheWay = CAT_BYTES

    override suspend fun open(options: PipeOptions): Writable {
        val pipe = Pipe.open()
        val stdout = WriteEnd(ChannelEndpoint(pipe.sink(), true, "pipe")).forChild()
        val child = stdout.use { ProcessBuilder("cat").redirectOutput(it.redirect()).startPiped(options = options) }
        return RawWritable(child.stdin, pipe.source(), child)
    }
}

/** Read through a blocking channel. */
class RawWritable(
    override val writer: PipeWriter,
    private val source: ReadableByteChannel,
    private vararg val more: AutoCloseable,
) : Writable {
    override suspend fun receive(count: Int): ByteArray {
        val buffer = ByteBuffer.allocate(count)
        runInterruptible(Dispatchers.IO) { source.read(buffer) }
        return buffer.array().copyOf(buffer.position())
    }

    override suspend fun leave() {
        source.close()
        for (child in more.filterIsInstance<PipedProcess>()) {
            child.process.destroyForcibly()
            child.awaitExit()
        }
    }

    override suspend fun release() {
        writer.abort()
        more.forEach { it.close() }
        source.close()
    }
}
