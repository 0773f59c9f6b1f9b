package dev.aiopipe.engine.process;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.endpoint.Endpoint;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;

/**
 * Gives a child the descriptors that the JDK can't give it: from 3 on, it closes all of them in a child. So the start
 * runs {@code /bin/sh} in the program's place. The shell opens the descriptors anew through this process's
 * {@code /proc/…/fd}, acknowledges that, and becomes the program.
 *
 * <pre>
 *     sh -c 'exec 3>/proc/$PPID/fd/N 4&lt;/proc/$PPID/fd/M &amp;&amp; echo >/proc/$PPID/fd/A
 *            &amp;&amp; exec 5&lt;'fifo' &amp;&amp; exec "$@"' sh env … -- program arguments…
 * </pre>
 *
 * <p>If other processes may not look into this one, N, M and A are descriptors of helper processes.
 *
 * <p>N and M must stay open here until the acknowledgement comes (A is a pipe of ours), or the child might open an
 * unrelated file. A FIFO with a name is opened after that: the open waits for the other side, which may be waiting for
 * this start to return. No argument of the program is part of the script. The shell changes some variables of the
 * environment; {@code env} restores them.
 */
final class DescriptorPassing implements AutoCloseable {
    private static final String SHELL = "/bin/sh";
    private static final String OUR_PROC = "/proc/$PPID";
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /**
     * The variables that shells set, or ignore, when they start: dash(1) "Special Parameters", bash(1) "Shell
     * Variables".
     */
    private static final Set<String> SHELL_VARIABLES = Set.of(
            "IFS",
            "OPTIND",
            "PPID",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "LINENO",
            "PS1",
            "PS2",
            "PS4",
            "UID",
            "EUID",
            "SHELLOPTS",
            "BASHOPTS");

    private final PassedDescriptors passed;
    private final Pipe acknowledgement;
    private final List<Process> holders = new ArrayList<>();

    /**
     * Prepares a start.
     *
     * @param passed has what is left to a shell
     */
    DescriptorPassing(PassedDescriptors passed) throws IOException {
        if (!new File(SHELL).canExecute()) {
            throw new IOException("no " + SHELL + ", which hands descriptors over");
        }
        this.passed = passed;
        this.acknowledgement = Pipe.open();
    }

    /** Returns the command to start instead of the builder's. Changes the builder's environment for it. */
    List<String> command(ProcessBuilder builder) throws IOException {
        StringBuilder script = new StringBuilder("exec");
        StringBuilder fifos = new StringBuilder("exec");
        boolean hidden = isHidden();
        for (Map.Entry<Integer, PassedEnd> left : passed.left().entrySet()) {
            Endpoint endpoint = passed.endpoint(left.getValue());
            String path = endpoint.path(OUR_PROC);
            boolean ours = path.startsWith(OUR_PROC);
            if (ours && hidden) {
                path = pathInHolder(endpoint.redirect(passed::isOpen), path);
            }
            (ours ? script : fifos)
                    .append(' ')
                    .append(left.getKey())
                    .append(left.getValue().readable() ? '<' : '>')
                    .append(ours ? path : quoted(path));
        }
        if (passed.left().containsKey(1) && builder.redirectErrorStream()) {
            fifos.append(" 2>&1");
        }
        ChannelEndpoint sink = new ChannelEndpoint(acknowledgement.sink(), true, "acknowledgement");
        String sinkPath = hidden ? pathInHolder(sink.redirect(() -> true), "") : sink.path(OUR_PROC);
        script.append(" && echo >")
                .append(sinkPath)
                .append(" && ")
                .append(fifos)
                .append(" && exec \"$@\"");

        String program = resolve(builder);
        List<String> command = new ArrayList<>(List.of(SHELL, "-c", script.toString(), "sh", "/usr/bin/env"));
        addEnvironment(command, builder.environment());
        // dash refuses to start with one that is no number.
        builder.environment().remove("OPTIND");
        // env would take such a program for a variable.
        if (program.contains("=")) {
            command.addAll(List.of("/usr/bin/nice", "-n", "0"));
        }
        command.add(program);
        command.addAll(builder.command().subList(1, builder.command().size()));
        return command;
    }

