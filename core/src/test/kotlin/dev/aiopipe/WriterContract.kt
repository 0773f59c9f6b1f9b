package dev.aiopipe

/** What every writer keeps that learns without a write that its reader has gone. A subclass names the kind. */
abstract class WriterContract(kind: WritableKind, threads: Threads) :
    UnwatchedWriterContract(kind, threads), WriterWatchContract

/** What every writer keeps, whatever kind of stream it writes. */
abstract class UnwatchedWriterContract(override val kind: WritableKind, override val threads: Threads) :
    WriterOrderContract, WriterTransferContract, WriterRoomContract, WriterEndsContract
