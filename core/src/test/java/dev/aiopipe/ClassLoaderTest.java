package dev.aiopipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.support.BlockingPool;
import dev.aiopipe.engine.support.Delays;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a container does with an application that brings this library, and what it does with one that only uses it. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
public class ClassLoaderTest {
    @Test
    @DisplayName("after its loop was closed nothing keeps the library's class loader")
    void library() throws Exception {
        assertCollected(run(new Child(Brings.class, "dev.aiopipe."), null));
    }

    @Test
    @DisplayName("nothing keeps the class loader of who needs the library's threads first")
    void firstUser() throws Exception {
        Loop loop = new Loop("aiopipe-test");
        try {
            assertCollected(run(new Child(Uses.class, Uses.class.getName()), loop));
        } finally {
            loop.close();
        }
    }

    @SuppressWarnings("unchecked")
    private static WeakReference<ClassLoader> run(Child loader, Object argument) throws Exception {
        CompletableFuture<Void> ran = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                Consumer<Object> program = (Consumer<Object>) Class.forName(loader.program, true, loader)
                        .getDeclaredConstructor()
                        .newInstance();
                assertTrue(program.getClass().getClassLoader() == loader);
                program.accept(argument);
                ran.complete(null);
            } catch (Throwable e) {
                ran.completeExceptionally(e);
            }
        });
        thread.setContextClassLoader(loader);
        thread.start();
        ran.get();
        thread.join();
        return new WeakReference<>(loader);
    }

    /** The library's idle threads end after five seconds. */
    private static void assertCollected(WeakReference<ClassLoader> loader) {
        Await.until("the class loader is collected", () -> {
            System.gc();
            return loader.get() == null;
        });
    }

    /** Loads some classes itself that its parent has, too. */
    private static final class Child extends URLClassLoader {
        private final String program;
        private final String own;

        Child(Class<?> program, String own) {
            super(urls(), ClassLoaderTest.class.getClassLoader());
            this.program = program.getName();
            this.own = own;
        }

        private static URL[] urls() {
            return Stream.of(ClassLoaderTest.class, Loop.class)
                    .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                    .toArray(URL[]::new);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded == null && name.startsWith(own)) {
                    loaded = findClass(name);
                }
                return loaded == null ? super.loadClass(name, resolve) : loaded;
            }
        }
    }

    /** A pipe and a loop of its own, all closed; and what starts further threads. */
    public static final class Brings implements Consumer<Object> {
        @Override
        public void accept(Object nothing) {
            try (PipeLoop loop = PipeLoop.create("aiopipe-own")) {
                PipeOptions options = PipeOptions.defaults().withLoop(loop);
                AioPipe pipe = AioPipe.create();
                Input input = pipe.rx().openInput(options).join();
                Output output = pipe.tx().openOutput(options).join();
                assertTrue(output.offer(Message.of(ByteBuffer.wrap(new byte[] {'x', '\n'}))));
                assertEquals("x", input.start(new ReadOps(StandardCharsets.UTF_8, 10).line()));
                AioPipe.create().close();
                output.close();
                input.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            CompletableFuture<Void> delayed = new CompletableFuture<>();
            Delays.run(() -> BlockingPool.EXECUTOR.execute(() -> delayed.complete(null)), 1_000);
            delayed.join();
        }
    }

    /** Starts the threads of a library that lives on. */
    public static final class Uses implements Consumer<Object> {
        @Override
        public void accept(Object loop) {
            CompletableFuture<Void> ran = new CompletableFuture<>();
            ((Loop) loop).execute(() -> ran.complete(null));
            ran.join();
            CompletableFuture<Void> delayed = new CompletableFuture<>();
            Delays.run(() -> BlockingPool.EXECUTOR.execute(() -> delayed.complete(null)), 1_000);
            delayed.join();
        }
    }
}
