/**
 * Pipes of the operating system as {@link java.util.concurrent.CompletableFuture}s: a child's stdin, stdout and stderr,
 * further descriptors of it, this process's own stdin and stdout, FIFOs and sockets. No thread per stream.
 * {@link dev.aiopipe.jvm.AsyncPipes} is where to begin.
 *
 * <pre>{@code
 * AsyncProcess sort = AsyncPipes.start(new ProcessBuilder("sort")).join();
 * sort.stdin().writeLines(List.of("b", "a")).thenRun(sort.stdin()::close);
 * sort.stdout().forEachLine(System.out::println).thenCompose(end -> sort.stop()).join();
 * }</pre>
 *
 * <h2>Cancellation</h2>
 *
 * <p>The future that a method returns is its operation's: to end the future is to end the operation.
 *
 * <ul>
 *   <li>A read whose future is cancelled has taken nothing. The bytes that have come stay, and the next read, which may
 *       be called as soon as {@code cancel} has returned, continues where this one began, also in the middle of a line.
 *       If the value was taken already, {@code cancel} returns false, and the future has the value: nothing is ever
 *       taken that no future delivers.
 *   <li>A future that is done has no operation any more. To cancel it changes nothing: what {@code open} or
 *       {@code start} has given stays open. If several threads cancel a future at once, {@code cancel} returns true to
 *       each.
 *   <li>Of a write whose future is cancelled either nothing was sent, or all of it will be. The array is the caller's
 *       again at once.
 *   <li>The same holds for whatever else completes that future: {@code complete}, {@code orTimeout},
 *       {@code completeOnTimeout}.
 * </ul>
 *
 * <p>Futures that <em>depend</em> on it are something else; Java's futures complete their dependents, and not the other
 * way round. {@code readLine().thenApply(f).orTimeout(1, SECONDS)} fails the future of {@code f} after a second, and
 * the read goes on: the next {@code readLine} fails with {@link java.nio.channels.ReadPendingException}, and the line
 * that comes goes to the old one, where nobody looks. So keep the future that {@code readLine} has returned in order to
 * cancel it, put {@code orTimeout} on that very future, or, best of all, ask a view of the reader:
 * {@link dev.aiopipe.jvm.AsyncPipeReader#withTimeout reader.withTimeout(ofSeconds(1)).readLine()}, which fails with
 * {@link java.util.concurrent.TimeoutException}, on the executor.
 *
 * <p>{@code readLine().completeOnTimeout(null, …)} loses nothing either, but its null can't be distinguished from the
 * end of the stream.
 *
 * <h2>Threads</h2>
 *
 * <p>What is there already completes on the caller's thread, before the method returns: to read a buffered line costs
 * no hand-over. All else completes on the executor that was given at open; so do the {@code …Async} methods of these
 * futures where they are given no executor. Without an executor that is the
 * {@linkplain java.util.concurrent.ForkJoinPool#commonPool common pool}, or a daemon thread for each task if the common
 * pool's parallelism is below two, as on a machine of two cores. Functions given to a future that is complete by then
 * run on the thread that gives them, as with every {@code CompletableFuture}.
 *
 * <p>No code of yours runs on the loop's thread. An executor that runs tasks in place ({@code Runnable::run}, or a pool
 * that has its callers run what it can't take) runs them on whichever thread brings the event, but for the loop's
 * thread and that of the timeouts; from those a task goes to the default executor.
 *
 * <p>A loop, a subscription, a transfer or a writing of lines that is always busy leaves its thread after 128 steps or
 * a millisecond and queues on the executor again. So it does not starve other streams of that executor.
 *
 * <p><b>Waiting.</b> A thread that waits in {@code join} or {@code get} of a future of this package does work of that
 * future itself:
 *
 * <ul>
 *   <li>At once, what the operation does after its event, if no other future depends on this one. That saves the
 *       executor, and half of the time that a round trip takes on one core. For a writing of lines this includes the
 *       iterator.
 *   <li>What else of the same stream, or of the same child and its streams, the executor has been given and has not
 *       begun for a quarter of a second: an executor all of whose threads wait begins nothing. That includes your
 *       functions: actions of {@code forEachLine}, and functions of {@code thenApply} and the like. So code that waits
 *       on the only thread of an executor goes on, but slowly. As with every {@code CompletableFuture}, a function that
 *       must run on a thread of the executor is given by an {@code …Async} method.
 *   <li>The same for all other streams and children that were given the same executor object, but only after the
 *       executor has begun no task of any of them for a quarter of a second. So {@code thenCombine} of reads of two
 *       streams goes on, and so does {@code writeLines} of the lines of another child. An executor that is busy but
 *       begins tasks keeps the functions of its other streams.
 * </ul>
 *
 * <p>No thread does this for a future that is not of this package: the futures of {@code CompletableFuture.allOf} and
 * {@code anyOf}, and of {@code minimalCompletionStage}. Nor can it run the functions of {@code …Async} methods, which
 * the executor alone runs, nor tasks of streams that were given another executor. A thread that is an executor's only
 * one must not wait for these. The rule: on a thread of the executor do not wait, but compose; or wait for the future
 * that the read, write or loop has returned; or else give {@code open} an executor whose threads do not wait.
 *
 * <p>An executor that refuses ({@link java.util.concurrent.RejectedExecutionException}) leaves no future undone: a
 * read, which has taken nothing, fails with the refusal; a write, an exit or whatever else has its outcome keeps it.
 * These futures complete on the default executor. An executor that accepts tasks and then drops them, as
 * {@code shutdownNow} does, leaves the futures undone whose tasks it dropped: close the streams first.
 *
 * <p>All types here are safe for use by many threads. A reader has one read at a time; any number of threads may write.
 *
 * <p>A loop over {@code readLine().thenCompose(…)} that calls itself recurses when lines are there already, and
 * overflows the stack some thousand lines later. {@link dev.aiopipe.jvm.AsyncPipeReader#forEachLine forEachLine},
 * {@link dev.aiopipe.jvm.AsyncPipeReader#forEachLineAsync forEachLineAsync} and
 * {@link dev.aiopipe.jvm.AsyncPipeReader#lines lines} do not, for any number of lines.
 *
 * <h2>Errors</h2>
 *
 * <p>Arguments that are wrong by themselves are refused by the call, with {@link java.lang.IllegalArgumentException} or
 * {@link java.lang.NullPointerException}; but for the numbers of {@code start}. All else completes the future, with the
 * exception that the method names and nothing around it. As ever {@code join} wraps that in a
 * {@link java.util.concurrent.CompletionException}, {@code get} in an {@link java.util.concurrent.ExecutionException}.
 *
 * <p>An end is used once: opened, or handed to a child; a second use fails with
 * {@link java.lang.IllegalStateException}. What was opened is to be closed; what is forgotten is closed when it is
 * garbage collected, with a warning.
 */
@NullMarked
package dev.aiopipe.jvm;

import org.jspecify.annotations.NullMarked;
