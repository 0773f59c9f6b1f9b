@file:JvmName("AioPipes")
@file:JvmMultifileClass

package dev.aiopipe

import dev.aiopipe.engine.SharedSecrets
import dev.aiopipe.engine.process.ChildSettings
import dev.aiopipe.engine.process.Communication
import dev.aiopipe.engine.process.OutputDrain
import dev.aiopipe.engine.process.Run
import dev.aiopipe.engine.process.StderrTail
import dev.aiopipe.engine.read.ReadOps
import java.io.IOException
import java.lang.ProcessBuilder.Redirect
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext

/**
 * Runs a program to its end and returns all that came of it: `ProcessBuilder("git",
 * "status").runPiped().orThrow().stdoutText()`.
 *
 * Writes [input] to the child's stdin and closes it, and collects stdout and stderr side by side. A child that does not
 * read its input has not failed, see [ProcessOutput.inputAccepted]; nor has one that exits with another code than 0:
 * [ProcessOutput.orThrow] throws then. A stream that the builder redirects stays redirected, and is empty in the
 * result.
 *
 * *Cancellation:* the child gets the stop signal at once, and KILL after a second. Nothing is left behind.
 *
 * @param input all that the child may read; empty by default, so that the child finds the end of its stdin
 * @param limit bytes that each output may have
 * @param timeout wall-clock time for all of it, the start included
 * @param drain how long an output may stay open after the exit, as a process that the child left behind may hold it.
 *   After that the result has what came, and [ProcessOutput.outputComplete] is false
 * @throws ProcessTimeoutException if the child did not end in time; it was stopped, and the exception has what came
 * @throws LimitExceededException naming the output that has more bytes than [limit]; the child was stopped
 * @throws IOException naming the program, if it can't be started, or lives on after KILL
 * @throws IllegalArgumentException if a limit or time is negative
 * @throws IllegalStateException if there is input, and the builder redirects stdin; nothing was started
 */
@Throws(IOException::class)
@JvmName("runPiped")
public suspend fun ProcessBuilder.runPiped(
    input: ByteArray = NO_INPUT,
    limit: Int = ReadOps.DEFAULT_ALL_LIMIT,
    timeout: Duration = Duration.INFINITE,
    drain: Duration = 1.seconds,
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
): ProcessOutput {
    check(input.isEmpty() || redirectInput() == Redirect.PIPE) { "stdin is redirected: ${redirectInput()}" }
    val plan = planOf(input, limit, timeout, drain, options)
    return runAll(listOf(this), plan, options, child).single()
}

@JvmSynthetic
internal fun planOf(input: ByteArray, limit: Int, timeout: Duration, drain: Duration, options: PipeOptions) =
    Communication.Plan(
        input,
        limit,
        drain.toJavaDuration(),
        if (timeout.isInfinite()) null else timeout.toJavaDuration(),
        options.charset(),
        System.nanoTime(),
    )

/**
 * Runs a program to its end, as the other [runPiped].
 *
 * @param input encoded by the charset of the [options]
 */
@Throws(IOException::class)
@JvmName("runPiped")
public suspend fun ProcessBuilder.runPiped(
    input: String,
    limit: Int = ReadOps.DEFAULT_ALL_LIMIT,
    timeout: Duration = Duration.INFINITE,
    drain: Duration = 1.seconds,
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
): ProcessOutput = runPiped(input.toByteArray(options.charset()), limit, timeout, drain, options, child)

/**
 * The lines of a program's outputs, as they come. Cold: each collection starts a child, and ends it.
 *
 * After the last line the exit is looked at. A collector that leaves early, or fails, has the child stopped at once: by
 * the stop signal, and by KILL after a second. The child's stdin is at its end.
 *
 * The flow fails with [ProcessFailedException] if the child exits with another code than 0; the output of the exception
 * has the last lines of stderr. It fails with [LimitExceededException] at a line longer than `maxLineBytes`, and with
 * [IOException] if the program can't be started. Reads of a slow collector hold the child back.
 *
 * @param drain how long an output may stay open after the exit, as a process that the child left behind may hold it.
 *   After that the flow ends with what came, as the exit code has it
 * @throws IllegalArgumentException if the drain is negative
 */
@JvmName("outputLines")
public fun ProcessBuilder.outputLines(
    options: PipeOptions = PipeOptions.defaults(),
    child: ChildOptions = ChildOptions.defaults(),
    drain: Duration = 1.seconds,
): Flow<OutputLine> {
    OutputDrain.requireNotNegative(drain.toJavaDuration())
    return LinesOfRun(this, drain, options, child.settings(true))
}

private class LinesOfRun(
    private val builder: ProcessBuilder,
    private val drain: Duration,
    private val options: PipeOptions,
    private val settings: ChildSettings,
) : Flow<OutputLine> {
    override suspend fun collect(collector: FlowCollector<OutputLine>) {
        val tail = StderrTail()
        builder.start(emptyMap(), options, settings).use { child ->
            try {
                child.stdin.close()
                val lines = child.lines()
                child.beginDrain(drain, lines::drained).use {
                    lines.collect { line ->
                        tail.add(line)
                        collector.emit(line)
                    }
                }
                val code = child.awaitExit()
                tail.output(child.command, code, options.charset()).orThrow()
            } catch (e: Throwable) {
                e.suppressing { withContext(NonCancellable) { child.stopAtOnce() } }
                throw e
            }
        }
    }
}

/** Runs the stages, unless this is cancelled before. */
@JvmSynthetic
internal suspend fun runAll(
    stages: List<ProcessBuilder>,
    plan: Communication.Plan,
    options: PipeOptions,
    child: ChildOptions,
): List<ProcessOutput> {
    val start = SharedSecrets.get().startPipeline(stages, options, child.settings(true))
    coroutineContext.ensureActive()
    return Run.begin(start, plan).await()
}

/** Returns the outcome of the run. If this is cancelled, it waits until nothing of the run is left. */
@JvmSynthetic internal suspend fun Run.await(): List<ProcessOutput> = output().awaitOr { cancel() }

/** Returns the value. If the caller is cancelled first, stops the work, and waits for its end. */
@JvmSynthetic
internal suspend fun <T> CompletableFuture<T>.awaitOr(stop: () -> CompletableFuture<Void>): T {
    try {
        coroutineContext.ensureActive()
        return await()
    } catch (e: CancellationException) {
        withContext(NonCancellable) { stop().await() }
        throw e
    }
}

@JvmSynthetic internal val NO_INPUT = ByteArray(0)
