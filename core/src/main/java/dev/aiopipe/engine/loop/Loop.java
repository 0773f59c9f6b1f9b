package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.linux.DescriptorHeadroom;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One daemon thread that waits for events of any number of streams, and runs tasks in between.
 *
 * <pre>
 *     NEW ── first channel, or task ──► RUNNING ── close(), or the thread dies ──► CLOSED
 *      └────────────────────────────────────────── close() ───────────────────────►
 *
 *     CLOSED: each stream fails with the cause, and so does each later use
 * </pre>
 *
 * <p>Stdin does without a channel at first, and a program that reads one line never needs the thread.
 *
 * <p>In one round the thread waits, collects the waiters of ready channels, signals them outside of the selector's
 * locks, and runs some tasks.
 */
public final class Loop {
    /** The loop whose thread this is; null on all other threads. */
    private static final ThreadLocal<@Nullable Loop> CURRENT = new ThreadLocal<>();

    /** Tasks that submit further tasks must not keep the streams waiting. */
    private static final int TASKS_PER_ROUND = 256;

    private final String name;
    private final LoopSelector.Opener opener;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final List<Readiness.Waiter> ready = new ArrayList<>();
    private final Set<Readiness> attached = weakSet();
    private final Set<Registration> registrations = weakSet();
    private final ShutdownGuard shutdownGuard;

    /** Those who close a loop without a thread take turns: each returns when it is closed. */
    private final Object closers = new Object();

    // These three are written once, under this object's monitor, and read without it.
    private volatile @Nullable Thread thread;
    private volatile @Nullable LoopSelector selector;
    private volatile @Nullable Throwable closeCause;

    private static <T> Set<T> weakSet() {
        return Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    }

    /** Makes a loop whose thread has this name, and is started by the first use. */
    public Loop(String name) {
        this(name, Selector::open);
    }

    Loop(String name, LoopSelector.Opener opener) {
        this.name = name;
        this.opener = opener;
        this.shutdownGuard = new ShutdownGuard(name, this::wakeup);
    }

    /**
     * Registers a channel with this loop. It becomes non-blocking. The selector gets it with the first wait.
     *
     * @param channel not registered with another loop
     * @return reports the channel's readiness
     * @throws IOException if the loop can't be started or is closed
     */
    public Registration register(SelectableChannel channel) throws IOException {
        Registration registration = new Registration(this, channel);
        registration.register(channel);
        return registration;
    }

    /**
     * Makes the readiness of a stream that has no channel: the thread that feeds the stream signals it. It fails when
     * the loop ends.
     */
    public Readiness attach() throws IOException {
        Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
        attach(readiness);
        return readiness;
    }

    /**
     * Fails a readiness when this loop ends.
     *
     * @param readiness of a stream that has no channel; not kept from being garbage-collected
     * @throws IOException if the loop can't be started or is closed
     */
    public void attach(Readiness readiness) throws IOException {
        start();
        attached.add(readiness);
        requireOpen();
    }

    /**
     * Fails a registration when this loop ends. Does not start the thread.
     *
     * @param registration not kept from being garbage-collected
     * @throws IOException if the loop is closed
     */
    void attach(Registration registration) throws IOException {
        registrations.add(registration);
        // It may have been too late for the loop's end.
        requireOpen();
    }

    /** Leaves a registration alone when this loop ends: it is closed. */
    void forget(Registration registration) {
        registrations.remove(registration);
    }

    /** Lets a readiness know the cause if this loop has ended, and will fail it soon. */
    void reportEnd(Readiness readiness) {
        Throwable cause = closeCause;
        if (cause != null) {
            readiness.willFail(cause);
        }
    }

    /**
     * Runs a task on the loop's thread.
     *
     * @param task must not block
     * @throws RejectedExecutionException if the loop is closed or can't be started
     */
    public void execute(Runnable task) {
        try {
            start();
        } catch (IOException e) {
            throw refused(e);
        }
        tasks.add(task);
        if (closeCause != null && tasks.remove(task)) {
            throw refused(closed());
        }
        wakeup();
    }

    private RejectedExecutionException refused(IOException reason) {
        Throwable cause = closeCause;
        String message = cause == null ? this + " can't be started" : cause.getMessage() + ": use another one";
        return new RejectedExecutionException(message, reason);
    }

    /** Returns true if this loop is closed or has died: nothing can be opened with it any more. */
    public boolean hasEnded() {
        return closeCause != null;
    }

