package dev.aiopipe.engine.process;

import dev.aiopipe.Signal;
import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.endpoint.Fallback;
import dev.aiopipe.engine.endpoint.InheritedEndpoint;
import dev.aiopipe.engine.linux.DescriptorHeadroom;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.support.CloseOnce;
import dev.aiopipe.engine.write.Output;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Starts a child whose stdio are pipes, and which may get other ends instead of them, and further descriptors. The
 * arguments are copied when this is made: their owner may change them from then on, and finds the builder unchanged.
 */
public final class ProcessStart implements Callable<Child> {
    private final ProcessBuilder builder;
    private final List<String> command;
    private final Map<Integer, PassedEnd> passing;
    private final Loop loop;
    private final int capacity;
    private final ChildSettings settings;

    /**
     * Prepares a start. {@link #call} or {@link #discard} uses the ends up.
     *
     * @param builder copied
     * @param passing ends by the descriptors that the child gets; copied
     * @param loop waits for the child's streams
     * @param capacity of the child's pipes, a wish in bytes; 0 for none
     * @param settings how the child is ended
     */
    public ProcessStart(
            ProcessBuilder builder, Map<Integer, PassedEnd> passing, Loop loop, int capacity, ChildSettings settings) {
        this.builder = copyOf(builder);
        this.command = Collections.unmodifiableList(new ArrayList<>(builder.command())); // may have a null, yet
        this.passing = new TreeMap<>(passing);
        this.loop = loop;
        this.capacity = capacity;
        this.settings = settings;
    }

    private static ProcessBuilder copyOf(ProcessBuilder original) {
        ProcessBuilder copy = new ProcessBuilder(new ArrayList<>(original.command()))
                .directory(original.directory())
                .redirectInput(original.redirectInput())
                .redirectOutput(original.redirectOutput())
                .redirectError(original.redirectError())
                .redirectErrorStream(original.redirectErrorStream());
        Map<String, String> wanted = original.environment();
        // Most have this process's. Then the child inherits it, which costs nothing.
        if (!isInherited(wanted)) {
            Map<String, String> environment = copy.environment();
            environment.keySet().retainAll(wanted.keySet());
            wanted.forEach((name, value) -> {
                // The JDK keeps the bytes of a value that is no valid text, as long as it is not put anew.
                if (!value.equals(environment.get(name))) {
                    environment.put(name, value);
                }
            });
        }
        return copy;
    }

    /**
     * Entries in the same order, as those of a builder that nobody has changed, are compared without a hash of each.
     */
    private static boolean isInherited(Map<String, String> environment) {
        Map<String, String> ours = System.getenv();
        return List.copyOf(ours.entrySet()).equals(List.copyOf(environment.entrySet())) || ours.equals(environment);
    }

    /**
     * Starts the child, and blocks for as long as that takes. Called once.
     *
     * @throws IOException that names the program, if it can't be started; nothing is left open then, here or there
     * @throws IllegalArgumentException if the command is empty
     */
    @Override
    public Child call() throws IOException {
        try {
            require();
            return start();
        } finally {
            discard();
        }
    }

    private void require() throws IOException {
        if (command.isEmpty()) {
            throw new IllegalArgumentException("the command is empty");
        }
        loop.requireOpen();
        DescriptorHeadroom.require("can't start " + command.get(0));
    }

    /** Has the child read nothing, where its stdin would be a pipe to this process. Called before {@link #call}. */
    void withoutInput() {
        if (Redirect.PIPE.equals(builder.redirectInput()) && !passing.containsKey(0)) {
            builder.redirectInput(PassedDescriptors.NOTHING);
        }
    }

    /** Has the child read from a pipe between two stages. Called before {@link #call}. */
    void redirectInput(Redirect from) {
        builder.redirectInput(from);
    }

    /** Has the child write to a pipe between two stages. Called before {@link #call}. */
    void redirectOutput(Redirect to) {
        builder.redirectOutput(to);
    }

    /** Closes the ends that are still unused. */
    public void discard() {
        passing.values().forEach(end -> end.closing().run());
    }

    /**
     * Starts the child. All that can fail comes before the fork, because a program that has run can't be taken back.
     */
    private Child start() throws IOException {
        String program = command.get(0);
        try (PassedDescriptors passed = new PassedDescriptors(passing, builder);
                DescriptorPassing shell = passed.left().isEmpty() ? null : new DescriptorPassing(passed);
                Stdio in = stdin(Redirect.PIPE.equals(builder.redirectInput()));
                Stdio out = stdout(Redirect.PIPE.equals(builder.redirectOutput()));
                Stdio err = stderr()) {
            String redirectedInput = passed.nameOfStdin(builder.redirectInput());
            if (in.pipe != null) {
                builder.redirectInput(in.open(in.pipe));
            }
            if (out.pipe != null) {
                builder.redirectOutput(out.open(out.pipe));
            }
            if (err.pipe != null) {
                builder.redirectError(err.open(err.pipe));
            }
            if (shell != null) {
                builder.command(shell.command(builder));
            }
            finishBuilder();
            Process process = shell == null ? builder.start() : shell.start(builder, program);
            try {
                if (shell != null) {
                    shell.awaitAcknowledgement(process, program);
                }
                return child(process, in, out, err, redirectedInput);
            } catch (Throwable e) {
                process.destroyForcibly();
                throw e;
            }
        }
    }

