package dev.aiopipe

import org.junit.jupiter.params.ParameterizedClass
import org.junit.jupiter.params.provider.EnumSource

@ParameterizedClass @EnumSource class PipeFromRawTest(threads: Threads) : ReaderContract(PipeFromRaw, threads)

@ParameterizedClass @EnumSource class PipeFromWriterTest(threads: Threads) : ReaderContract(PipeFromWriter, threads)

@ParameterizedClass @EnumSource class ChildStdoutTest(threads: Threads) : ReaderContract(ChildStdout, threads)

@ParameterizedClass @EnumSource class SmallPipeFromRawTest(threads: Threads) : ReaderContract(SmallPipeFromRaw, threads)

@ParameterizedClass @EnumSource class FifoFromRawTest(threads: Threads) : ReaderContract(FifoFromRaw, threads)

@ParameterizedClass
@EnumSource
class TerminalFromRawTest(threads: Threads) : EndlessReaderContract(TerminalFromRaw, threads)

@ParameterizedClass @EnumSource class SocketFromRawTest(threads: Threads) : ReaderContract(SocketFromRaw, threads)

@ParameterizedClass @EnumSource class ThreadFromRawTest(threads: Threads) : ReaderContract(ThreadFromRaw, threads)
