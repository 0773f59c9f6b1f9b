package dev.aiopipe

import org.junit.jupiter.params.ParameterizedClass
import org.junit.jupiter.params.provider.EnumSource

@ParameterizedClass @EnumSource class PipeToRawTest(threads: Threads) : WriterContract(PipeToRaw, threads)

@ParameterizedClass @EnumSource class PipeToReaderTest(threads: Threads) : WriterContract(PipeToReader, threads)

@ParameterizedClass @EnumSource class ChildStdinTest(threads: Threads) : WriterContract(ChildStdin, threads)

@ParameterizedClass @EnumSource class SmallPipeToRawTest(threads: Threads) : WriterContract(SmallPipeToRaw, threads)

@ParameterizedClass @EnumSource class FifoToRawTest(threads: Threads) : WriterContract(FifoToRaw, threads)

@ParameterizedClass
@EnumSource
class TerminalToRawTest(threads: Threads) : UnwatchedWriterContract(TerminalToRaw, threads)

@ParameterizedClass @EnumSource class SocketToRawTest(threads: Threads) : WriterContract(SocketToRaw, threads)

@ParameterizedClass @EnumSource class ThreadToRawTest(threads: Threads) : UnwatchedWriterContract(ThreadToRaw, threads)
