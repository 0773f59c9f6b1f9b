package dev.aiopipe.engine.process;

import dev.aiopipe.OutputLine;
import dev.aiopipe.ProcessOutput;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The last lines that a child wrote to stderr, for the message of its failure. For one thread at a time. */
public final class StderrTail {
    private static final int KEPT_LINES = 20;

    private final long startNanos = System.nanoTime();
    private final Deque<String> lines = new ArrayDeque<>();

    /** Keeps the line if it came from stderr. */
    public void add(OutputLine line) {
        if (line.source() == OutputLine.Source.STDERR) {
            if (lines.size() == KEPT_LINES) {
                lines.removeFirst();
            }
            lines.addLast(line.text());
        }
    }

    /** Returns what came of the child, as far as it is known here: stdout is empty, stderr is its last lines. */
    public ProcessOutput output(List<String> command, int exitCode, Charset charset) {
        StringBuilder text = new StringBuilder();
        lines.forEach(line -> text.append(line).append('\n'));
        return new ProcessOutput(
                command,
                exitCode,
                new byte[0],
                text.toString().getBytes(charset),
                charset,
                true,
                true,
                Duration.ofNanos(System.nanoTime() - startNanos));
    }
}
