package dev.aiopipe.engine.process;

import dev.aiopipe.engine.read.Drain;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.write.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * A child that was started, and this side of its pipes. All of it is kept while the child lives, or while one of the streams is in use.
 */
public final class Child {
    private final String program;
    private final Process process;
    private final Output stdin;
    private final Input stdout;
    private final Input stderr;
    private final ProcessExit exit;
    private final List<Drain> drains = new ArrayList<>(); // guarded by itself, as is what follows; they may have ended
    private int stops; // have the drains in common: the later one takes the place of an earlier one's, or leaves it

    /**
     * A child with its streams.
     *
     * @param program what messages call it
     * @param process the child
     * @param stdin refuses every message if the user has redirected it
     * @param stdout at its end if the user has redirected it
     * @param stderr at its end if the user has redirected it, or has it go where stdout goes
     */
    public Child(String program, Process process, Output stdin, Input stdout, Input stderr) {
        this.program = program;
        this.process = process;
        this.stdin = stdin;
        this.stdout = stdout;
        this.stderr = stderr;
        this.exit = new ProcessExit(process, this);
        stdin.keep(this);
        stdout.keep(this);
        stderr.keep(this);
        stdin.explain(() -> process.isAlive() ? null : program + " has exited with code " + process.exitValue());
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
    public Output stdin() {
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
    public CompletableFuture<Integer> exit() {
        return exit.code();
    }

    /**
     * When nothing more of its outputs is going to be read.
     *
     * @return completes when both were read to their ends, or closed here
     */
    public CompletableFuture<Void> outputsOver() {
        return CompletableFuture.allOf(stdout.finished(), stderr.finished());
    }

    /** Asks it to end. Not by {@link Process#destroy}, which closes the JDK's streams, so that last words were lost in the fallback. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Ends it, if the system lets us. */
    void forceToEnd() {
        process.toHandle().destroyForcibly();
    }

    /** Drains the outputs that nobody reads, see {@link Drain}, until {@link #endDrains} or {@link #giveUpDrains}. */
    void drain(Object stopper, boolean patient) {
        synchronized (drains) {
            stops++;
            Stream.of(stdout, stderr)
                    .flatMap(output -> Drain.of(output, stopper, patient).stream())
                    .forEach(drains::add);
        }
    }

    /** Closes the outputs that were drained, and those that nobody has come to read. */
    void endDrains() {
        List<Drain> ended;
        synchronized (drains) {
            stops--;
            ended = List.copyOf(drains);
            drains.clear();
        }
        ended.forEach(Drain::end);
    }

    /**
     * Leaves the outputs to later reads, unless another stop is under way. What has a hole is drained on: closed, it would be the child's
     * broken pipe.
     */
    void giveUpDrains() {
        synchronized (drains) {
            stops--;
            if (stops == 0) {
                drains.removeIf(Drain::giveUp);
            }
        }
    }

    /** Kills it, and releases everything; does not wait for its end. */
    public void kill() {
        try {
            releaseOutputs(); // before its death: a read that waits must not take what is there for the last line
        } finally {
            try {
                forceToEnd();
            } finally {
                stdin.abort();
            }
        }
    }

    /** Closes everything of a child that lives on. */
    void release() {
        try {
            releaseOutputs();
        } finally {
            stdin.abort();
        }
    }

    private void releaseOutputs() {
        try {
            stdout.close();
        } finally {
            stderr.close();
        }
    }

    /** Says what waits, for whoever wonders why nothing goes on. */
    @Override
    public String toString() {
        String life = process.isAlive() ? "running" : "exit code " + process.exitValue();
        return name() + ", " + life + "; stdin " + stdin.state() + "; stdout: " + stdout.state() + "; stderr: "
                + stderr.state();
    }

    /** What messages call it. */
    String name() {
        return program + ", pid " + process.pid();
    }
}
