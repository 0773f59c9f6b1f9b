package dev.aiopipe.engine;

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

    private final String name;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final List<Readiness.Waiter> ready = new ArrayList<>();
    private final Set<Readiness> attached = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    private final JvmExit jvmExit;
    private Thread thread; // guarded by this
    private volatile Selector selector;
    private volatile Throwable closeCause;

    /**
     * A loop whose thread is started by its first use.
     *
     * @param name what its thread is called
     */
    public Loop(String name) {
        this.name = name;
        this.jvmExit = new JvmExit(name, () -> selector.wakeup());
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
        Selector running = start();
        channel.configureBlocking(false);
        try {
            registration.key(channel.register(running, 0, registration));
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
        Selector running = start();
        while (true) {
            synchronized (this) { // not while it waits: the loop's thread may want the lock, and it is waited for
                SelectionKey key = channel.keyFor(running);
                if (key == null) {
                    return register(channel).input();
                } else if (key.isValid()) {
                    throw new AcceptPendingException();
                }
            }
            if (isCurrentThread()) {
                running.selectNow(event -> {}); // lets go of the key; what it drops is told again
            } else {
                running.wakeup();
                Thread.onSpinWait();
            }
        }
    }

    /**
     * Lets go of a server's channel, so that its user may close it.
     *
     * @param channel one of this loop
     */
    public void forget(ServerSocketChannel channel) {
        SelectionKey key = channel.keyFor(selector);
        if (key != null) {
            key.cancel();
            wakeup();
        }
    }

    /**
     * Makes a stream that has no channel one of this loop: it fails when the loop ends.
     *
     * @return to be signalled by whoever feeds the stream
     * @throws IOException if the loop can't be started, or is closed
     */
    Readiness attach() throws IOException {
        Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
        attach(readiness);
        return readiness;
    }

    void attach(Readiness readiness) throws IOException {
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
        Selector running;
        try {
            running = start();
        } catch (IOException e) {
            throw new RejectedExecutionException(e.getMessage(), e);
        }
        tasks.add(task);
        if (closeCause != null && tasks.remove(task)) {
            throw new RejectedExecutionException(closed().getMessage(), closeCause);
        }
        wakeup(running);
    }

    /**
     * Whether the caller is this loop's thread.
     *
     * @return true on the loop's thread
     */
    public boolean isCurrentThread() {
        return Thread.currentThread() instanceof LoopThread current && current.loop() == this;
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
            wakeup(selector);
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
        wakeup(selector);
    }

    private void wakeup(Selector running) {
        if (!isCurrentThread()) {
            running.wakeup();
        }
    }

    private Selector start() throws IOException {
        Selector running = selector;
        if (running == null) {
            synchronized (this) {
                running = selector;
                if (running == null && closeCause == null) {
                    running = begin();
                }
            }
        }
        requireOpen();
        return running;
    }

    private Selector begin() throws IOException {
        Selector opened = Selector.open();
        try {
            LoopThread started = new LoopThread();
            started.start(); // goes on when this has left the lock
            thread = started;
        } catch (Throwable e) {
            opened.close();
            throw e;
        }
        selector = opened;
        jvmExit.watch();
        return opened;
    }

    /** Throws the cause if this is closed or dead. */
    void requireOpen() throws IOException {
        if (closeCause != null) {
            throw closed();
        }
    }

    private IOException closed() {
        return Release.because(new ClosedChannelException(), closeCause);
    }

    private void run() {
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
        if (tasks.isEmpty() && !jvmExit.hasBegun()) {
            selector.select(this::note);
        } else if (selector.selectNow(this::note) == 0 && tasks.isEmpty()) {
            jvmExit.idle();
        }
        Thread.interrupted(); // an interrupted thread would never wait again
        for (Readiness.Waiter waiter : ready) {
            guarded(waiter::wake);
        }
        ready.clear();
        Runnable task;
        for (int i = 0; i < TASKS_PER_ROUND && (task = tasks.poll()) != null; i++) {
            guarded(task);
        }
    }

    private void note(SelectionKey key) {
        ((Registration) key.attachment()).noteReady(key, ready);
    }

    /** Runs what is not the loop's own: its failure is reported, and is not the end of the loop. */
    private static void guarded(Runnable foreign) {
        try {
            foreign.run();
        } catch (Throwable e) {
            report(e);
        }
    }

    /**
     * Hands a failure that nobody waits for to this thread's handler.
     *
     * @param failure of foreign code
     */
    public static void report(Throwable failure) {
        Thread current = Thread.currentThread();
        try {
            current.getUncaughtExceptionHandler().uncaughtException(current, failure);
        } catch (Throwable ignored) {
            // as the JVM does with what a handler throws: the other streams are not to suffer
        }
    }

    private void end() {
        jvmExit.forget();
        for (Readiness.Waiter waiter : ready) {
            guarded(waiter::wake); // they were noted before the death
        }
        for (SelectionKey key : selector.keys()) {
            guarded(() -> ((Registration) key.attachment()).fail(closeCause));
        }
        List.copyOf(attached).forEach(this::fail);
        guarded(() -> {
            try {
                selector.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            guarded(task);
        }
    }

    private void fail(Readiness readiness) {
        guarded(() -> {
            Readiness.Waiter waiter = readiness.close(closeCause);
            if (waiter != null) {
                waiter.wake();
            }
        });
    }

    /** Known by its type, so that {@link #isCurrentThread} needs no lock. */
    private final class LoopThread extends Thread {
        LoopThread() {
            super(name);
            setDaemon(true);
        }

        Loop loop() {
            return Loop.this;
        }

        @Override
        public void run() {
            synchronized (Loop.this) {
                // whoever starts this is through when it goes on
            }
            Loop.this.run();
        }
    }
}
