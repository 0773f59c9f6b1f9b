package dev.aiopipe.benchmarks;

import dev.aiopipe.jvm.AsyncPipes;
import dev.aiopipe.jvm.AsyncProcess;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Whether virtual threads that wait for silent children leave the scheduler to others. JDK 21 and later.
 *
 * <p>{@code java -cp benchmarks.jar dev.aiopipe.benchmarks.VirtualThreads COUNT}
 */
public final class VirtualThreads {
    private static final int PATIENCE_SECONDS = 5;

    private VirtualThreads() {}

    /**
     * Tries both, and prints.
     *
     * @param arguments how many virtual threads, each with a child of its own
     */
    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[0]);
        ours(count);
        theirs(count); // its threads stay blocked until their children are gone
    }

    private static void ours(int count) throws Exception {
        List<AsyncProcess> children = new ArrayList<>();
        List<InputStream> streams = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            AsyncProcess child = AsyncPipes.start(new ProcessBuilder("cat")).join();
            children.add(child);
            streams.add(child.stdout().asInputStream());
        }
        print("AsyncPipeReader.asInputStream()", streams);
        children.forEach(AsyncProcess::close);
    }

    private static void theirs(int count) throws Exception {
        List<Process> children = new ArrayList<>();
        List<InputStream> streams = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Process child = new ProcessBuilder("cat").start();
            children.add(child);
            streams.add(child.getInputStream());
        }
        print("Process.getInputStream()", streams);
        children.forEach(Process::destroyForcibly);
    }

    private static void print(String what, List<InputStream> streams) throws Exception {
        ExecutorService threads = virtualThreads();
        for (InputStream stream : streams) {
            threads.execute(() -> {
                try {
                    stream.read();
                } catch (IOException e) {
                    Thread.currentThread().interrupt(); // closed at the end of the try
                }
            });
        }
        Future<?> other = threads.submit(() -> {});
        String outcome;
        try {
            other.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            outcome = "another one runs";
        } catch (TimeoutException e) {
            outcome = "another one did not run in " + PATIENCE_SECONDS + " s";
        }
        System.out.printf("%d virtual threads blocked in %s: %s%n", streams.size(), what, outcome);
    }

    /** By reflection: this is compiled for JDK 17. */
    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        return (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }
}
