package dev.aiopipe

import dev.aiopipe.engine.process.Child
import dev.aiopipe.engine.process.Communication
import dev.aiopipe.engine.process.OutputDrain
import dev.aiopipe.engine.process.StopSequence
import dev.aiopipe.engine.read.ReadOps
import dev.aiopipe.engine.support.Delays
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.Job
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.future.await

/** A child process and this side of its pipes. Made by [startPiped] and [withPiped]. */
public class PipedProcess internal constructor(private val child: Child, private val options: PipeOptions) :
    AutoCloseable {
    /**
     * The child as the JDK knows it. Its own streams are not for use: they are not connected, or, in the fallback, read
     * and written by this library.
     */
    public val process: Process = child.process()

    @get:JvmSynthetic
    internal val command: List<String>
        get() = child.command()

    /** Writes to the child. If its stdin was redirected, each write throws [IllegalStateException]. */
    public val stdin: PipeWriter = PipeWriter(child.stdin(), options)

    /** Reads the output of the child. If that was redirected, this is at its end. */
    public val stdout: PipeReader = PipeReader(child.stdout(), options)

    /** Reads the errors of the child. If they were redirected, or merged with stdout, this is at its end. */
    public val stderr: PipeReader = PipeReader(child.stderr(), options)

    /**
     * Waits for the child's exit. That is not the end of its output, which a grandchild may keep open.
     *
     * *Cancellation:* ends the wait, not the child.
     *
     * @return its exit code, as [Process.exitValue] gives it: 128 plus the signal's number for one that was killed
     */
    public suspend fun awaitExit(): Int = child.exit().await()

    /**
     * Writes [input] to the child's stdin and closes it, collects what comes of stdout and stderr from now on, side by
     * side, and waits for the exit. The child may have been talked to before.
     *
     * *Cancellation:* the child gets the stop signal at once, and KILL after a second.
     *
     * @param input all that the child may still read
     * @param limit bytes that each output may have
     * @param drain how long an output may stay open after the exit
     * @return what came, see [runPiped]; an output that was read to its end before is empty
     * @throws LimitExceededException naming the output that has more bytes than [limit]; the child was stopped
     * @throws java.nio.channels.ReadPendingException if an output is being read; nothing has happened
     * @throws java.nio.channels.ClosedChannelException if a stream of the child was closed here
     * @throws IllegalStateException if there is input, and stdin is redirected
     * @throws IllegalArgumentException if the limit or drain is negative
     */
    @Throws(IOException::class)
    @JvmName("communicate")
    public suspend fun communicate(
        input: ByteArray = NO_INPUT,
        limit: Int = ReadOps.DEFAULT_ALL_LIMIT,
        drain: Duration = 1.seconds,
    ): ProcessOutput {
        val plan = planOf(input, limit, Duration.INFINITE, drain, options)
        coroutineContext.ensureActive()
        val communication = Communication.begin(child, plan)
        return communication.output().awaitOr { communication.cancel() }
    }

    /**
     * The lines of both outputs, labelled, in the order in which they come. It ends after both outputs; the exit is for
     * [awaitExit]. Cold over hot readers, as [PipeReader.lines] is: what a collector leaves can be read. A slow
     * collector holds the child back.
     *
     * The flow fails with [LimitExceededException] at a line longer than `maxLineBytes`, which stays readable.
     */
    public fun outputLines(): Flow<OutputLine> = lines()

    @JvmSynthetic internal fun lines() = OutputLines(child.stdout(), child.stderr(), options)

    /** Calls [over] when the outputs have had their time after the exit. */
    @JvmSynthetic
    internal fun beginDrain(drain: Duration, over: () -> Unit): OutputDrain =
        OutputDrain.begin(child, drain.toJavaDuration(), over)

    /**
     * Ends the child as gently as it lets: closes its stdin; asks it to end (SIGTERM) if it has not exited within
     * [stdinGrace]; kills it (SIGKILL) if it has not within another [grace].
     *
     * Output that nobody reads is drained meanwhile, so that no full pipe holds the child up. After the exit the pipes
     * are closed, but for an output that another coroutine is reading, or collects the [lines][PipeReader.lines] or
     * [chunks][PipeReader.chunks] of, or comes to read before anything of it was dropped: that one stays open for its
     * reader. A later read throws [java.nio.channels.ClosedChannelException]. If an output has been read before,
     * draining starts 100 ms later, because its reader may be busy.
     *
     * The graces are wall-clock time. All of this runs on threads of this library.
     *
     * *Cancellation:* ends the stopping. The child may live on, and [close] is still to be called. An output of which
     * nothing was dropped can be read again; the others are drained on.
     *
     * @param grace zero or more
     * @param descendants whether the signals go to the child's descendants, too, and those that outlive it are killed.
     *   Those of a child that has exited before can't be found
     * @param stdinGrace zero or more; zero asks the child to end at once
     * @return the exit code
     * @throws IllegalArgumentException if a grace is negative
     * @throws IOException naming the child, if it lives on a [grace] (a second at least) after SIGKILL: another user's,
     *   or one that the kernel does not let go. Everything of it here is closed then
     */
    @Throws(IOException::class)
    @JvmName("stop")
    public suspend fun stop(
        grace: Duration = 5.seconds,
        descendants: Boolean = false,
        stdinGrace: Duration = grace,
    ): Int = stop(grace, descendants, stdinGrace, patient = false)

    /** Ends a child whose output is not needed any more. */
    @JvmSynthetic
    internal suspend fun stopAtOnce() {
        stop(StopSequence.AT_ONCE_GRACE.toKotlinDuration(), stdinGrace = Duration.ZERO)
    }

    /** If [patient], a coroutine that begins to read an output within 100 ms finds it open, whatever the child does. */
    @JvmSynthetic
    internal suspend fun stop(
        grace: Duration,
        descendants: Boolean,
        stdinGrace: Duration,
        patient: Boolean,
        caller: Job? = null,
    ): Int {
        val stopper = caller ?: coroutineContext[Job]
        coroutineContext.ensureActive()
        val stop =
            StopSequence.begin(
                child,
                stdinGrace.toJavaDuration(),
                grace.toJavaDuration(),
                descendants,
                stopper,
                patient,
            )
        return stop.await()
    }

    /** Waits, for a limited time, until the outputs were read to their ends and the readers are done. */
    @JvmSynthetic
    internal suspend fun awaitReaders(readers: List<Job>, grace: Duration) {
        val done = CompletableFuture<Unit>()
        val left = AtomicInteger(readers.size)
        readers.forEach { reader ->
            reader.invokeOnCompletion { if (left.decrementAndGet() == 0) done.complete(Unit) }
        }
        val timeout = Delays.run({ done.complete(Unit) }, grace.inWholeNanoseconds)
        child.outputsOver().thenRun {
            Delays.run({ done.complete(Unit) }, PATIENCE.inWholeNanoseconds)
        }
        done.await()
        timeout.cancel(false)
    }

    /**
     * Sends a signal to the child, or to all of its group if it has its own. Never to a process that got the number of
     * a child that has exited: then this does nothing. The first signal but TERM and KILL blocks for a tenth of a
     * second, in which JNA is loaded.
     *
     * @throws IOException if the system refuses
     */
    @Throws(IOException::class) public fun signal(signal: Signal): Unit = child.signal(signal)

    /**
     * Kills the child, and all of its group if it has its own. Does not wait for their ends. The outputs stay readable;
     * [close] or [stop] is still to be called.
     */
    public fun kill(): Unit = child.kill()

    /**
     * Lets the child live on: closes the streams to it, here. What was written before still goes out. If the child
     * writes on, that is its broken pipe, which ends most programs; redirect its outputs to avoid that.
     */
    public fun detach(): Unit = child.detach()

    /**
     * Kills the child, and all of its group if it has its own, and releases everything. Does not wait for their ends. A
     * second close does nothing.
     */
    override fun close(): Unit = child.close()

    override fun toString(): String = "PipedProcess[$child]"

    private companion object {
        val PATIENCE = 100.milliseconds
    }
}
