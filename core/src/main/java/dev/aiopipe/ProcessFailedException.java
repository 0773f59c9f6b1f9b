package dev.aiopipe;

import java.io.IOException;

/**
 * A child exited with a code that does not mean success. The message names command, exit code and the last lines of
 * stderr.
 */
public class ProcessFailedException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The result of the child. */
    private final transient ProcessOutput output;

    /**
     * Makes the exception.
     *
     * @param output what came of the child
     */
    public ProcessFailedException(ProcessOutput output) {
        super(Texts.command(output.command()) + " exited with code " + output.exitCode()
                + Texts.ending(output.stderrText()));
        this.output = output;
    }

    /**
     * Returns what came of the child.
     *
     * @return its exit code and outputs; null after deserialization
     */
    public ProcessOutput output() {
        return output;
    }
}
