package dev.aiopipe;

import java.nio.charset.Charset;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The result of a child that ran to its end.
 *
 * <p>The arrays are not copied. Two outputs are equal if all of their components are, the arrays by their bytes.
 *
 * @param command the program and its arguments
 * @param exitCode as {@link Process#exitValue} gives it: 128 plus the signal's number for a child that a signal ended
 * @param stdout all bytes of the child's output; empty if the builder redirects it
 * @param stderr all bytes of the child's messages; empty if the builder redirects them, or merges them into the output
 * @param charset how {@link #stdoutText} and {@link #stderrText} decode
 * @param inputAccepted false if the child closed its stdin, or exited, before it had read all of its input. That is no
 *     failure
 * @param outputComplete false if a process that the child left behind kept an output open, so that more could have come
 * @param elapsed the wall-clock time from the start to the end
 */
@SuppressWarnings("ArrayRecordComponent") // equals and hashCode look at the bytes
public record ProcessOutput(
        List<String> command,
        int exitCode,
        byte[] stdout,
        byte[] stderr,
        Charset charset,
        boolean inputAccepted,
        boolean outputComplete,
        Duration elapsed) {
    /**
     * Makes an output. The parameters are the components.
     *
     * @param command the program and its arguments; copied
     * @param exitCode the exit code
     * @param stdout the bytes of the output
     * @param stderr the bytes of the messages
     * @param charset how text is decoded
     * @param inputAccepted whether the child read all of its input
     * @param outputComplete whether both outputs were read to their ends
     * @param elapsed the time that it took
     */
    public ProcessOutput {
        command = List.copyOf(command);
        Objects.requireNonNull(stdout, "stdout");
        Objects.requireNonNull(stderr, "stderr");
        Objects.requireNonNull(charset, "charset");
        Objects.requireNonNull(elapsed, "elapsed");
    }

    /**
     * Decodes the output. Malformed bytes become U+FFFD.
     *
     * @return the whole text, line ends included
     */
    public String stdoutText() {
        return new String(stdout, charset);
    }

    /**
     * Decodes the messages. Malformed bytes become U+FFFD.
     *
     * @return the whole text, line ends included
     */
    public String stderrText() {
        return new String(stderr, charset);
    }

    /**
     * Decodes the lines of the output. A line ends with {@code \n} or {@code \r\n}, as {@link PipeReader#readLine} has
     * it; an unterminated last line is a line.
     *
     * @return the lines without their line ends; empty if there was no output
     */
    public List<String> stdoutLines() {
        return Texts.lines(stdoutText());
    }

    /**
     * Returns this if the child succeeded.
     *
     * @param acceptedExitCodes the exit codes that mean success; none for 0 alone
     * @return this
     * @throws ProcessFailedException if the child exited with another code
     */
    public ProcessOutput orThrow(int... acceptedExitCodes) throws ProcessFailedException {
        boolean accepted = acceptedExitCodes.length == 0
                ? exitCode == 0
                : Arrays.stream(acceptedExitCodes).anyMatch(code -> code == exitCode);
        if (!accepted) {
            throw new ProcessFailedException(this);
        }
        return this;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ProcessOutput that
                && command.equals(that.command)
                && exitCode == that.exitCode
                && Arrays.equals(stdout, that.stdout)
                && Arrays.equals(stderr, that.stderr)
                && charset.equals(that.charset)
                && inputAccepted == that.inputAccepted
                && outputComplete == that.outputComplete
                && elapsed.equals(that.elapsed);
    }

    @Override
    public int hashCode() {
        return Objects.hash(command, exitCode, Arrays.hashCode(stdout), Arrays.hashCode(stderr), elapsed);
    }

    /** Names the command, the exit code and the sizes; never the bytes, which may be many, or secret. */
    @Override
    public String toString() {
        return "ProcessOutput[" + Texts.command(command) + ", exit code " + exitCode + ", stdout " + stdout.length
                + " bytes, stderr " + stderr.length + " bytes" + (inputAccepted ? "" : ", input not accepted")
                + (outputComplete ? "" : ", output not complete") + ", " + elapsed.toMillis() + " ms]";
    }
}
