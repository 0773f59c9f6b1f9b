package dev.aiopipe.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** Programs that tests start, and those that they need. */
public final class Programs {
    private static final boolean MUST_RUN_ALL = System.getenv("AIOPIPE_CI") != null;

    private Programs() {}

    /** Runs a script; its arguments are {@code $1} and so on. */
    public static ProcessBuilder sh(String script, String... args) {
        return new ProcessBuilder(concat(Stream.of("sh", "-c", script, "sh"), args));
    }

    /** Runs a main class in a JVM with the class path of these tests. Options are added at index 1 of the command. */
    public static ProcessBuilder jvm(Class<?> main, String... args) {
        return jvm(main.getName(), args);
    }

    /** Runs a main class, given by its name, in a JVM with the class path of these tests. */
    public static ProcessBuilder jvm(String main, String... args) {
        Stream<String> options = Stream.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classPath(), main);
        if (Runtime.version().feature() >= 24) { // else JNA makes the JVM print warnings
            options = Stream.concat(Stream.of("--enable-native-access=ALL-UNNAMED"), options);
        }
        return new ProcessBuilder(concat(Stream.concat(Stream.of(java()), options), args));
    }

    /** The launcher of the JDK that runs these tests. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    public static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /**
     * Skips the test where SIGINT is ignored, as in a background job of a shell: JVMs that are started here ignore it,
     * too.
     */
    public static void requireInterrupts() {
        try (Stream<String> status = Files.lines(Path.of("/proc/self/status"))) {
            boolean ignored = status.filter(line -> line.startsWith("SigIgn:"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .anyMatch(mask -> (Long.parseUnsignedLong(mask, 16) & 2) != 0);
            Assumptions.assumeFalse(ignored, "SIGINT is ignored by this process, and so by those that it starts");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Returns the first of the programs that is installed. If none is, skips the test, or fails it under
     * {@code AIOPIPE_CI}.
     */
    public static String requireProgram(String... names) {
        String[] directories = System.getenv("PATH").split(File.pathSeparator);
        for (String name : names) {
            if (Arrays.stream(directories).anyMatch(directory -> new File(directory, name).canExecute())) {
                return name;
            }
        }
        requireThat(false, "one of these programs: " + Arrays.toString(names));
        throw new AssertionError();
    }

    /** Skips the test unless the machine is as it needs it, or fails it under {@code AIOPIPE_CI}. */
    public static void requireThat(boolean condition, String what) {
        if (!condition && MUST_RUN_ALL) {
            Assertions.fail("not given: " + what);
        }
        Assumptions.assumeTrue(condition, () -> "not given: " + what);
    }

    private static List<String> concat(Stream<String> first, String[] args) {
        List<String> command = new ArrayList<>(first.toList());
        command.addAll(Arrays.asList(args));
        return command;
    }
}
