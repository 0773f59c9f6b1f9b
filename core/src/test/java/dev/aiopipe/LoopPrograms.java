package dev.aiopipe;

import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.testkit.Garbage;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/** Programs that use loops in a JVM of their own. Plain Java: with few descriptors no other library could be loaded. */
public final class LoopPrograms {
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();

    private LoopPrograms() {}

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "first use" -> firstUse();
            case "pipes before the first wait" -> pipesFirst();
            case "dead shared loop" -> deadSharedLoop();
            case "lost" -> lost();
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    /** Uses the JDK's channels for the first time with 0, 1, 2 … descriptors left. */
    private static void firstUse() throws Exception {
        loadClasses();
        int left = 0;
        int refused = 0;
        while (true) {
            List<Closeable> fillers = exhaust();
            for (int i = 0; i < left; i++) {
                fillers.remove(fillers.size() - 1).close();
            }
            left++;
            try {
                talk(PipeLoop.shared());
                break;
            } catch (IOException e) {
                refused++;
            } finally {
                for (Closeable filler : fillers) {
                    filler.close();
                }
            }
        }
        talk(PipeLoop.shared());
        Pipe.open().sink().close();
        System.out.println(refused > 5 && refused < 40 ? "refused, then works" : "refused " + refused);
    }

    /** Makes pipes up to the limit before the loop is used. */
    private static void pipesFirst() throws Exception {
        loadClasses();
        List<AioPipe> pipes = new ArrayList<>();
        try {
            while (true) {
                pipes.add(AioPipe.create());
            }
        } catch (IOException e) {
            System.out.println("no more pipes");
        }
        pipes.remove(pipes.size() - 1).close(); // enough for a selector, and for nothing else
        waitOnce(pipes);
        System.out.println("waits");
        pipes.forEach(AioPipe::close);
        talk(PipeLoop.shared());
        System.out.println("works");
    }

    /** The read of a pipe that is there already, and of a line that is not. */
    private static void waitOnce(List<AioPipe> pipes) throws Exception {
        PipeOptions options = PipeOptions.defaults();
        try (AioPipe pipe = pipes.remove(0)) {
            Input input = pipe.rx().openInput(options).join();
            Output output = pipe.tx().openOutput(options).join();
            exchange(input, output);
        } catch (CompletionException e) {
            throw e.getCause() instanceof IOException cause ? cause : e;
        }
    }

    /** Gives the selector of the shared loop a key that is not the loop's, which can't happen. */
    private static void deadSharedLoop() throws Exception {
        PipeLoop shared = PipeLoop.shared();
        talk(shared);
        Loop engine = shared.engine;
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        engine.execute(() -> thread.complete(Thread.currentThread()));
        thread.get().setUncaughtExceptionHandler((ignored, failure) -> {});
        Pipe stranger = Pipe.open();
        stranger.source().configureBlocking(false);
        stranger.sink().write(ByteBuffer.allocate(1));
        Object selector = field(engine, "selector");
        stranger.source().register((Selector) field(selector, "selector"), SelectionKey.OP_READ, "a stranger");
        engine.execute(() -> {});
        thread.get().join();
        System.out.println(engine.hasEnded() ? "died" : "lives");
        talk(shared);
        System.out.println(PipeLoop.shared() == shared ? "works" : "another one");
    }

    /** Loses a reader, and returns when the warning has been printed. */
    private static void lost() throws Exception {
        loseReader();
        Garbage.collect();
    }

    private static void loseReader() throws Exception {
        AioPipe pipe = AioPipe.create();
        pipe.tx().close();
        pipe.rx().openInput(PipeOptions.defaults()).join();
    }

    private static Object field(Object owner, String name) throws ReflectiveOperationException {
        java.lang.reflect.Field field = owner.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(owner);
    }

    /** A line that is waited for, through a new pipe. */
    private static void talk(PipeLoop loop) throws Exception {
        PipeOptions options = PipeOptions.defaults().withLoop(loop);
        try (AioPipe pipe = AioPipe.create()) {
            Input input = pipe.rx().openInput(options).join();
            exchange(input, pipe.tx().openOutput(options).join());
        } catch (CompletionException e) {
            throw e.getCause() instanceof IOException cause ? cause : e;
        }
    }

    private static void exchange(Input input, Output output) throws Exception {
        CompletableFuture<Void> woken = new CompletableFuture<>();
        Readiness.Waiter waiter = () -> woken.complete(null);
        check(input.start(LINE) == ReadOp.MORE && input.await(waiter));
        check(output.offer(Message.of(ByteBuffer.wrap(new byte[] {'x', '\n'}))));
        woken.get();
        check("x".equals(input.proceed(waiter, LINE)));
        input.close();
        output.abort();
    }

    private static void check(boolean held) {
        if (!held) {
            throw new AssertionError();
        }
    }

    private static List<Closeable> exhaust() {
        List<Closeable> fillers = new ArrayList<>();
        try {
            while (true) {
                fillers.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException e) {
            return fillers;
        }
    }

    /** Whose files could not be opened later. None is initialized. */
    private static void loadClasses() throws Exception {
        for (Class<?> type : List.of(PipeLoop.class, LoopPrograms.class)) {
            Path root = Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
            try (Stream<Path> files = Files.walk(root.resolve("dev/aiopipe"))) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    String name = root.relativize(file).toString();
                    boolean program = name.contains("LoopPrograms") || type == PipeLoop.class;
                    if (program && name.endsWith(".class") && !name.contains("Kt")) {
                        load(name.substring(0, name.length() - 6).replace('/', '.'));
                    }
                }
            }
        }
    }

    private static void load(String name) throws ClassNotFoundException {
        try {
            Class.forName(name, false, LoopPrograms.class.getClassLoader());
        } catch (NoClassDefFoundError e) {
            return; // one that needs Kotlin or JNA, and is not used
        }
    }
}
