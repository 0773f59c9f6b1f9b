package dev.aiopipe

import dev.aiopipe.engine.Child
import dev.aiopipe.engine.Stop
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** A child process and this side of its pipes. Made by [startPiped] and [withPiped]. */
public class PipedProcess internal constructor(private val child: Child, options: PipeOptions) : AutoCloseable {
    /**
     * The child as the JDK knows it. Its own streams are not for use: they are not connected, or, in the fallback, read
     * and written by this library.
     */
    public val process: Process = child.process()

    /** What the child reads. If it was redirected elsewhere, each write throws [IllegalStateException]. */
    public val stdin: PipeWriter = PipeWriter(child.stdin(), options)

    /** What the child writes. If it was redirected elsewhere, it is at its end. */
    public val stdout: PipeReader = PipeReader(child.stdout(), options)

    /** What the child reports. If it was redirected elsewhere, or into stdout, it is at its end. */
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
     * Ends the child as gently as it lets: closes its stdin, then asks it to end (SIGTERM), then kills it (SIGKILL),
     * each if it has not exited within [grace] of the step before. Output that nobody reads is drained meanwhile, so
     * that no full pipe holds the child up. Then closes the pipes, but for an output that another coroutine is reading,
     * or collects the [lines][PipeReader.lines] or [chunks][PipeReader.chunks] of, or comes to read before anything of
     * it was dropped: that one stays open for it. Who comes later finds it closed. What was read before is left alone
     * for a tenth of a second, as its reader may be busy. The grace is wall-clock time.
     *
     * *Cancellation:* ends the wait, and closes what was drained; the child may live on, and [close] is still to be
     * called.
     *
     * @param grace zero or more
     * @param descendants whether the signals go to the child's descendants, too, and those that outlive it are killed
     * @return the exit code
     * @throws IllegalArgumentException if the grace is negative
     */
    @JvmName("stop")
    public suspend fun stop(grace: Duration = 5.seconds, descendants: Boolean = false): Int {
        val caller = coroutineContext[Job]
        return withContext(Dispatchers.Default) { // its clock is the wall's, also under runTest
            val stop = Stop.of(child, grace.toJavaDuration(), descendants, Dispatchers.Default.asExecutor())
            val drains = listOf(stdout, stderr).map { launch(start = CoroutineStart.UNDISPATCHED) { it.drain(caller) } }
            stop.begin().await().also { drains.forEach { it.cancelAndJoin() } } // behind them: they see who reads now
        }
    }

    /** Kills the child, and releases everything. Does not wait for the child's end. A second close does nothing. */
    override fun close(): Unit = child.kill()

    override fun toString(): String = "PipedProcess[$process]"
}
