@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.SharedSecrets
import dev.aiopipe.engine.read.ReadOps
import dev.aiopipe.engine.support.BlockingPool
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext

/**
 * Starts children of which each reads what the one before it writes, as a shell does for `a | b | c`. The bytes between
 * them never enter this process. Its own ends are the first one's stdin, the last one's stdout, and each one's stderr.
 *
 * A stage that ends early has the ones before it end by SIGPIPE, when they write again. No stage holds an end of
 * another one's.
 *
 * *Cancellation:* what was started is killed, and nothing is left behind.
 *
 * @return to be closed, or [stopped][PipedPipeline.stop]; [withPipeline] does that by itself
 * @throws IOException naming the program that can't be started; those before it are killed, and nothing is left behind.
 * @throws IllegalArgumentException if there is no stage, or what is between two stages is redirected
 */
@Throws(IOException::class)
@JvmOverloads
public suspend fun List<ProcessBuilder>.startPipeline(
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
): PipedPipeline {
    val start = SharedSecrets.get().startPipeline(this, options, child.settings(true))
    coroutineContext.ensureActive()
    val pipeline = blocking(BlockingPool.EXECUTOR) { PipedPipeline(start.call().map { PipedProcess(it, options) }) }
    try {
        coroutineContext.ensureActive()
    } catch (e: CancellationException) {
        pipeline.close()
        e.suppressing { withContext(NonCancellable) { pipeline.stop(Duration.ZERO) } }
        throw e
    }
    return pipeline
}

/**
 * Starts a pipeline as [startPipeline] does and runs [block] with it. Whichever way the block is left, all stages are
 * [stopped][PipedPipeline.stop] then, as [withPiped] has it for a single child.
 *
 * *Cancellation:* the stages are stopped all the same.
 *
 * @param grace how long each step of the stop waits, for all stages together; wall-clock time
 * @return what the block returned
 * @throws IllegalArgumentException if the grace is negative; or as [startPipeline]
 * @throws IOException as [startPipeline]. Or if a stage lives on after KILL
 */
@JvmName("withPipeline")
public suspend fun <R> List<ProcessBuilder>.withPipeline(
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
    grace: Duration = 5.seconds,
    block: suspend PipedScope.(PipedPipeline) -> R,
): R {
    require(!grace.isNegative()) { "grace < 0: $grace" }
    return startPipeline(options, child).use { pipeline ->
        inScope(grace, pipeline::endWith) { block(pipeline) }
    }
}

/**
 * Runs a pipeline to its end and returns what came of each stage: `listOf(ProcessBuilder("sort"),
 * ProcessBuilder("uniq")).runPipeline("b\na\nb\n".toByteArray()).orThrow().stdoutText()`.
 *
 * *Cancellation:* all stages get the stop signal at once, and KILL after a second. Nothing is left behind.
 *
 * @param input all that the first stage may read
 * @param limit bytes that each output may have: the last stage's stdout, and each stage's stderr
 * @param timeout wall-clock time for all of it, the starts included
 * @param drain how long an output may stay open after the exit of its stage
 * @throws ProcessTimeoutException of a stage that did not end in time; all were stopped
 * @throws LimitExceededException naming the output that has more bytes than [limit]; all stages were stopped
 * @throws IOException naming the program that can't be started; nothing is left behind
 * @throws IllegalArgumentException if a limit or time is negative; or as [startPipeline]
 * @throws IllegalStateException if there is input, and the first stage's stdin is redirected
 */
@Throws(IOException::class)
@JvmName("runPipeline")
public suspend fun List<ProcessBuilder>.runPipeline(
    input: ByteArray = NO_INPUT,
    limit: Int = ReadOps.DEFAULT_ALL_LIMIT,
    timeout: Duration = Duration.INFINITE,
    drain: Duration = 1.seconds,
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
): PipelineOutput {
    val plan = planOf(input, limit, timeout, drain, options)
    require(isNotEmpty()) { "no stages" }
    val stdin = first().redirectInput()
    check(input.isEmpty() || stdin == Redirect.PIPE) { "stdin is redirected: $stdin" }
    return PipelineOutput(runAll(this, plan, options, child))
}

/** Children of which each reads what the one before it writes. Made by [startPipeline] and [withPipeline]. */
public class PipedPipeline
internal constructor(
    /** The stages, in their order. Their streams between two stages are not connected here. */
    public val processes: List<PipedProcess>
) : AutoCloseable {
    /** Writes to the first stage. */
    public val stdin: PipeWriter = processes.first().stdin

    /** Reads the output of the last stage. */
    public val stdout: PipeReader = processes.last().stdout

    /**
     * Waits for the exits of all stages.
     *
     * *Cancellation:* ends the wait, not the stages.
     *
     * @return their exit codes, in the order of the stages
     */
    public suspend fun awaitExit(): List<Int> = processes.map { it.awaitExit() }

    /**
     * Ends all stages side by side, as [PipedProcess.stop] does: closes the first one's stdin; then the stop signal;
     * then KILL. They share the [grace].
     *
     * @return their exit codes, in the order of the stages
     * @throws IllegalArgumentException if the grace is negative
     * @throws IOException naming a stage that lives on after KILL
     */
    @Throws(IOException::class)
    @JvmName("stop")
    public suspend fun stop(grace: Duration = 5.seconds): List<Int> {
        val caller = coroutineContext[Job]
        return sideBySide { it.stop(grace, descendants = false, stdinGrace = grace, patient = false, caller) }
    }

    @JvmSynthetic
    internal suspend fun endWith(readers: List<Job>, grace: Duration, stdinGrace: Duration) {
        sideBySide { it.endWith(readers, grace, stdinGrace) }
    }

    private suspend fun <T> sideBySide(action: suspend (PipedProcess) -> T): List<T> = coroutineScope {
        processes.map { async { action(it) } }.awaitAll()
    }

    /** Kills all stages, and releases everything. Does not wait for their ends. A second close does nothing. */
    override fun close(): Unit = processes.forEach { it.close() }

    override fun toString(): String = "PipedPipeline$processes"
}
