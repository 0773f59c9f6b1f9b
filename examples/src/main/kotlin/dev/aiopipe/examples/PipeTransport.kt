package dev.aiopipe.examples

import dev.aiopipe.PipeReader
import dev.aiopipe.PipeWriter
import io.modelcontextprotocol.kotlin.sdk.shared.AbstractTransport
import io.modelcontextprotocol.kotlin.sdk.shared.TransportSendOptions
import io.modelcontextprotocol.kotlin.sdk.types.JSONRPCMessage
import io.modelcontextprotocol.kotlin.sdk.types.McpJson
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A transport of the Model Context Protocol, for servers and clients: each message is a line of JSON.
 *
 * A coroutine of [scope] reads. It ends at the end of the input, or when the transport is closed, even while no input
 * comes. Then both streams are closed: messages that are being written have [grace] to go out, in case the peer does
 * not read.
 */
class PipeTransport(
    private val scope: CoroutineScope,
    private val reader: PipeReader,
    private val writer: PipeWriter,
    private val grace: Duration = 500.milliseconds,
) : AbstractTransport() {
    @Volatile private var reading: Job? = null

    override suspend fun start() {
        check(reading == null) { "the transport was started before" }
        reading = scope.launch {
            try {
                reader.lines().collect { receive(it) }
            } catch (e: IOException) { // a line that is too long, for example
                invokeOnErrorCallback(e)
            } finally {
                release()
            }
        }
    }

    private suspend fun receive(line: String) {
        try {
            _onMessage(McpJson.decodeFromString<JSONRPCMessage>(line))
        } catch (e: CancellationException) {
            throw e
        } catch (e: Exception) { // the line is no message; the next one may be
            invokeOnErrorCallback(e)
        }
    }

    /** Any number of coroutines may send at once: the writer never mixes their lines. */
    override suspend fun send(message: JSONRPCMessage, options: TransportSendOptions?) {
        writer.writeLine(McpJson.encodeToString(message))
    }

    override suspend fun close() {
        reading?.cancel() // does not join it: a handler that the reading coroutine runs may close the transport, too
        release()
    }

    private suspend fun release() =
        withContext(NonCancellable) {
            reader.close()
            writer.close() // as soon as the messages that wait are sent
            try {
                withTimeoutOrNull(grace) { writer.awaitClosed() } ?: writer.abort()
            } catch (e: IOException) {
                invokeOnErrorCallback(e)
            }
            invokeOnCloseCallback()
        }
}