    /**
     * Returns true if the kernel lets no other process look into this one, because it is not dumpable (file
     * capabilities, prctl(2)). Then the entries below {@code /proc/PID} belong to root, and only the directory itself
     * to this process's user.
     */
    private static boolean isHidden() throws IOException {
        Path self = Path.of("/proc/self");
        return !Files.getAttribute(self, "unix:uid").equals(Files.getAttribute(self.resolve("fd"), "unix:uid"));
    }

    /**
     * Starts a helper process that holds a descriptor as its stdin or stdout until this is closed. Returns the path to
     * it there.
     */
    private String pathInHolder(Redirect redirect, String path) throws IOException {
        ProcessBuilder holder = new ProcessBuilder(SHELL, "-c", "kill -s STOP $$");
        String number = path.substring(path.lastIndexOf('/') + 1);
        // INHERIT stands for one of the descriptors 0 to 2.
        if (redirect.type() == Redirect.Type.INHERIT) {
            holder.inheritIO();
        } else if (redirect.type() == Redirect.Type.READ) {
            number = "0";
            holder.redirectInput(redirect).redirectOutput(Redirect.DISCARD).redirectError(Redirect.DISCARD);
        } else {
            number = "1";
            holder.redirectInput(new File("/dev/null")).redirectOutput(redirect).redirectError(Redirect.DISCARD);
        }
        Process started = holder.start();
        holders.add(started);
        return "/proc/" + started.pid() + "/fd/" + number;
    }

    private static String quoted(String path) {
        return "'" + path.replace("'", "'\\''") + "'";
    }

    /** Adds the variables that the shell would lose or change. It passes all others on unchanged. */
    private static void addEnvironment(List<String> command, Map<String, String> environment) {
        for (String name : new TreeSet<>(SHELL_VARIABLES)) {
            if (!environment.containsKey(name)) {
                command.addAll(List.of("-u", name));
            }
        }
        command.add("--");
        environment.forEach((name, value) -> {
            if (SHELL_VARIABLES.contains(name) || !VARIABLE.matcher(name).matches()) {
                command.add(name + "=" + value);
            }
        });
    }

    /** Finds the program as the JDK does: by this process's PATH, in the child's directory. */
    static String resolve(ProcessBuilder builder) throws IOException {
        String program = builder.command().get(0);
        File directory = builder.directory();
        if (directory != null && !directory.isDirectory()) {
            throw cannotRun(builder, "error=2, No such file or directory");
        }
        boolean denied = false;
        String path = System.getenv().getOrDefault("PATH", ":/bin:/usr/bin");
        for (String place : program.contains("/") ? new String[] {null} : path.split(":", -1)) {
            String candidate = place == null ? program : (place.isEmpty() ? "." : place) + "/" + program;
            File file = new File(candidate);
            File found = file.isAbsolute() || directory == null ? file : new File(directory, candidate);
            if (found.isFile() && found.canExecute()) {
                return candidate;
            }
            denied |= found.exists();
        }
        throw cannotRun(builder, denied ? "error=13, Permission denied" : "error=2, No such file or directory");
    }

    private static IOException cannotRun(ProcessBuilder builder, String why) {
        String where = builder.directory() == null ? "" : " (in directory \"" + builder.directory() + "\")";
        return new IOException("Cannot run program \"" + builder.command().get(0) + "\"" + where + ": " + why);
    }

    /** Starts a builder that has the {@link #command}. An error names the program, not the shell. */
    Process start(ProcessBuilder builder, String program) throws IOException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new IOException(String.valueOf(e.getMessage()).replace('"' + SHELL + '"', '"' + program + '"'), e);
        }
    }

    /** Waits until the child has its descriptors. */
    void awaitAcknowledgement(Process process, String program) throws IOException {
        CompletableFuture<Integer> exit = new ProcessExit(process, null).code();
        // A dead child sends no acknowledgement, so its exit must end the read.
        exit.thenRun(this::closeAcknowledgement);
        if (acknowledgement.source().read(ByteBuffer.allocate(1)) < 0) {
            throw new IOException("Cannot run program \"" + program + "\": " + SHELL
                    + " could not open its descriptors, and ended with exit code "
                    + exit.join());
        }
    }

    private void closeAcknowledgement() {
        holders.forEach(Process::destroyForcibly);
        try {
            acknowledgement.sink().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        closeAcknowledgement();
        try {
            acknowledgement.source().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
