package dev.aiopipe

/** What every writer keeps, whatever kind of stream it writes. A subclass names the kind. */
abstract class WriterContract(override val kind: WritableKind, override val threads: Threads) :
    WriterOrderContract, WriterTransferContract, WriterEndsContract
