package dev.aiopipe

/** What every reader keeps whose stream can be brought to its end. A subclass names the kind. */
abstract class ReaderContract(kind: ReadableKind, threads: Threads) :
    EndlessReaderContract(kind, threads), ReaderEndContract

/** What every reader keeps, whatever kind of stream it reads. */
abstract class EndlessReaderContract(override val kind: ReadableKind, override val threads: Threads) :
    ReaderBytesContract,
    ReaderLinesContract,
    ReaderWaitsContract,
    ReaderAtomicContract,
    ReaderVolumeContract,
    ReaderOptionsContract
