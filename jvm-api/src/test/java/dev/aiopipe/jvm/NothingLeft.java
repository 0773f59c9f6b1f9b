package dev.aiopipe.jvm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that leaves a descriptor, a thread or a child behind. */
final class NothingLeft implements BeforeEachCallback, AfterEachCallback {
    private static final Pattern LASTING_THREAD = Pattern.compile("aiopipe-(loop|cleaner|timer|blocking-.*)");

    static {
        try (Link first = Link.Kind.PIPE.open()) {
            first.writer().owed(); // what the JDK opens once, and keeps, is open from here on
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Set<String> before = Set.of();

    @Override
    public void beforeEach(ExtensionContext context) {
        before = everything();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Await.until(() -> left().isEmpty(), () -> "left behind: " + left());
    }

    private Set<String> left() {
        Set<String> left = everything();
        left.removeAll(before);
        return left;
    }

    private static Set<String> everything() {
        Set<String> found = new HashSet<>();
        found.addAll(descriptors());
        found.addAll(names(() -> Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("aiopipe")
                        && !LASTING_THREAD.matcher(name).matches())));
        found.addAll(names(() -> ProcessHandle.current().children().map(child -> "child " + child.pid())));
        return found;
    }

    /** Of pipes and sockets: what the JVM opens for itself are files. */
    private static Set<String> descriptors() {
        try (Stream<Path> numbers = Files.list(Path.of("/proc/self/fd"))) {
            return numbers.map(NothingLeft::target)
                    .filter(target -> target.startsWith("pipe:") || target.startsWith("socket:"))
                    .collect(Collectors.toSet());
        } catch (NoSuchFileException e) {
            return Set.of(); // no Linux
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path number) {
        try {
            return Files.readSymbolicLink(number).toString();
        } catch (IOException e) {
            return "closed since it was listed";
        }
    }

    private static Set<String> names(Supplier<Stream<String>> source) {
        return source.get().collect(Collectors.toSet());
    }

    /** Waits for a state, not for a time. */
    static final class Await {
        private static final Duration LIMIT = Duration.ofSeconds(20);

        private Await() {}

        static void until(Supplier<Boolean> state, Supplier<String> complaint) {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (!state.get()) {
                if (System.nanoTime() - deadline > 0) {
                    throw new AssertionError(complaint.get());
                }
                Thread.yield();
            }
        }
    }
}
