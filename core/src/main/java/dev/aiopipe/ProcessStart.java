package dev.aiopipe;

import dev.aiopipe.engine.endpoint.Fallback;
import dev.aiopipe.engine.endpoint.InheritedEndpoint;
import dev.aiopipe.engine.linux.DescriptorHeadroom;
import dev.aiopipe.engine.process.Child;
import dev.aiopipe.engine.process.ChildSettings;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.write.Output;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Starts a child whose stdio are pipes, and which may get further descriptors. The arguments are copied when this is made; their owner
 * may change them from then on, and finds the builder as it was.
 */
final class ProcessStart implements Callable<Child> {
    private final ProcessBuilder builder;
    private final Map<Integer, PipeEnd> passing;
    private final PipeOptions options;
    private final ChildSettings settings;

    /** Begins nothing yet. From here on {@code passing} is used up by {@link #call} or {@link #discard}. */
    ProcessStart(
            ProcessBuilder builder,
            Map<Integer, ? extends PipeEnd> passing,
            PipeOptions options,
            ChildSettings settings) {
        this.builder = copyOf(builder);
        this.passing = new TreeMap<>(passing);
        this.options = options;
        this.settings = settings;
    }

    private static ProcessBuilder copyOf(ProcessBuilder original) {
        ProcessBuilder copy = new ProcessBuilder(new ArrayList<>(original.command()))
                .directory(original.directory())
                .redirectInput(original.redirectInput())
                .redirectOutput(original.redirectOutput())
                .redirectError(original.redirectError())
                .redirectErrorStream(original.redirectErrorStream());
        Map<String, String> environment = copy.environment();
        environment.keySet().retainAll(original.environment().keySet());
        original.environment().forEach((name, value) -> {
            if (!value.equals(environment.get(name))) { // the JDK keeps bytes that are no text of what is left alone
                environment.put(name, value);
            }
        });
        return copy;
    }

    /** Has the child read what a {@link ChildEnd} stands for. Called before {@link #call}. */
    void redirectInput(Redirect from) {
        builder.redirectInput(from);
    }

    /** Has the child write to what a {@link ChildEnd} stands for. Called before {@link #call}. */
    void redirectOutput(Redirect to) {
        builder.redirectOutput(to);
    }

    /** Starts the child; blocks for as long as that takes. If it fails nothing is left open, here or there. */
    @Override
    public Child call() throws IOException {
        try {
            if (builder.command().isEmpty()) {
                throw new IllegalArgumentException("the command is empty");
            }
            options.loop().engine().requireOpen();
            DescriptorHeadroom.require("can't start " + builder.command().get(0));
            return start();
        } finally {
            discard(); // those that it did not come to
        }
    }

    /** Closes the ends that are still unused. */
    void discard() {
        passing.values().forEach(PipeEnd::close);
    }

    /** All that can fail comes before the fork: a program that has run can't be taken back. */
    private Child start() throws IOException {
        List<String> command = List.copyOf(builder.command());
        String program = command.get(0);
        Redirect redirectedInput = builder.redirectInput();
        boolean merged = builder.redirectErrorStream();
        try (DescriptorPassing passed = passing.isEmpty() ? null : new DescriptorPassing(passing);
                Stdio in = new Stdio(redirectedInput == Redirect.PIPE, "stdin of " + program);
                Stdio out = new Stdio(builder.redirectOutput() == Redirect.PIPE, "stdout of " + program);
                Stdio err = new Stdio(builder.redirectError() == Redirect.PIPE && !merged, "stderr of " + program)) {
            if (in.pipe != null) {
                builder.redirectInput(in.openToWrite());
            } else if (redirectedInput == Redirect.INHERIT) {
                builder.redirectInput(InheritedEndpoint.stdinForChild());
            }
            if (out.pipe != null) {
                builder.redirectOutput(out.openToRead());
            }
            if (err.pipe != null) {
                builder.redirectError(err.openToRead());
            } else if (merged) {
                builder.redirectError(Redirect.DISCARD); // or the JDK makes a pipe that nobody uses
            }
            if (passed != null) {
                builder.command(passed.command(builder));
            }
            if (settings.ownGroup()) {
                builder.command(OwnGroup.command(builder));
            }
            Process process = passed == null ? builder.start() : passed.start(builder, program);
            try {
                if (passed != null) {
                    passed.awaitTaken(process, program);
                }
                Output stdin = in.piped
                        ? in.output(process.getOutputStream())
                        : Output.refusing("stdin is redirected: " + redirectedInput);
                Input stdout = out.input(process.getInputStream());
                Child child = new Child(command, process, settings, stdin, stdout, err.input(process.getErrorStream()));
                in.handOver();
                out.handOver();
                err.handOver();
                return child;
            } catch (Throwable e) {
                process.destroyForcibly();
                throw e;
            }
        }
    }

    /** The outcome of what opens at once. */
    private static <T> T opened(CompletableFuture<T> opening) throws IOException {
        try {
            return opening.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** One of the three. Closes our copy of what the child got; and our own end, unless a {@link Child} has it. */
    private final class Stdio implements AutoCloseable {
        private final String name;
        private final boolean piped;
        private final AioPipe pipe; // null also where the JDK's own streams have to do
        private ChildEnd given;
        private Output output;
        private Input input;

        Stdio(boolean piped, String name) throws IOException {
            this.name = name;
            this.piped = piped;
            this.pipe = piped && !Fallback.isNeeded() ? AioPipe.create(name) : null;
        }

        Redirect openToWrite() throws IOException {
            output = opened(pipe.tx().openOutput(options));
            given = pipe.rx().forChild();
            return given.redirect();
        }

        Redirect openToRead() throws IOException {
            input = opened(pipe.rx().openInput(options));
            given = pipe.tx().forChild();
            return given.redirect();
        }

        Output output(OutputStream stream) throws IOException {
            if (pipe == null) {
                output = Fallback.output(stream, options.loop().engine(), name);
            }
            return output;
        }

        Input input(InputStream stream) throws IOException {
            if (pipe == null) {
                input = piped ? Fallback.input(stream, options.loop().engine(), name) : Input.atEnd(name, "redirected");
            }
            return input;
        }

        void handOver() {
            output = null;
            input = null;
        }

        @Override
        public void close() {
            if (output != null) {
                output.abort();
            }
            if (input != null) {
                input.close();
            }
            if (pipe != null) {
                pipe.close();
            }
            if (given != null) {
                given.close();
            }
        }
    }
}
