package dev.aiopipe.engine.loop;

import dev.aiopipe.engine.linux.DescriptorHeadroom;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.AcceptPendingException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * One daemon thread that waits for events of any number of streams, and runs tasks in between.
 *
 * <pre>
 *     NEW ── first use ──► RUNNING ── close(), or the thread dies ──► CLOSED: each stream fails with the cause,
 *      └───────────────── close() ──────────────────────────────────►         and so does each later use
 * </pre>
 *
 * <p>In one round the thread waits, notes who has to be woken, wakes them outside of the selector's locks, and runs some tasks.
 */
public final class Loop {
    /** Tasks that beget tasks must not keep the streams waiting. */
    private static final int TASKS_PER_ROUND = 256;

    private static final int PATIENCE = 10;
    private static final long PAUSE_NANOS = 10_000_000;

    private final String name;
    private final LoopSelector.Opener opener;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final List<Readiness.Waiter> ready = new ArrayList<>();
    private final Set<Readiness> attached = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    private final ShutdownGuard jvmExit;
    private volatile Thread thread; // this and the next one are written once, guarded by this
    private volatile LoopSelector selection;
    private volatile Throwable closeCause;
    private boolean noting; // of the loop's thread, as what follows
    private int failures; // of the selector, in a row

    /**
     * A loop whose thread is started by its first use.
     *
     * @param name what its thread is called
     */
    public Loop(String name) {
        this(name, Selector::open);
    }

    Loop(String name, LoopSelector.Opener opener) {
        this.name = name;
        this.opener = opener;
        this.jvmExit = new ShutdownGuard(name, this::wakeup);
    }

    /**
     * Makes a channel one of this loop. It becomes non-blocking.
     *
     * @param channel not registered with another loop
     * @return through which readiness is learned
     * @throws IOException if the loop can't be started, or is closed
     */
    public Registration register(SelectableChannel channel) throws IOException {
        Registration registration = new Registration(this, channel);
        register(channel, registration);
        return registration;
    }

    void register(SelectableChannel channel, Registration registration) throws IOException {
        LoopSelector running = start();
        channel.configureBlocking(false);
        try {
            registration.key(running.register(channel, registration));
        } catch (ClosedSelectorException e) {
            throw closed();
        }
        requireOpen(); // perhaps it was too late for the loop's own last round
    }

    /**
     * Makes a server's channel one of this loop, until {@link #forget}. The channel stays its user's.
     *
     * @param channel becomes non-blocking
     * @return tells when a connection may be there
     * @throws AcceptPendingException if it is one of this loop already
     * @throws IOException if the loop can't be started, or is closed, or the channel is
     */
    public Readiness acceptable(ServerSocketChannel channel) throws IOException {
        LoopSelector running = start();
        while (true) {
            synchronized (this) { // not while it waits: the loop's thread may want the lock
                SelectionKey key = running.keyOf(channel);
                if (key == null) {
                    return register(channel).input();
                } else if (key.isValid()) {
                    throw new AcceptPendingException();
                }
            }
            running.deregister(); // another thread is just forgetting it
        }
    }

    /**
     * Lets go of a server's channel: when this returns, closing it closes its descriptor. Waits for the loop's next round at most.
     *
     * @param channel one of this loop
     * @throws IOException from the system
     */
    public void forget(ServerSocketChannel channel) throws IOException {
        SelectionKey key = selection.keyOf(channel);
        if (key != null) {
            key.cancel();
            selection.deregister();
        }
    }

    /**
     * Gives back the descriptors of all channels that were closed before. Waits for the loop's next round at most, and never for a task
     * or a waiter that keeps the loop's thread; on that thread not at all.
     *
     * @throws IOException from the system
     */
    void deregister() throws IOException {
        selection.deregister();
    }

    /**
     * Makes a stream that has no channel one of this loop: it fails when the loop ends.
     *
     * @return to be signalled by whoever feeds the stream
     * @throws IOException if the loop can't be started, or is closed
     */
    public Readiness attach() throws IOException {
        Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
        attach(readiness);
        return readiness;
    }

    public void attach(Readiness readiness) throws IOException {
        start();
        attached.add(readiness);
        requireOpen();
    }

    /** What has no channel any more fails when the loop ends, or if it has ended. */
    void keep(Readiness readiness) {
        attached.add(readiness);
        if (closeCause != null) {
            fail(readiness);
        }
    }

