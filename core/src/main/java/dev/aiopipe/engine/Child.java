package dev.aiopipe.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** A child that was started, and this side of its pipes. */
public final class Child {
    private static final Executor NOW_AND_THEN = Delays.executor(500, TimeUnit.MILLISECONDS, Runnable::run);

    private final Process process;
    private final Outbox stdin;
    private final Input stdout;
    private final Input stderr;
    private Copies<Integer>
            exits; // guarded by this; the JDK's future costs a task of a pool at the exit, so only if it is asked for

    /**
     * A child with its streams.
     *
     * @param process the child
     * @param stdin refuses every message if the user has redirected it
     * @param stdout at its end if the user has redirected it
     * @param stderr at its end if the user has redirected it, or has it go where stdout goes
     */
    public Child(Process process, Outbox stdin, Input stdout, Input stderr) {
        this.process = process;
        this.stdin = stdin;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    /**
     * The child.
     *
     * @return as the JDK knows it
     */
    public Process process() {
        return process;
    }

    /**
     * What it reads.
     *
     * @return always the same one
     */
    public Outbox stdin() {
        return stdin;
    }

    /**
     * What it writes.
     *
     * @return always the same one
     */
    public Input stdout() {
        return stdout;
    }

    /**
     * What it reports.
     *
     * @return always the same one
     */
    public Input stderr() {
        return stderr;
    }

    /**
     * Its exit.
     *
     * @return completes with the exit code. Each call gives a new one, which may be cancelled, and is forgotten then
     */
    public synchronized CompletableFuture<Integer> exit() {
        if (exits == null) {
            exits = new Copies<>(exitOf(process));
        }
        return exits.next();
    }

    /**
     * The exit of any child. The JDK tells of it by the common pool, whose threads the program may have blocked: so it is also looked
     * for now and then.
     *
     * @param process was started
     * @return completes with the exit code
     */
    public static CompletableFuture<Integer> exitOf(Process process) {
        CompletableFuture<Integer> exit = process.onExit().thenApply(Process::exitValue);
        lookLater(process, exit);
        return exit;
    }

    private static void lookLater(Process process, CompletableFuture<Integer> exit) {
        NOW_AND_THEN.execute(() -> {
            if (exit.isDone()) {
                return;
            } else if (process.isAlive()) {
                lookLater(process, exit);
            } else {
                Blocking.EXECUTOR.execute(() -> exit.complete(process.exitValue()));
            }
        });
    }

    /** Kills it, and releases everything; does not wait for its end. */
    public void kill() {
        try {
            process.destroyForcibly();
            stdin.abort();
        } finally {
            try {
                stdout.close();
            } finally {
                stderr.close();
            }
        }
    }
}
