package dev.aiopipe;

import dev.aiopipe.engine.endpoint.Fallback;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.ChildSettings;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Starts children of which each reads what the one before it writes. The bytes between them never enter this process: each pair has a
 * pipe, whose ends are open here only until both have been started.
 */
final class PipelineStart implements Callable<List<Child>> {
    private final List<ProcessStart> starts = new ArrayList<>();
    private final List<AioPipe> pipes = new ArrayList<>();
    private final List<ChildEnd> ends = new ArrayList<>();

    /**
     * Begins nothing yet. The builders are copied.
     *
     * @throws IllegalArgumentException if there is no stage, or the output of one but the last, or the input of one but the first, is
     *     redirected
     */
    PipelineStart(List<ProcessBuilder> stages, PipeOptions options, ChildSettings settings) {
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("no stages");
        }
        for (int i = 0; i < stages.size(); i++) {
            ProcessBuilder stage = stages.get(i);
            if (i > 0) {
                requirePipe("stdin", i, stage.redirectInput());
            }
            if (i < stages.size() - 1) {
                requirePipe("stdout", i, stage.redirectOutput());
            }
            starts.add(new ProcessStart(stage, Map.of(), options, settings));
        }
    }

    private static void requirePipe(String stream, int stage, Redirect redirect) {
        if (redirect != Redirect.PIPE) {
            throw new IllegalArgumentException(stream + " of stage " + stage + " is redirected: " + redirect);
        }
    }

    /** Starts all stages, the first one first. If one can't be started, those before it are killed, and nothing is left open. */
    @Override
    public List<Child> call() throws IOException {
        if (Fallback.isNeeded() && starts.size() > 1) {
            throw new IOException(
                    "no pipelines where descriptors can't be handed over: no /proc, or the fallback is forced");
        }
        List<Child> children = new ArrayList<>();
        try {
            for (int i = 0; i < starts.size(); i++) {
                ProcessStart start = starts.get(i);
                if (i > 0) {
                    start.redirectInput(ends.get(ends.size() - 1).redirect());
                }
                if (i < starts.size() - 1) {
                    start.redirectOutput(nextPipe());
                }
                children.add(start.call());
            }
            return children;
        } catch (Throwable e) {
            children.forEach(Child::close);
            throw e;
        } finally {
            ends.forEach(ChildEnd::close);
            pipes.forEach(AioPipe::close);
        }
    }

    /** Makes the pipe to the next stage. Returns what the stage before it writes to. */
    private Redirect nextPipe() throws IOException {
        AioPipe pipe = AioPipe.create();
        pipes.add(pipe);
        ChildEnd written = pipe.tx().forChild();
        ends.add(written);
        ends.add(pipe.rx().forChild());
        return written.redirect();
    }
}
