package dev.aiopipe.jvm.internal.future;

import dev.aiopipe.engine.support.Delays;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The streams and children that were given one executor, and the threads that wait for their futures.
 *
 * <p>While threads wait and the executor has tasks, {@link #look} runs every {@link CallbackExecutor#PATIENCE_NANOS}.
 * It unparks the threads if a task is overdue. A thread takes overdue tasks of its own stream in any case. It takes
 * those of other streams only if the executor is stuck, that is, has begun no task at all since the previous look: the
 * functions of other streams stay on an executor that is merely busy.
 *
 * <p>This keeps alive neither the executor nor any stream.
 */
public final class ExecutorStreams {
    private static final Map<Key, ExecutorStreams> BY_EXECUTOR = new ConcurrentHashMap<>();
    private static final ReferenceQueue<Executor> COLLECTED = new ReferenceQueue<>();

    private final Set<CallbackExecutor> streams = Collections.newSetFromMap(new WeakHashMap<>()); // guarded by itself
    private final Set<Joiner> waiting = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean watched = new AtomicBoolean();
    private volatile boolean begun; // the executor has begun a task since the last look
    private volatile boolean stuck; // so the last look has found it

    private ExecutorStreams() {}

    /**
     * Returns those of an executor; of the default executor, which has a thread for each task, new ones for each
     * stream.
     */
    public static ExecutorStreams of(Executor executor) {
        if (executor == CallbackExecutor.DEFAULT) {
            return new ExecutorStreams();
        }
        for (Reference<?> key = COLLECTED.poll(); key != null; key = COLLECTED.poll()) {
            BY_EXECUTOR.remove(key);
        }
        return BY_EXECUTOR.computeIfAbsent(new Key(executor), key -> new ExecutorStreams());
    }

    /** An executor by its identity: its own {@code equals} is the user's code. */
    private static final class Key extends WeakReference<Executor> {
        private final int hash;

        Key(Executor executor) {
            super(executor, COLLECTED);
            hash = System.identityHashCode(executor);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            Executor executor = get();
            return this == other || (executor != null && other instanceof Key key && key.refersTo(executor));
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    void add(CallbackExecutor stream) {
        synchronized (streams) {
            streams.add(stream);
        }
    }

    /** A thread of the executor has come to a task, even if somebody else was quicker. */
    void executorBegins() {
        if (!begun) { // most often true already: threads share the cache line
            begun = true;
        }
    }

    void enter(Joiner joiner) {
        waiting.add(joiner);
        watch();
    }

    void leave(Joiner joiner) {
        waiting.remove(joiner);
    }

    /** Has {@link #look} called after a while, if somebody waits. */
    void watch() {
        if (!waiting.isEmpty() && watched.compareAndSet(false, true)) {
            Delays.run(this::look, CallbackExecutor.PATIENCE_NANOS);
        }
    }

    /**
     * Unparks the threads that wait, if a task is overdue. Runs no code of the user's, as it is on the engine's timer.
     */
    public void look() {
        watched.set(false);
        boolean given = false;
        boolean overdue = false;
        synchronized (streams) {
            for (CallbackExecutor stream : streams) {
                Claim oldest = stream.oldest();
                given |= oldest != null;
                overdue |= oldest != null && oldest.age() >= CallbackExecutor.PATIENCE_NANOS;
            }
        }
        stuck = overdue && !begun;
        begun = false;
        if (overdue) {
            waiting.forEach(joiner -> LockSupport.unpark(joiner.thread()));
        }
        if (given) {
            watch();
        }
    }

    /**
     * Returns an overdue task of any stream, which the caller has to run; null if there is none, or the executor is not
     * stuck.
     */
    CallbackExecutor.@Nullable Task takeOverdue() {
        if (!stuck || begun) {
            return null;
        }
        synchronized (streams) {
            for (CallbackExecutor stream : streams) {
                CallbackExecutor.Task task = stream.takeOwnOverdue();
                if (task != null) {
                    return task;
                }
            }
        }
        return null;
    }
}
