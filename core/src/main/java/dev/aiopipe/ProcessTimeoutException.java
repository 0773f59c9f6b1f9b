package dev.aiopipe;

import java.io.IOException;
import java.time.Duration;

/** A child did not end in time, and was stopped. The message names the command and the time. */
public class ProcessTimeoutException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The result of the child, with its outputs until it was stopped. */
    private final transient ProcessOutput output;

    /**
     * Makes the exception.
     *
     * @param output what came of the child until it was stopped; the exit code is that of the stopped child
     * @param timeout how long it had
     */
    public ProcessTimeoutException(ProcessOutput output, Duration timeout) {
        super(Texts.command(output.command()) + " did not end within " + timeout.toMillis() + " ms"
                + Texts.ending(output.stderrText()));
        this.output = output;
    }

    /**
     * Returns what came of the child until it was stopped.
     *
     * @return its outputs so far; null after deserialization
     */
    public ProcessOutput output() {
        return output;
    }
}
