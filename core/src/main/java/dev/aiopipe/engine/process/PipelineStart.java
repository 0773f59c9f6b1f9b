package dev.aiopipe.engine.process;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.endpoint.Fallback;
import dev.aiopipe.engine.loop.Loop;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Starts children of which each reads what the one before it writes. The bytes between them never enter this process:
 * each pair has a pipe, whose ends are open here only until both have been started.
 */
public final class PipelineStart implements Callable<List<Child>> {
    private final List<ProcessStart> starts = new ArrayList<>();

    /**
     * Prepares the start. The builders are copied.
     *
     * @param stages the builders, in their order
     * @param loop waits for the streams
     * @param capacity of the pipes to this process, a wish in bytes; 0 for none
     * @param settings how the stages are ended
     * @throws IllegalArgumentException if there is no stage, or a stream between two stages is redirected
     */
    public PipelineStart(List<ProcessBuilder> stages, Loop loop, int capacity, ChildSettings settings) {
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
            starts.add(new ProcessStart(stage, Map.of(), loop, capacity, settings));
        }
    }

    private static void requirePipe(String stream, int stage, Redirect redirect) {
        if (!Redirect.PIPE.equals(redirect)) {
            throw new IllegalArgumentException(stream + " of stage " + stage + " is redirected: " + redirect);
        }
    }

    /**
     * Has the first stage read nothing, where its stdin would be a pipe to this process. Called before {@link #call}.
     */
    void withoutInput() {
        starts.get(0).withoutInput();
    }

    /**
     * Starts all stages, the first one first. If one can't be started, those before it are killed, and nothing is left
     * open.
     */
    @Override
    public List<Child> call() throws IOException {
        if (starts.size() > 1 && Fallback.isNeeded()) {
            return startByJdk();
        }
        List<Link> links = new ArrayList<>();
        List<Child> children = new ArrayList<>();
        try {
            for (int i = 0; i < starts.size(); i++) {
                ProcessStart start = starts.get(i);
                if (i > 0) {
                    start.redirectInput(links.get(i - 1).redirectToRead());
                }
                if (i < starts.size() - 1) {
                    links.add(new Link());
                    start.redirectOutput(links.get(i).redirectToWrite());
                }
                children.add(start.call());
            }
            return children;
        } catch (Throwable e) {
            children.forEach(Child::close);
            throw e;
        } finally {
            for (Link link : links) {
                link.close();
            }
        }
    }

    /** The JDK makes the pipes between the stages where descriptors can't be handed over. */
    private List<Child> startByJdk() throws IOException {
        List<ProcessBuilder> builders = new ArrayList<>();
        for (ProcessStart start : starts) {
            builders.add(start.prepareForJdk());
        }
        List<Process> processes = ProcessBuilder.startPipeline(builders);
        List<Child> children = new ArrayList<>();
        try {
            for (int i = 0; i < processes.size(); i++) {
                children.add(starts.get(i).childOf(processes.get(i), i == 0, i == processes.size() - 1));
            }
            return children;
        } catch (Throwable e) {
            children.forEach(Child::close);
            processes.forEach(Process::destroyForcibly);
            throw e;
        }
    }

    /** A pipe between two stages. */
    private static final class Link {
        private final Pipe pipe = Pipe.open();
        private volatile boolean open = true;

        Link() throws IOException {}

        Redirect redirectToWrite() throws IOException {
            return new ChannelEndpoint(pipe.sink(), true, "pipe between stages").redirect(() -> open);
        }

        Redirect redirectToRead() throws IOException {
            return new ChannelEndpoint(pipe.source(), true, "pipe between stages").redirect(() -> open);
        }

        void close() throws IOException {
            open = false;
            try {
                pipe.sink().close();
            } finally {
                pipe.source().close();
            }
        }
    }
}
