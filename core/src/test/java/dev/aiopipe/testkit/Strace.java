package dev.aiopipe.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Counts the system calls of another process, by strace(1). */
public final class Strace implements AutoCloseable {
    private static final int CALLS_COLUMN = 3; // % time, seconds, usecs/call, calls, errors or nothing, syscall

    private final Process tracer;
    private final Path summary;

    private Strace(Process tracer, Path summary) {
        this.tracer = tracer;
        this.summary = summary;
    }

    /**
     * Attaches to all threads of a process, and returns when it has. Skips the test where there is no strace, or none
     * that may attach; or fails it under {@code AIOPIPE_CI}.
     */
    public static Strace attach(long pid) throws IOException {
        String strace = Programs.requireProgram("strace");
        Path summary = Files.createTempFile("strace", ".txt");
        Process tracer = new ProcessBuilder(strace, "-f", "-c", "-o", summary.toString(), "-p", Long.toString(pid))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Strace attached = new Strace(tracer, summary);
        Await.until("strace has attached, or may not", () -> !tracer.isAlive() || isTraced(pid));
        if (!tracer.isAlive()) {
            Files.delete(summary);
        }
        Programs.requireThat(tracer.isAlive(), "a strace that may attach to a process of the same user");
        return attached;
    }

    private static boolean isTraced(long pid) {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
            return threads.noneMatch(thread -> status(thread).contains("TracerPid:\t0"));
        } catch (IOException e) {
            throw new AssertionError("the traced process has ended", e);
        }
    }

    private static List<String> status(Path thread) {
        try {
            return Files.readAllLines(thread.resolve("status"));
        } catch (IOException e) {
            return List.of(); // the thread has ended
        }
    }

    /** Detaches, and returns how often each system call was called. */
    public Map<String, Long> stop() throws IOException, InterruptedException {
        tracer.destroy(); // strace detaches at SIGTERM, and writes its summary
        tracer.waitFor();
        Map<String, Long> calls = new TreeMap<>();
        for (String line : Files.readAllLines(summary)) {
            String[] columns = line.trim().split(" +");
            String name = columns[columns.length - 1];
            if (columns.length > CALLS_COLUMN && columns[0].matches("[0-9.]+") && !name.equals("total")) {
                calls.put(name, Long.valueOf(columns[CALLS_COLUMN]));
            }
        }
        return calls;
    }

    @Override
    public void close() throws IOException {
        tracer.destroy();
        Files.deleteIfExists(summary);
    }
}
