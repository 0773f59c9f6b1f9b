package dev.aiopipe

/** How the contract gets at one kind of stream to read from. */
interface ReadableKind {
    /** Whether the end of the stream can be brought about. */
    val canEnd: Boolean
        get() = true

    /** Whether nothing comes behind the end. */
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

    /** Nothing more is sent. */
    suspend fun end()

    /** Releases everything, whatever state it is in. */
    suspend fun release()
}

/** How the contract gets at one kind of stream to write to. */
interface WritableKind {
    /** Whether the reader's going away can be brought about. */
    val canBreak: Boolean
        get() = true

    /** Whether the reader's going away shows without a write. */
    val tellsReaderGone: Boolean
        get() = true

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