    /**
     * Throws on the thread of a loop, where a call that blocks would stop all streams of that loop.
     *
     * @param call what would block
     * @throws IllegalStateException if the calling thread is that of a loop
     */
    public static void requireOtherThread(String call) {
        Loop current = CURRENT.get();
        if (current != null) {
            throw new IllegalStateException(call + " that blocks would stop " + current + ", on whose thread it is");
        }
    }

    /** Returns true on the loop's thread. */
    public boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Fails all streams of this loop, closes their descriptors and ends its thread. Waits for the thread, unless called
     * on it. If there is no thread yet, those who wait for the streams are woken on this one.
     */
    public void close() {
        Thread running;
        synchronized (this) {
            if (closeCause == null) {
                closeCause = new IOException(this + " is closed");
            }
            running = thread;
        }
        if (running == null) {
            synchronized (closers) {
                end();
            }
        } else if (running != Thread.currentThread()) {
            wakeup();
            try {
                running.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public String toString() {
        return "pipe loop " + name;
    }

    /** Makes the thread begin a new round if it waits. */
    void wakeup() {
        LoopSelector started = selector;
        if (started != null && !isCurrentThread()) {
            started.wakeup();
        }
    }

    /** Returns the selector of a loop that was started. */
    LoopSelector running() {
        return Objects.requireNonNull(selector);
    }

    /**
     * Starts the thread, unless that has been done: a channel that comes later will find it.
     *
     * @throws IOException if it can't be started, or the loop is closed
     */
    public void requireStarted() throws IOException {
        start();
    }

    LoopSelector start() throws IOException {
        LoopSelector running = selector;
        if (running == null) {
            synchronized (this) {
                requireOpen();
                running = selector;
                if (running == null) {
                    running = begin();
                }
            }
        }
        requireOpen();
        return running;
    }

    private LoopSelector begin() throws IOException {
        DescriptorHeadroom.warmUp();
        LoopSelector opened = new LoopSelector(opener, this::isIdle, this::collect);
        try {
            Thread started = Threads.shared(this::run, name);
            started.start();
            thread = started;
        } catch (Throwable e) {
            opened.close();
            throw e;
        }
        selector = opened;
        shutdownGuard.watch();
        return opened;
    }

    /** Throws if this loop is closed or has died. */
    public void requireOpen() throws IOException {
        if (closeCause != null) {
            throw closed();
        }
    }

    IOException closed() {
        return CloseOnce.because(new ClosedChannelException(), closeCause);
    }

    private void run() {
        // Waits until the thread that starts this loop has left the monitor.
        synchronized (this) {
            running();
        }
        CURRENT.set(this);
        try {
            while (closeCause == null) {
                round();
            }
        } catch (Throwable e) {
            synchronized (this) {
                if (closeCause == null) {
                    closeCause = new IOException(this + " died: " + e, e);
                }
            }
            // The thread's handler reports the death, too.
            if (e instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(closeCause);
        } finally {
            end();
        }
    }

    private void round() throws IOException {
        if (running().select() == 0 && shutdownGuard.hasBegun() && tasks.isEmpty()) {
            shutdownGuard.idle();
        }
        // An interrupted thread would never wait again.
        Thread.interrupted();
        for (Readiness.Waiter waiter : ready) {
            Threads.guarded(waiter::signalled);
        }
        ready.clear();
        Runnable task;
        for (int i = 0; i < TASKS_PER_ROUND && (task = tasks.poll()) != null; i++) {
            Threads.guarded(task);
        }
    }

    private boolean isIdle() {
        return tasks.isEmpty() && !shutdownGuard.hasBegun() && closeCause == null;
    }

    private void collect(SelectionKey key) {
        ((Registration) key.attachment()).collectReady(key, ready);
    }

    private void end() {
        shutdownGuard.forget();
        failStreams(Objects.requireNonNull(closeCause));
        LoopSelector started = selector;
        if (started != null) {
            Threads.guarded(() -> close(started));
        }
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            Threads.guarded(task);
        }
    }

    private void failStreams(Throwable cause) {
        // These were collected before a death.
        for (Readiness.Waiter waiter : ready) {
            Threads.guarded(waiter::wake);
        }
        List<Registration> left = List.copyOf(registrations);
        // Readers first: one whose writer is closed here would find the end of the stream, and not this cause.
        left.forEach(registration -> registration.input().fail(cause));
        left.forEach(registration -> Threads.guarded(() -> registration.fail(cause)));
        List.copyOf(attached).forEach(readiness -> readiness.fail(cause));
    }

    private static void close(LoopSelector selector) {
        try {
            selector.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
