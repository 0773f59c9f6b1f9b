package dev.aiopipe.testkit;

import dev.aiopipe.AioPipe;
import dev.aiopipe.ChildEnd;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.engine.SharedSecrets;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves a descriptor, a thread of this library or a child process behind. Waits for what goes away
 * by itself, such as a killed child or a descriptor that the loop still has to close. Without {@code /proc} it does not
 * look at descriptors.
 */
public final class NothingLeft implements BeforeEachCallback, AfterEachCallback {
    private static final Set<String> LASTING_THREADS = Set.of("aiopipe-loop", "aiopipe-cleaner");

    private Set<String> before;

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        WarmUp.done();
        before = everything();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Await.until("nothing is left", this::left, Set::isEmpty);
    }

    private Set<String> left() {
        Set<String> now = everything();
        now.removeAll(before);
        return now;
    }

    private static Set<String> everything() {
        Set<String> found = new TreeSet<>();
        Descriptors.open().forEach((number, target) -> found.add("descriptor " + number + " " + target));
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

    /** Whether this is a thread of a pool that waits for work; it ends by itself. */
    private static boolean isIdle(StackTraceElement[] stack) {
        return Arrays.stream(stack).anyMatch(frame -> frame.getMethodName().equals("getTask"));
    }

    /** Opens what stays open: the shared loop, the selector that finds descriptors, what the JDK keeps. */
    private static final class WarmUp {
        static {
            try (AioPipe pipe = AioPipe.create();
                    AioPipe handed = AioPipe.create();
                    ChildEnd end = handed.tx().forChild()) {
                SharedSecrets secrets = SharedSecrets.get();
                secrets.open(pipe.rx(), PipeOptions.defaults()).join().close();
                secrets.open(pipe.tx(), PipeOptions.defaults()).join().close();
                if (Descriptors.areVisible()) {
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
