package dev.aiopipe.engine.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.testkit.NothingLeft;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The engine's threads inherit nothing from who needs them first. */
@ExtendWith(NothingLeft.class)
class ThreadsTest {
    private static final InheritableThreadLocal<String> LOCAL = new InheritableThreadLocal<>();

    private final ClassLoader before = Thread.currentThread().getContextClassLoader();

    @BeforeEach
    void setAll() {
        LOCAL.set("the first user's");
        Thread.currentThread().setContextClassLoader(new URLClassLoader(new URL[0]));
    }

    @AfterEach
    void reset() {
        LOCAL.remove();
        Thread.currentThread().setContextClassLoader(before);
    }

    @Test
    @DisplayName("the loop's thread")
    void loop() throws Exception {
        Loop loop = new Loop("aiopipe-test");
        assertInheritsNothing(loop::execute);
        loop.close();
    }

    @Test
    @DisplayName("the timer, and what it starts")
    void delays() throws Exception {
        assertInheritsNothing(task -> Delays.run(task, 1_000));
        assertInheritsNothing(task -> Delays.block(task, 1));
    }

    @Test
    @DisplayName("the blocking threads: more at a time than there can be idle ones")
    void blocking() throws Exception {
        int count = 100;
        CompletableFuture<Void> all = new CompletableFuture<>();
        List<CompletableFuture<String>> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            CompletableFuture<String> name = new CompletableFuture<>();
            names.add(name);
            assertInheritsNothing(task -> BlockingPool.EXECUTOR.execute(() -> {
                task.run();
                name.complete(Thread.currentThread().getName());
                all.join();
            }));
        }
        for (CompletableFuture<String> name : names) {
            name.get();
        }
        all.complete(null);
        assertEquals(
                count, names.stream().map(CompletableFuture::join).distinct().count());
    }

    @Test
    @DisplayName("the hook for the JVM's exit, which lives as long as its loop")
    void daemon() throws Exception {
        assertInheritsNothing(task -> Threads.daemon(task, "aiopipe-test").start());
    }

    private static void assertInheritsNothing(Consumer<Runnable> executor) throws Exception {
        CompletableFuture<String> local = new CompletableFuture<>();
        CompletableFuture<ClassLoader> context = new CompletableFuture<>();
        executor.accept(() -> {
            local.complete(LOCAL.get());
            context.complete(Thread.currentThread().getContextClassLoader());
        });
        assertNull(local.get());
        assertNull(context.get());
    }
}
