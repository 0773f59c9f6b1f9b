package dev.aiopipe;

import java.util.List;

/**
 * The results of the stages of a pipeline that ran to its end.
 *
 * @param stages what came of each stage, in their order. Only the last one has a stdout
 */
public record PipelineOutput(List<ProcessOutput> stages) {
    /** The exit code of a process that SIGPIPE ended. */
    private static final int SIGPIPE = 128 + 13;

    /**
     * Makes an output.
     *
     * @param stages one or more; copied
     * @throws IllegalArgumentException if there is no stage
     */
    public PipelineOutput {
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("no stages");
        }
    }

    /**
     * Returns the bytes that the last stage wrote.
     *
     * @return the array itself, no copy
     */
    public byte[] stdout() {
        return last().stdout();
    }

    /**
     * Decodes what the last stage wrote. Malformed bytes become U+FFFD.
     *
     * @return the whole text, line ends included
     */
    public String stdoutText() {
        return last().stdoutText();
    }

    /**
     * Returns the exit codes.
     *
     * @return one for each stage, in their order
     */
    public List<Integer> exitCodes() {
        return stages.stream().map(ProcessOutput::exitCode).toList();
    }

    /**
     * Returns this if all stages succeeded, as the shell's {@code pipefail} has it. A stage that SIGPIPE ended (exit
     * code 141) has not failed if a later stage ended by itself: that one had read all it needed.
     *
     * @return this
     * @throws ProcessFailedException of the last stage that failed
     */
    public PipelineOutput orThrow() throws ProcessFailedException {
        for (int i = stages.size() - 1; i >= 0; i--) {
            ProcessOutput stage = stages.get(i);
            boolean earlyFinisherAfter = stage.exitCode() == SIGPIPE && i < stages.size() - 1;
            if (!earlyFinisherAfter) {
                stage.orThrow();
            }
        }
        return this;
    }

    private ProcessOutput last() {
        return stages.get(stages.size() - 1);
    }
}