    private void finishBuilder() throws IOException {
        if (Redirect.INHERIT.equals(builder.redirectInput())) {
            builder.redirectInput(InheritedEndpoint.stdinForChild());
        }
        if (builder.redirectErrorStream()) {
            // Else the JDK makes a pipe that nothing uses.
            builder.redirectError(Redirect.DISCARD);
        }
        if (settings.stopSignal() != Signal.TERM && settings.stopSignal() != Signal.KILL) {
            NativeAccess.hasLibC(); // loaded here, or the stop would wait for that
        }
        if (settings.ownGroup()) {
            builder.command(OwnGroup.command(builder));
        }
    }

    private Stdio stdin(boolean piped) throws IOException {
        return new Stdio("stdin of " + command.get(0), true, piped);
    }

    private Stdio stdout(boolean piped) throws IOException {
        return new Stdio("stdout of " + command.get(0), false, piped);
    }

    private Stdio stderr() throws IOException {
        boolean piped = Redirect.PIPE.equals(builder.redirectError()) && !builder.redirectErrorStream();
        return new Stdio("stderr of " + command.get(0), false, piped);
    }

    private Child child(Process process, Stdio in, Stdio out, Stdio err, String redirectedInput) throws IOException {
        Output stdin = in.piped
                ? in.output(process.getOutputStream())
                : Output.refusing("stdin is redirected: " + redirectedInput);
        Input stdout = out.input(process.getInputStream());
        Child child = new Child(command, process, settings, stdin, stdout, err.input(process.getErrorStream()));
        in.handOver();
        out.handOver();
        err.handOver();
        return child;
    }

    /**
     * Prepares a start by {@link ProcessBuilder#startPipeline}, in the fallback, where descriptors can't be handed
     * over.
     *
     * @return the builder of this stage
     */
    ProcessBuilder prepareForJdk() throws IOException {
        require();
        DescriptorPassing.resolve(builder); // the JDK would leave pipes of the earlier stages open
        finishBuilder();
        return builder;
    }

    /** Returns the child of a start that was {@linkplain #prepareForJdk prepared}. */
    Child childOf(Process process, boolean isFirst, boolean isLast) throws IOException {
        try (Stdio in = stdin(isFirst && Redirect.PIPE.equals(builder.redirectInput()));
                Stdio out = stdout(isLast && Redirect.PIPE.equals(builder.redirectOutput()));
                Stdio err = stderr()) {
            return child(
                    process, in, out, err, isFirst ? builder.redirectInput().toString() : "PIPE");
        }
    }

    /**
     * One of the three streams. {@link #close} closes our copy of the child's end; and our own end, unless a
     * {@link Child} has it.
     */
    private final class Stdio implements AutoCloseable {
        private final String name;
        private final boolean childReads;
        private final boolean piped;

        /** Null if the stream is redirected, or if the JDK's own streams are used. */
        private final @Nullable Pipe pipe;

        private @Nullable Output output;
        private @Nullable Input input;
        private boolean handedOver;
        private volatile boolean closed;

        Stdio(String name, boolean childReads, boolean piped) throws IOException {
            this.name = name;
            this.childReads = childReads;
            this.piped = piped;
            this.pipe = piped && !Fallback.isNeeded() ? Pipe.open() : null;
        }

        /** Opens our end of the pipe. Returns the redirect to the child's end. */
        Redirect open(Pipe ends) throws IOException {
            ChannelEndpoint ours = endpoint(childReads ? ends.sink() : ends.source());
            if (capacity > 0) {
                ours.capacity(capacity);
            }
            if (childReads) {
                output = ours.openOutput(loop);
            } else {
                input = ours.openInput(loop);
            }
            return endpoint(childReads ? ends.source() : ends.sink()).redirect(() -> !closed);
        }

        private ChannelEndpoint endpoint(SelectableChannel channel) {
            return new ChannelEndpoint(channel, true, name);
        }

        Output output(OutputStream stream) throws IOException {
            Output open = output == null ? Fallback.output(stream, loop, name) : output;
            output = open;
            return open;
        }

        Input input(InputStream stream) throws IOException {
            Input open = input;
            if (open == null) {
                open = piped ? Fallback.input(stream, loop, name) : Input.atEnd(name, "redirected");
                input = open;
            }
            return open;
        }

        void handOver() {
            handedOver = true;
        }

        @Override
        public void close() {
            closed = true;
            if (!handedOver && output != null) {
                output.abort();
            }
            if (!handedOver && input != null) {
                input.close();
            }
            if (pipe != null) {
                Closeable ours = childReads ? pipe.sink() : pipe.source();
                Closeable theirs = childReads ? pipe.source() : pipe.sink();
                try {
                    (handedOver ? theirs : CloseOnce.both(ours, theirs)).close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
