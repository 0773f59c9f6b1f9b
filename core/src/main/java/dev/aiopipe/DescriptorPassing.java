package dev.aiopipe;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.process.ProcessExit;
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
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;

/**
 * Gives a child descriptors 3 to 9. The JDK closes all of these in a child, so {@code /bin/sh} is started in the program's place: it
 * opens them anew, through this process's {@code /proc/…/fd}, tells that it has, and becomes the program.
 *
 * <pre>
 *     sh -c 'exec 3>/proc/$PPID/fd/N 4&lt;/proc/$PPID/fd/M &amp;&amp; echo >/proc/$PPID/fd/A &amp;&amp; exec 5&lt;'fifo' &amp;&amp; exec "$@"' sh env … -- program arguments…
 * </pre>
 *
 * <p>Where others may not look into this process, N, M and A are those of helpers that hold them.
 *
 * <p>Until it has told (A is a pipe of ours) N and M must not be closed here, or the child might open a stranger's. A FIFO with a name
 * is opened behind that: it waits for the other side, who may be waiting for this start to return. No argument of the program is part
 * of the script. The shell has its own idea of some variables, which {@code env} sets right again.
 */
final class DescriptorPassing implements AutoCloseable {
    private static final String SHELL = "/bin/sh";
    private static final String OUR_PROC = "/proc/$PPID";
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** What shells set, or ignore, when they start: dash(1) "Special Parameters", bash(1) "Shell Variables". */
    private static final Set<String> OF_THE_SHELL = Set.of(
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

    private final Map<Integer, ChildEnd> ends = new TreeMap<>();
    private final Map<Integer, String> operators = new TreeMap<>();
    private final Pipe acknowledgement;
    private final List<Process> holders = new ArrayList<>();

    /**
     * Takes the ends over.
     *
     * @throws IllegalArgumentException if a number is not within 3 to 9
     * @throws IllegalStateException if an end was used already, or can't be handed over
     */
    DescriptorPassing(Map<Integer, ? extends PipeEnd> passing) throws IOException {
        for (int number : passing.keySet()) {
            if (number < 3 || number > 9) {
                throw new IllegalArgumentException("descriptor not within 3 to 9: " + number);
            }
        }
        if (!new File(SHELL).canExecute()) {
            throw new IOException("no " + SHELL + ", which hands descriptors over");
        }
        try {
            passing.forEach((number, end) -> {
                ends.put(number, end.forChild());
                operators.put(number, end instanceof ReadEnd ? "<" : ">");
            });
            acknowledgement = Pipe.open();
        } catch (Throwable e) {
            closeEnds();
            throw e;
        }
    }

    /** The command that becomes the builder's, whose environment is changed for it. */
    List<String> command(ProcessBuilder builder) throws IOException {
        StringBuilder script = new StringBuilder("exec");
        StringBuilder fifos = new StringBuilder("exec");
        boolean hidden = isHidden();
        for (Map.Entry<Integer, ChildEnd> end : ends.entrySet()) {
            String path = end.getValue().path(OUR_PROC);
            boolean ours = path.startsWith(OUR_PROC);
            if (ours && hidden) {
                path = held(end.getValue().redirect(), path);
            }
            (ours ? script : fifos)
                    .append(' ')
                    .append(end.getKey())
                    .append(operators.get(end.getKey()))
                    .append(ours ? path : quoted(path));
        }
        ChannelEndpoint sink = new ChannelEndpoint(acknowledgement.sink(), true, "acknowledgement");
        String told = hidden ? held(sink.redirect(() -> true), "") : sink.path(OUR_PROC);
        script.append(" && echo >").append(told).append(" && ").append(fifos).append(" && exec \"$@\"");

        String program = resolve(builder);
        List<String> command = new ArrayList<>(List.of(SHELL, "-c", script.toString(), "sh", "/usr/bin/env"));
        addEnvironment(command, builder.environment());
        builder.environment().remove("OPTIND"); // dash refuses to start with one that is no number
        if (program.contains("=")) {
            command.addAll(List.of("/usr/bin/nice", "-n", "0")); // or env would take it for a variable
        }
        command.add(program);
        command.addAll(builder.command().subList(1, builder.command().size()));
        return command;
    }

    /**
     * Whether the kernel lets nobody look into this process, as it is not dumpable (file capabilities, prctl(2)): then what is below
     * {@code /proc/PID} belongs to root, and only the directory itself to this process's user.
     */
    private static boolean isHidden() throws IOException {
        Path self = Path.of("/proc/self");
        return !Files.getAttribute(self, "unix:uid").equals(Files.getAttribute(self.resolve("fd"), "unix:uid"));
    }

    /** Has a process that is not hidden hold a descriptor as its stdin or stdout, until this is closed. Returns the path to it there. */
    private String held(Redirect redirect, String path) throws IOException {
        ProcessBuilder holder = new ProcessBuilder(SHELL, "-c", "kill -s STOP $$");
        String number = path.substring(path.lastIndexOf('/') + 1);
        if (redirect.type() == Redirect.Type.INHERIT) { // 0 to 2
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

    /** What the shell would lose or change of the builder's environment. The rest it hands on to the byte. */
    private static void addEnvironment(List<String> command, Map<String, String> environment) {
        for (String name : new TreeSet<>(OF_THE_SHELL)) {
            if (!environment.containsKey(name)) {
                command.addAll(List.of("-u", name));
            }
        }
        command.add("--");
        environment.forEach((name, value) -> {
            if (OF_THE_SHELL.contains(name) || !VARIABLE.matcher(name).matches()) {
                command.add(name + "=" + value);
            }
        });
    }

    /** Finds the program as the JDK does: with this process's PATH, in the child's directory. */
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

    /** Starts what has {@link #command}; an error names the program, not the shell. */
    Process start(ProcessBuilder builder, String program) throws IOException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new IOException(e.getMessage().replace('"' + SHELL + '"', '"' + program + '"'), e);
        }
    }

    /** Waits until the child has its descriptors. */
    void awaitTaken(Process process, String program) throws IOException {
        CompletableFuture<Integer> exit = new ProcessExit(process, null).code();
        exit.thenRun(this::closeAcknowledging); // a child that is dead does not report
        if (acknowledgement.source().read(ByteBuffer.allocate(1)) < 0) {
            throw new IOException("Cannot run program \"" + program + "\": " + SHELL
                    + " has not got its descriptors, and ended with exit code "
                    + exit.join());
        }
    }

    private void closeAcknowledging() {
        holders.forEach(Process::destroyForcibly);
        try {
            acknowledgement.sink().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        closeEnds();
        closeAcknowledging();
        try {
            acknowledgement.source().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void closeEnds() {
        ends.values().forEach(ChildEnd::close);
    }
}
