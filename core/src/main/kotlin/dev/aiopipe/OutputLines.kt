package dev.aiopipe

import dev.aiopipe.engine.loop.Readiness
import dev.aiopipe.engine.process.RestOfLines
import dev.aiopipe.engine.read.Input
import dev.aiopipe.engine.read.ReadOp
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.Job
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * The lines of both outputs of a child, as they come. One coroutine waits for both, and takes a line only when it is
 * about to emit it, so none is lost when the collector leaves.
 */
internal class OutputLines(stdout: Input, stderr: Input, options: PipeOptions) : Flow<OutputLine> {
    private val sides =
        listOf(Side(stdout, OutputLine.Source.STDOUT, options), Side(stderr, OutputLine.Source.STDERR, options))

    @Volatile private var drained = false
    @Volatile private var waiting: Wake? = null

    /** No end is waited for any more: each collection ends with what is there. */
    fun drained() {
        drained = true // first: a wait that begins now looks for it
        waiting?.wake()
    }

    override suspend fun collect(collector: FlowCollector<OutputLine>) {
        val collecting = Collecting(coroutineContext[Job])
        sides.forEach { it.input.enter(collecting) }
        try {
            emitAll(collector)
        } finally {
            sides.forEach { it.input.leave(collecting) }
        }
    }

    private suspend fun emitAll(collector: FlowCollector<OutputLine>) {
        var open = sides
        while (open.isNotEmpty()) {
            coroutineContext.ensureActive()
            if (drained) {
                open.forEach { it.emitRest(collector) }
                return
            }
            open = open.filter { it.emitBuffered(collector) }
            awaitEither(open)
        }
    }

    /** Returns when one of the sides may have a line, or its end. */
    private suspend fun awaitEither(open: List<Side>) {
        val empty = mutableListOf<Side>()
        val news = Wake()
        try {
            for (side in open) {
                if (side.input.start(side.lineRequest, null) !== ReadOp.MORE) return
                empty += side
            }
            if (empty.isNotEmpty()) {
                suspendCancellableCoroutine<Unit> { continuation ->
                    news.on(continuation, empty)
                    waiting = news
                    if (drained) news.wake()
                }
            }
        } finally {
            waiting = null
            empty.forEach { it.endWait(news) }
        }
    }

    /** Wakes the coroutine once, whichever side is the first. */
    private class Wake : Readiness.Waiter {
        private lateinit var continuation: CancellableContinuation<Unit>
        private val woken = AtomicBoolean()

        fun on(continuation: CancellableContinuation<Unit>, sides: List<Side>) {
            this.continuation = continuation
            continuation.invokeOnCancellation { sides.forEach { it.input.abandon(this) } }
            for (side in sides) {
                side.isAwaited = true
                if (!side.input.await(this)) wake()
            }
        }

        override fun wake() {
            if (woken.compareAndSet(false, true)) continuation.resume(Unit)
        }

        override fun isGivenUp() = woken.get() && continuation.context[Job]?.isCancelled == true
    }

    private class Side(val input: Input, val source: OutputLine.Source, options: PipeOptions) {
        private val ops = options.readOps()
        val line: ReadOp<String?> = ops.line()
        val lineRequest: ReadOp<Boolean> = ops.requestLine()
        var isAwaited = false

        /** Emits lines until there is none, but leaves the turn to the other side after some. False at the end. */
        suspend fun emitBuffered(collector: FlowCollector<OutputLine>): Boolean {
            repeat(TURN) {
                when (val value = input.start(line, null)) {
                    ReadOp.MORE -> {
                        input.abandon()
                        return true
                    }
                    null -> return false
                    else -> collector.emit(OutputLine(source, value as String))
                }
                coroutineContext.ensureActive()
            }
            return true
        }

        /** Emits what is there, without waiting for more. */
        suspend fun emitRest(collector: FlowCollector<OutputLine>) {
            val rest = RestOfLines(input, ops)
            while (true) {
                collector.emit(OutputLine(source, rest.next() ?: return))
                coroutineContext.ensureActive()
            }
        }

        /** Frees the read slot, which this has since the line request found too little. */
        fun endWait(waiter: Readiness.Waiter) {
            if (isAwaited) input.abandon(waiter) else input.abandon()
            isAwaited = false
        }
    }

    private companion object {
        const val TURN = 64
    }
}
