package dev.aiopipe

import java.nio.ByteBuffer
import java.nio.channels.Pipe
import java.util.zip.CRC32
import kotlinx.coroutines.yield

/**
 * Messages that show whether they are whole: who sent it, which one it is, its size, and a checksum behind the content.
 */
object Numbered {
    private const val HEADER = 12
    private const val CHECKSUM = 4

    data class Content(val id: Int, val number: Int)

    fun message(id: Int, number: Int, size: Int): ByteArray {
        val message = ByteBuffer.allocate(HEADER + size + CHECKSUM).putInt(id).putInt(number).putInt(size)
        for (i in 0 until size) message.put((i * 31 + number + id).toByte())
        return message.putInt(checksum(message.array(), HEADER + size)).array()
    }

    /** Reads one message by means of a function that gives exactly so many bytes. */
    inline fun receive(readExactly: (Int) -> ByteArray): Content {
        val header = readExactly(12)
        return check(header, readExactly(sizeIn(header) + 4))
    }

    fun sizeIn(header: ByteArray): Int {
        val size = ByteBuffer.wrap(header).getInt(8)
        check(size in 0..(64 shl 20)) { "torn: size $size" }
        return size
    }

    fun check(header: ByteArray, rest: ByteArray): Content {
        val content = header + rest
        val buffer = ByteBuffer.wrap(content)
        check(buffer.getInt(content.size - CHECKSUM) == checksum(content, content.size - CHECKSUM)) { "torn: checksum" }
        return Content(buffer.getInt(0), buffer.getInt(4))
    }

    private fun checksum(bytes: ByteArray, length: Int) = CRC32().apply { update(bytes, 0, length) }.value.toInt()

    /** Takes a stream of messages apart as it comes. */
    class Parser {
        private val buffer = ByteBuffer.allocate(1 shl 20)

        /** Whether what has come ends with a whole message. */
        val isAtABoundary: Boolean
            get() = buffer.position() == 0

        /** Reads what is there of a non-blocking channel, [most] bytes at most. */
        fun drain(source: Pipe.SourceChannel, most: Int, arrived: (Content) -> Unit) {
            var left = most
            while (left > 0) {
                val count = read(source, left, arrived)
                if (count <= 0) return
                left -= count
            }
        }

        suspend fun drainToTheEnd(source: Pipe.SourceChannel, arrived: (Content) -> Unit) {
            while (true) {
                val count = read(source, buffer.capacity(), arrived)
                if (count < 0) return
                if (count == 0) yield()
            }
        }

        private fun read(source: Pipe.SourceChannel, most: Int, arrived: (Content) -> Unit): Int {
            buffer.limit(minOf(buffer.capacity(), buffer.position() + most))
            val count = source.read(buffer)
            buffer.flip()
            while (buffer.remaining() >= HEADER) {
                val size =
                    HEADER +
                        sizeIn(buffer.array().copyOfRange(buffer.position(), buffer.position() + HEADER)) +
                        CHECKSUM
                if (buffer.remaining() < size) break
                val message = ByteArray(size).also(buffer::get)
                arrived(check(message.copyOf(HEADER), message.copyOfRange(HEADER, size)))
            }
            buffer.compact()
            return count
        }
    }
}
