package dev.aiopipe

import dev.aiopipe.engine.endpoint.Fallback
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.Channels
import java.nio.channels.FileChannel
import java.nio.channels.Pipe
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.READ
import java.nio.file.StandardOpenOption.WRITE
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runInterruptible

/** What an unprivileged user gets when the system's pipe buffers are used up. */
private const val SMALL_PIPE_BYTES = 8 * 1024

/** A pipe of the smallest size that occurs. */
object SmallPipeFromRaw : ReadableKind {
    override val onTheWay = SMALL_PIPE_BYTES

    override suspend fun open(options: PipeOptions) = PipeFromRaw.open(options.withCapacity(SMALL_PIPE_BYTES))
}

/** A pipe of the smallest size that occurs. */
object SmallPipeToRaw : WritableKind {
    override val onTheWay = SMALL_PIPE_BYTES

    override suspend fun open(options: PipeOptions) = PipeToRaw.open(options.withCapacity(SMALL_PIPE_BYTES))
}

/** A FIFO with one writer. */
object FifoFromRaw : ReadableKind {
    override val endIsFinal = false
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val fifo = TemporaryFifo()
        val reader = ReadEnd.fifo(fifo.path).open(options)
        return RawReadable(reader, FileChannel.open(fifo.path, WRITE), fifo)
    }
}

/** A FIFO with one reader. */
object FifoToRaw : WritableKind {
    override val onTheWay = PIPE_BYTES

    override suspend fun open(options: PipeOptions): Writable = coroutineScope {
        val fifo = TemporaryFifo()
        val source = async { runInterruptible(Dispatchers.IO) { FileChannel.open(fifo.path, READ) } }
        RawWritable(WriteEnd.fifo(fifo.path).open(options), source.await(), fifo)
    }
}

private class TemporaryFifo : AutoCloseable {
    private val directory: Path = Files.createTempDirectory("aiopipe")
    val path: Path = directory.fifo()

    override fun close() {
        Files.delete(path)
        Files.delete(directory)
    }
}

/** What a connected socket holds, with the kernel's own bookkeeping, at the usual settings. */
private const val SOCKET_BYTES = 512 * 1024

/** A connected socket, read. */
object SocketFromRaw : ReadableKind {
    override val onTheWay = SOCKET_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val (mine, theirs) = connectedSockets()
        val duplex = DuplexEnd.of(mine)
        return RawReadable(duplex.rx().open(options), theirs, duplex)
    }
}

/** A connected socket, written. */
object SocketToRaw : WritableKind {
    override val onTheWay = SOCKET_BYTES

    override suspend fun open(options: PipeOptions): Writable {
        val (mine, theirs) = connectedSockets()
        val duplex = DuplexEnd.of(mine)
        return RawWritable(duplex.tx().open(options), theirs, duplex)
    }
}

fun connectedSockets(): Pair<SocketChannel, SocketChannel> {
    val directory = Files.createTempDirectory("aiopipe")
    val address = UnixDomainSocketAddress.of(directory.resolve("socket"))
    ServerSocketChannel.open(StandardProtocolFamily.UNIX).use { server ->
        server.bind(address)
        val mine = SocketChannel.open(address)
        val theirs = server.accept()
        Files.delete(address.path)
        Files.delete(directory)
        return Pair(mine, theirs)
    }
}

/** A stream that a thread reads, as where there is no better way. */
object ThreadFromRaw : ReadableKind {
    override val mode = ReadMode.THREAD
    override val onTheWay = PIPE_BYTES + THREAD_BYTES

    override suspend fun open(options: PipeOptions): Readable {
        val pipe = Pipe.open()
        val input = Fallback.input(Channels.newInputStream(pipe.source()), options.loop().engine, "pipe")
        return RawReadable(PipeReader(input, options), pipe.sink())
    }
}

/** A stream that a thread writes. */
object ThreadToRaw : WritableKind {
    override val onTheWay = PIPE_BYTES + THREAD_BYTES

    override suspend fun open(options: PipeOptions): Writable {
        val pipe = Pipe.open()
        val output = Fallback.output(Channels.newOutputStream(pipe.sink()), options.loop().engine, "pipe")
        return RawWritable(PipeWriter(output, options), pipe.source())
    }
}

/** What such a thread carries. */
private const val THREAD_BYTES = 64 * 1024
