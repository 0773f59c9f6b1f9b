package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.Signal;
import dev.aiopipe.engine.read.Drain;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A child that was started, and our side of its pipes. All of it stays in memory while the child lives or one of the
 * streams is in use.
 */
public final class Child {
    private final List<String> command;
    private final String program;
    private final Process process;
    private final ChildSignals signals;
    private final Output stdin;
    private final Input stdout;
    private final Input stderr;
    private final ProcessExit exit;
    private volatile boolean detached;

    /**
     * Shared by all stops: a later drain replaces an earlier one of the same output, or leaves it. Some may have ended.
     */
    @GuardedBy("itself")
    private final List<Drain> drains = new ArrayList<>();

    @GuardedBy("drains")
    private int stops;

    /**
     * Makes a child of its process and streams.
     *
     * @param command the program, which is its name in messages, and its arguments
     * @param process the JDK's
     * @param settings how it is ended
     * @param stdin refuses every message if the user has redirected it
     * @param stdout is at its end if the user has redirected it
     * @param stderr is at its end if the user has redirected it, or has merged it into stdout
     */
    public Child(
            List<String> command, Process process, ChildSettings settings, Output stdin, Input stdout, Input stderr) {
        this.command = List.copyOf(command);
        this.program = command.get(0);
        this.process = process;
        this.signals = new ChildSignals(process, settings.ownGroup(), settings.stopSignal());
        this.stdin = stdin;
        this.stdout = stdout;
        this.stderr = stderr;
        this.exit = new ProcessExit(process, this);
        stdin.keep(this);
        stdout.keep(this);
        stderr.keep(this);
        stdin.explain(() -> process.isAlive() ? null : program + " has exited with code " + process.exitValue());
        if (settings.stopAtExit()) {
            StopAtExit.add(this);
        }
    }

    /**
     * Returns how it was started.
     *
     * @return the program and its arguments
     */
    public List<String> command() {
        return command;
    }

    /** Returns the JDK's process. */
    public Process process() {
        return process;
    }

    /** Returns the stream that the child reads. */
    public Output stdin() {
        return stdin;
    }

    /** Returns the stream that the child writes. */
    public Input stdout() {
        return stdout;
    }

    /** Returns the stream of the child's errors. */
    public Input stderr() {
        return stderr;
    }

    /** Returns a new future of the exit code. It may be cancelled, and is forgotten then. */
    public CompletableFuture<Integer> exit() {
        return exit.code();
    }

    /** Returns as {@link #exit} does, perhaps half a second after the exit. */
    CompletableFuture<Integer> exitInTime() {
        return exit.codeInTime();
    }

    /** The exit is likely to come at once, see {@link ProcessExit#expect}. */
    void expectExit() {
        exit.expect();
    }

    /** Waits for an exit that comes at once, see {@link ProcessExit#awaitBriefly}. */
    void awaitExitBriefly() {
        exit.awaitBriefly();
    }

    /** Returns a future that completes when both outputs were read to their ends, or closed here. */
    public CompletableFuture<Void> outputsOver() {
        return CompletableFuture.allOf(stdout.finished(), stderr.finished());
    }

    /**
     * Sends a signal to the child, or to all of its group. Does nothing if all of these have ended.
     *
     * @param signal what is sent
     * @throws IOException if the system refuses
     */
    public void signal(Signal signal) throws IOException {
        signals.send(signal);
    }

    ChildSignals signals() {
        return signals;
    }

    /** Drains the outputs that have no reader, see {@link Drain}, until {@link #endDrains} or {@link #giveUpDrains}. */
    void drain(@Nullable Object stopper, boolean patient) {
        synchronized (drains) {
            stops++;
            for (Input output : List.of(stdout, stderr)) {
                drains.addAll(Drain.of(output, stopper, patient).stream().toList());
            }
        }
    }

    /** Closes the outputs that were drained, and those without a reader. */
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
     * Leaves the outputs to later reads, unless another stop is under way. An output of which bytes were dropped is
     * drained further: closing it would break the child's pipe.
     */
    void giveUpDrains() {
        synchronized (drains) {
            stops--;
            if (stops == 0) {
                drains.removeIf(Drain::giveUp);
            }
        }
    }

    /** Kills the child, or all of its group, and closes all streams. Does nothing to a detached child. */
    public void close() {
        if (detached) {
            return;
        }
        try {
            // Before its death, or a read that waits would take the bytes so far for the last line.
            releaseOutputs();
        } finally {
            try {
                signals.kill();
            } finally {
                stdin.abort();
            }
        }
    }

    /** Kills the child, or all of its group; the outputs stay readable. */
    public void kill() {
        try {
            signals.kill();
        } finally {
            stdin.abort();
        }
    }

    /** Lets the child live on, and closes everything of it here; what was written before still goes out. */
    public void detach() {
        StopAtExit.remove(this);
        detached = true;
        try {
            releaseOutputs();
        } finally {
            stdin.close();
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

    /** Returns the state of the child and its streams, which shows what waits for what. */
    @Override
    public String toString() {
        String life = process.isAlive() ? "running" : "exit code " + process.exitValue();
        return name() + ", " + life + "; stdin " + stdin.state() + "; stdout: " + stdout.state() + "; stderr: "
                + stderr.state();
    }

    /** Returns its name in messages. */
    String name() {
        return program + ", pid " + process.pid();
    }
}
