package dev.aiopipe;

import dev.aiopipe.engine.Child;
import dev.aiopipe.engine.Fallback;
import dev.aiopipe.engine.InheritedOrigin;
import dev.aiopipe.engine.Input;
import dev.aiopipe.engine.Loop;
import dev.aiopipe.engine.Outbox;
import dev.aiopipe.engine.Room;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Starts children whose stdio are pipes, and who may get further descriptors. */
final class PipedStart {
    private PipedStart() {}

    /** Starts a child; blocks for as long as that takes. If it fails nothing is left open, here or there. */
    static Child start(ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing, PipeOptions options)
            throws IOException {
        try {
            Room.require("can't start " + builder.command().get(0));
            synchronized (
                    builder) { // its redirects and its command are ours meanwhile: another start must not see them
                return startAlone(builder, passing, options);
            }
        } finally {
            passing.values().forEach(PipeEnd::close); // those that it did not come to
        }
    }

    private static Child startAlone(
            ProcessBuilder builder, Map<Integer, ? extends PipeEnd> passing, PipeOptions options) throws IOException {
        List<String> command = builder.command();
        String program = command.get(0);
        Redirect stdin = builder.redirectInput();
        Redirect stdout = builder.redirectOutput();
        Redirect stderr = builder.redirectError();
        boolean merged = builder.redirectErrorStream();
        boolean threads = Fallback.isNeeded();
        try (PassedDescriptors passed = passing.isEmpty() ? null : new PassedDescriptors(passing);
                Stdio in = new Stdio(stdin == Redirect.PIPE, threads, "stdin of " + program);
                Stdio out = new Stdio(stdout == Redirect.PIPE, threads, "stdout of " + program);
                Stdio err = new Stdio(stderr == Redirect.PIPE && !merged, threads, "stderr of " + program)) {
            if (in.pipe != null) {
                builder.redirectInput(in.giveReader());
            } else if (stdin == Redirect.INHERIT) {
                builder.redirectInput(InheritedOrigin.stdinForChild());
            }
            if (out.pipe != null) {
                builder.redirectOutput(out.giveWriter());
            }
            if (err.pipe != null) {
                builder.redirectError(err.giveWriter());
            } else if (merged) {
                builder.redirectError(Redirect.DISCARD); // or the JDK makes a pipe that nobody uses
            }
            if (passed != null) {
                builder.command(passed.command(builder));
            }
            Process process = passed == null ? builder.start() : passed.start(builder, program);
            try {
                if (passed != null) {
                    passed.awaitTaken(process, program);
                }
                return connect(process, stdin, in, out, err, options);
            } catch (Throwable e) {
                process.destroyForcibly();
                throw e;
            }
        } finally {
            builder.command(command).redirectInput(stdin).redirectOutput(stdout).redirectError(stderr);
        }
    }

    private static Child connect(Process process, Redirect given, Stdio in, Stdio out, Stdio err, PipeOptions options)
            throws IOException {
        Loop loop = options.loop().engine;
        Outbox stdin = null;
        Input stdout = null;
        try {
            if (!in.piped) {
                stdin = Outbox.refusing("stdin is redirected: " + given);
            } else if (in.pipe == null) {
                stdin = Fallback.outbox(in.name, process.getOutputStream(), loop);
            } else {
                stdin = opened(in.pipe.tx().openOutbox(options));
            }
            stdout = out.input(process.getInputStream(), options);
            return new Child(process, stdin, stdout, err.input(process.getErrorStream(), options));
        } catch (Throwable e) {
            if (stdin != null) {
                stdin.abort();
            }
            if (stdout != null) {
                stdout.close();
            }
            throw e;
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

    /** One of the three, if it is to be a pipe. Closes what is not opened, and our copy of what the child got. */
    private static final class Stdio implements AutoCloseable {
        private final String name;
        private final boolean piped;
        private final AioPipe pipe; // null also where the JDK's own streams have to do
        private ChildEnd given;

        Stdio(boolean piped, boolean threads, String name) throws IOException {
            this.name = name;
            this.piped = piped;
            this.pipe = piped && !threads ? AioPipe.create(name) : null;
        }

        Redirect giveReader() throws IOException {
            given = pipe.rx().forChild();
            return given.redirect();
        }

        Redirect giveWriter() throws IOException {
            given = pipe.tx().forChild();
            return given.redirect();
        }

        Input input(InputStream stream, PipeOptions options) throws IOException {
            if (!piped) {
                return Input.atEnd();
            }
            return pipe == null
                    ? Fallback.input(name, stream, options.loop().engine)
                    : opened(pipe.rx().openInput(options));
        }

        @Override
        public void close() {
            if (pipe != null) {
                pipe.close();
            }
            if (given != null) {
                given.close();
            }
        }
    }
}
