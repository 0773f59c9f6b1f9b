package dev.aiopipe

/** How the contract gets at one kind of stream to read from. */
interface ReadableKind {
    /** Whether nothing comes after the end. */
    val endIsFinal: Boolean
        get() = true

    val mode: ReadMode
        get() = ReadMode.SELECTOR

    /** How many bytes are on their way at most, between a write on the other side and the reader. */
    val onTheWay: Int

    suspend fun open(options: PipeOptions): Readable
}

/** A stream whose reader is under test. The other side is driven by hand. */
interface Readable {
    val reader: PipeReader

    /** Writes all of it, on another thread; as one piece if that is short. */
    suspend fun send(bytes: ByteArray)

    /** Ends the stream, if its kind can be ended. */
    suspend fun end()

    /** Releases everything, whatever state it is in. */
    suspend fun release()
}

/** How the contract gets at one kind of stream to write to. */
interface WritableKind {
    /** How many bytes are on their way at most, between the writer and a read on the other side. */
    val onTheWay: Int

    suspend fun open(options: PipeOptions): Writable
}

/** A stream whose writer is under test. The other side is driven by hand. */
interface Writable {
    val writer: PipeWriter

    /** What is there, on another thread; one byte at least, empty at the end of the stream. */
    suspend fun receive(count: Int): ByteArray

    /** The reader goes away: from now on nobody is left to read. */
    suspend fun leave()

    /** Releases everything, whatever state it is in. */
    suspend fun release()
}
