package dev.aiopipe.engine.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.support.Threads;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The children that end with this JVM: at its orderly exit, which SIGTERM and SIGINT to it are, too. A shutdown hook
 * closes their stdin and sends the stop signal, waits a second for all of them, and kills those that are left.
 *
 * <p>The hook is installed while there are such children only, so it does not keep a class loader.
 */
final class StopAtExit {
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    @GuardedBy("itself")
    private static final Set<Child> CHILDREN = new HashSet<>();

    @GuardedBy("CHILDREN")
    private static @Nullable Thread hook;

    @GuardedBy("CHILDREN")
    private static boolean exiting;

    private StopAtExit() {}

    /** From now on the child ends with the JVM, until it exits or is {@linkplain #remove removed}. */
    static void add(Child child) {
        synchronized (CHILDREN) {
            boolean tooLate = exiting;
            if (!tooLate) {
                CHILDREN.add(child);
            }
            if (!tooLate && hook == null) {
                Thread next = Threads.daemon(StopAtExit::stopAll, "aiopipe-exit");
                try {
                    Runtime.getRuntime().addShutdownHook(next);
                    hook = next;
                } catch (IllegalStateException e) { // the exit has begun
                    CHILDREN.remove(child);
                    tooLate = true;
                }
            }
            if (tooLate) {
                child.signals().kill();
                return;
            }
        }
        child.exitInTime().whenComplete((code, failure) -> remove(child));
    }

    static void remove(Child child) {
        synchronized (CHILDREN) {
            CHILDREN.remove(child);
            if (hook != null && CHILDREN.isEmpty()) {
                try {
                    Runtime.getRuntime().removeShutdownHook(hook);
                    hook = null;
                } catch (IllegalStateException e) {
                    return; // it runs
                }
            }
        }
    }

    private static void stopAll() {
        List<Child> children;
        synchronized (CHILDREN) {
            exiting = true; // a child that is added from now on is killed at once
            children = List.copyOf(CHILDREN);
        }
        for (Child child : children) {
            try {
                child.stdin().close();
                child.signals().stop();
            } catch (IOException | RuntimeException e) {
                child.signals().kill();
            }
        }
        awaitAll(children);
        children.forEach(child -> child.signals().kill());
    }

    private static void awaitAll(List<Child> children) {
        CompletableFuture<?>[] exits = children.stream().map(Child::exit).toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.allOf(exits).get(GRACE_NANOS, TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return; // those that are left are killed
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
