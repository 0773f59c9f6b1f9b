package dev.aiopipe

/** What every reader keeps, whatever kind of stream it reads. A subclass names the kind. */
abstract class ReaderContract(override val kind: ReadableKind, override val threads: Threads) :
    ReaderBytesContract, ReaderLinesContract, ReaderWaitsContract, ReaderAtomicContract, ReaderVolumeContract
