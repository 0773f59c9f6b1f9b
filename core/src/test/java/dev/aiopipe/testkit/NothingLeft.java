package dev.aiopipe.testkit;

import dev.aiopipe.AioPipe;
import dev.aiopipe.ChildEnd;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.SharedSecrets;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves a descriptor, a thread of this library or a child process behind. What goes away by itself (a child that
 * was killed, a number that the loop still has to give back) is waited for. Where there is no {@code /proc}, descriptors are not
 * looked at.
 */
public final class NothingLeft implements BeforeEachCallback, AfterEachCallback {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final File DESCRIPTORS = new File("/proc/self/fd");
    private static final Set<String> LASTING_THREADS = Set.of("aiopipe-loop", "aiopipe-cleaner");

    private Set<String> before;

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        WarmUp.done();
        before = everything();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        Set<String> left = left();
        while (!left.isEmpty()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("left behind: " + left);
            }
            LockSupport.parkNanos(100_000);
            left = left();
        }
    }

    private Set<String> left() {
        Set<String> now = everything();
        now.removeAll(before);
        return now;
    }

    private static Set<String> everything() {
        Set<String> found = new TreeSet<>();
        descriptors().forEach((number, target) -> found.add("descriptor " + number + " " + target));
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            if (thread.getName().startsWith("aiopipe")
                    && !LASTING_THREADS.contains(thread.getName())
                    && !isIdle(stack)) {
                found.add("thread " + thread.getName());
            }
        });
        ProcessHandle.current()
                .children()
                .filter(ProcessHandle::isAlive)
                .forEach(child -> found.add(
                        "child " + child.pid() + " " + child.info().command().orElse("")));
        return found;
    }

    /** A thread of a pool that waits for work: it ends when it has waited for long. */
    private static boolean isIdle(StackTraceElement[] stack) {
        return Arrays.stream(stack).anyMatch(frame -> frame.getMethodName().equals("getTask"));
    }

    /**
     * The descriptors of this process by their numbers, without those that the JVM opens when it pleases.
     *
     * @return what each is a descriptor of; empty if the platform does not tell
     */
    public static Map<Integer, String> descriptors() {
        Map<Integer, String> found = new TreeMap<>();
        String[] numbers = DESCRIPTORS.list();
        for (String number : numbers == null ? new String[0] : numbers) {
            try {
                String target = Files.readSymbolicLink(DESCRIPTORS.toPath().resolve(number))
                        .toString();
                if (!isTheJvms(target)) {
                    found.put(Integer.valueOf(number), target);
                }
            } catch (IOException e) {
                continue; // closed since it was listed, as the listing's own one is
            }
        }
        return found;
    }

    private static boolean isTheJvms(String target) {
        return target.endsWith(".jar")
                || target.endsWith("/modules")
                || target.endsWith("random")
                || target.startsWith("/tmp/ffi") // where JNA's library keeps the code that it makes
                || target.startsWith("/proc/");
    }

    /** What is opened once and stays: the shared loop, the selector that finds numbers, what the JDK keeps. */
    private static final class WarmUp {
        static {
            try (AioPipe pipe = AioPipe.create();
                    AioPipe handed = AioPipe.create();
                    ChildEnd end = handed.tx().forChild()) {
                SharedSecrets.get()
                        .open(pipe.rx(), PipeOptions.defaults())
                        .join()
                        .close();
                SharedSecrets.get()
                        .open(pipe.tx(), PipeOptions.defaults())
                        .join()
                        .close();
                if (DESCRIPTORS.isDirectory()) {
                    end.redirect();
                }
            } catch (IOException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        static void done() {
            // the work is in the initializer
        }
    }
}