    /**
     * Has the loop's thread run something soon.
     *
     * @param task must not block
     * @throws RejectedExecutionException if the loop is closed, or can't be started
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

    private RejectedExecutionException refused(IOException why) {
        String message =
                closeCause == null ? this + " can't be started" : closeCause.getMessage() + ": use another one";
        return new RejectedExecutionException(message, why);
    }

    /**
     * Whether nothing can be opened with this any more.
     *
     * @return true once it is closed or dead
     */
    public boolean hasEnded() {
        return closeCause != null;
    }

    /**
     * Whether the caller is this loop's thread.
     *
     * @return true on the loop's thread
     */
    public boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Fails all streams of this loop, closes their descriptors and ends its thread. Waits for that, unless called on that thread.
     */
    public void close() {
        Thread running;
        synchronized (this) {
            if (closeCause == null) {
                closeCause = new IOException("pipe loop " + name + " is closed");
            }
            running = thread;
        }
        if (running != null && running != Thread.currentThread()) {
            wakeup();
            try {
                running.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // it ends without us
            }
        }
    }

    @Override
    public String toString() {
        return "pipe loop " + name;
    }

    /** Makes the thread begin a new round, if it waits. */
    void wakeup() {
        if (!isCurrentThread()) {
            selection.wakeup();
        }
    }

    private LoopSelector start() throws IOException {
        LoopSelector running = selection;
        if (running == null) {
            synchronized (this) {
                running = selection;
                if (running == null && closeCause == null) {
                    running = begin();
                }
            }
        }
        requireOpen();
        return running;
    }

    private LoopSelector begin() throws IOException {
        DescriptorHeadroom.warmUp();
        LoopSelector opened = new LoopSelector(opener, this::isIdle, this::note);
        try {
            Thread started = Threads.shared(this::run, name);
            started.start(); // goes on when this has left the lock
            thread = started;
        } catch (Throwable e) {
            opened.close();
            throw e;
        }
        selection = opened;
        jvmExit.watch();
        return opened;
    }

    /**
     * Fails what could not be done with this any more.
     *
     * @throws IOException if this is closed or dead
     */
    public void requireOpen() throws IOException {
        if (closeCause != null) {
            throw closed();
        }
    }

    private IOException closed() {
        return CloseOnce.because(new ClosedChannelException(), closeCause);
    }

    private void run() {
        synchronized (this) {
            // whoever starts this is through when it goes on
        }
        try {
            while (closeCause == null) {
                round();
            }
        } catch (Throwable e) { // the loop's death: its streams are told, and so is the thread's handler
            synchronized (this) {
                if (closeCause == null) {
                    closeCause = new IOException("pipe loop " + name + " died: " + e, e);
                }
            }
            if (e instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(closeCause);
        } finally {
            end();
        }
    }

    private void round() throws IOException {
        if (select() == 0 && jvmExit.hasBegun() && tasks.isEmpty()) {
            jvmExit.idle();
        }
        Thread.interrupted(); // an interrupted thread would never wait again
        for (Readiness.Waiter waiter : ready) {
            Threads.guarded(waiter::wake);
        }
        ready.clear();
        Runnable task;
        for (int i = 0; i < TASKS_PER_ROUND && (task = tasks.poll()) != null; i++) {
            Threads.guarded(task);
        }
    }

    /**
     * Waits for events. What the selector throws may pass: no memory, no descriptor. It is reported, and is the end of the loop when it
     * comes {@value #PATIENCE} times in a row.
     */
    private int select() throws IOException {
        try {
            int count = selection.select();
            failures = 0;
            return count;
        } catch (IOException | Error e) {
            if (noting || ++failures >= PATIENCE) { // a waiter may have been lost
                throw e;
            }
            Threads.report(e);
            LockSupport.parkNanos(PAUSE_NANOS);
            return 0;
        }
    }

    private boolean isIdle() {
        return tasks.isEmpty() && !jvmExit.hasBegun() && closeCause == null;
    }

    private void note(SelectionKey key) {
        noting = true;
        ((Registration) key.attachment()).noteReady(key, ready);
        noting = false;
    }

    private void end() {
        jvmExit.forget();
        for (Readiness.Waiter waiter : ready) {
            Threads.guarded(waiter::wake); // they were noted before the death
        }
        for (SelectionKey key : selection.keys()) {
            Threads.guarded(() -> ((Registration) key.attachment()).fail(closeCause));
        }
        List.copyOf(attached).forEach(this::fail);
        Threads.guarded(() -> {
            try {
                selection.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            Threads.guarded(task);
        }
    }

    private void fail(Readiness readiness) {
        Threads.guarded(() -> {
            Readiness.Waiter waiter = readiness.close(closeCause);
            if (waiter != null) {
                waiter.wake();
            }
        });
    }
}
