package dev.aiopipe.engine.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.write.Output;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The steps over a process that does what the test wants. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StopSequenceTest {
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();
    private static final Duration NEVER = Duration.ofHours(1);

    private final List<String> events = new CopyOnWriteArrayList<>();
    private final ScriptedProcess process = new ScriptedProcess();
    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input stdout = new Input(source, readiness);
    private final Child child = new Child(
            java.util.List.of("script"),
            process,
            ChildSettings.DEFAULTS,
            Output.refusing("none"),
            stdout,
            Input.atEnd("stderr of script", "redirected"));

    @AfterEach
    void exit() {
        process.exit(0);
        child.close();
    }

    private CompletableFuture<Integer> stop(Duration stdinGrace, Duration grace) {
        return StopSequence.begin(child, stdinGrace, grace, false, null, false);
    }

    @Test
    @DisplayName("a child that can't be signalled: stop returns, names it, and leaves nothing open")
    void livesOn() throws IOException {
        assertSame(ReadOp.MORE, stdout.start(LINE));
        CountDownLatch woken = new CountDownLatch(1);
        Readiness.Waiter reader = woken::countDown;
        assertTrue(stdout.await(reader));

        CompletionException failure = assertThrows(CompletionException.class, stop(Duration.ZERO, Duration.ZERO)::join);

        assertInstanceOf(IOException.class, failure.getCause());
        assertEquals(
                "script, pid 42, has not ended after KILL", failure.getCause().getMessage());
        assertEquals(List.of("TERM", "KILL"), events);
        assertThrows(AsynchronousCloseException.class, () -> stdout.proceed(reader, LINE));
        assertEquals(0, woken.getCount());
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("an exit during any step is the end, and no step follows")
    void exits() {
        CompletableFuture<Integer> stop = stop(NEVER, NEVER);
        process.exit(7);
        assertEquals(7, stop.join());
        assertEquals(List.of(), events);
        assertEquals(1, source.closes);
    }

    @Test
    @DisplayName("with no grace after stdin's end the signal comes at once")
    void signalAtOnce() {
        process.onTerm = () -> process.exit(143);
        assertEquals(143, stop(Duration.ZERO, NEVER).join());
        assertEquals(List.of("TERM"), events);
    }

    @Test
    @DisplayName("E18 a cancelled stop takes no further step, and leaves an output of which nothing was dropped open")
    void cancelled() throws IOException {
        CompletableFuture<Integer> stop = stop(NEVER, NEVER);
        assertTrue(stop.cancel(false));
        source.thenBytes("line\n");
        readiness.announce();
        assertEquals("line", line());
        assertEquals(0, source.closes);
    }

    @Test
    @DisplayName("E18 a cancelled stop leaves an output to a stop that goes on, the last one leaves it to readers")
    void cancelledBesideAnother() throws IOException {
        CompletableFuture<Integer> first = stop(NEVER, NEVER);
        CompletableFuture<Integer> second = stop(NEVER, NEVER);
        CompletableFuture<Integer> third = stop(NEVER, NEVER);
        assertTrue(third.cancel(false));
        assertTrue(first.cancel(false));
        assertEquals("being drained", stdout.state());
        assertTrue(second.cancel(false));
        source.thenBytes("line\n");
        assertEquals("line", line());
        assertEquals(0, source.closes);
    }

    private String line() throws IOException {
        Object value = stdout.start(LINE);
        return value == ReadOp.MORE ? "MORE" : (String) value;
    }

    @Test
    @DisplayName("E18 what has a hole is closed to readers, but drained on: the child lives, and keeps its reader")
    void cancelledWithAHole() {
        CountDownLatch dropped = new CountDownLatch(2);
        source.then(target -> {
            target.put((byte) 'x');
            dropped.countDown();
            return 1;
        });
        CompletableFuture<Integer> stop = stop(NEVER, NEVER);
        Await.until("a byte was dropped", () -> dropped.getCount() == 1);
        assertTrue(stop.cancel(false));
        assertThrows(ClosedChannelException.class, this::line);
        assertEquals(0, source.closes);
        source.then(target -> {
            target.put((byte) 'y');
            dropped.countDown();
            return 1;
        });
        readiness.announce();
        await(dropped);

        CompletableFuture<Integer> again = stop(NEVER, NEVER);
        process.exit(0);
        assertEquals(0, again.join());
        assertEquals(1, source.closes);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName("a stop that is cancelled again and again leaves nothing behind")
    void cancelledAgainAndAgain() throws ReflectiveOperationException {
        for (int i = 0; i < 100; i++) {
            stop(NEVER, NEVER).cancel(false);
        }
        assertEquals(0, ((List<?>) field(child, "drains")).size());
        Object copies = field(field(child, "exit"), "copies");
        assertEquals(0, ((java.util.Set<?>) field(copies, "waiting")).size());
    }

    private static Object field(Object owner, String name) throws ReflectiveOperationException {
        var field = owner.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(owner);
    }

    @Test
    @DisplayName("close: the readers are closed before the child is killed, so that a waiting read makes up no line")
    void closesReadersFirst() throws IOException {
        source.thenBytes("hal").thenNothing();
        assertSame(ReadOp.MORE, stdout.start(LINE));
        Readiness.Waiter reader = () -> events.add("woken");
        assertTrue(stdout.await(reader));
        process.onKill = () -> {
            source.thenEnd(); // as the kernel does
            readiness.announce();
            process.exit(137);
        };
        child.close();
        assertEquals(List.of("woken", "KILL"), events);
        assertThrows(AsynchronousCloseException.class, () -> stdout.proceed(reader, LINE));
    }

    @Test
    @DisplayName("negative graces are refused, and nothing is begun")
    void negative() {
        assertThrows(IllegalArgumentException.class, () -> stop(Duration.ofNanos(-1), NEVER));
        assertThrows(IllegalArgumentException.class, () -> stop(NEVER, Duration.ofNanos(-1)));
        assertFalse(stdout.hasBusyReader(null));
        assertEquals(0, source.closes);
    }

    /** Lives until it is told to exit. */
    private final class ScriptedProcess extends Process {
        private final CompletableFuture<Process> exited = new CompletableFuture<>();
        private volatile int code = -1;
        private Runnable onTerm = () -> {};
        private Runnable onKill = () -> {};

        void exit(int withCode) {
            code = withCode;
            exited.complete(this);
        }

        @Override
        public ProcessHandle toHandle() {
            return (ProcessHandle) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {ProcessHandle.class}, (proxy, method, arguments) -> {
                        boolean kill = method.getName().equals("destroyForcibly");
                        events.add(kill ? "KILL" : "TERM");
                        (kill ? onKill : onTerm).run();
                        return true;
                    });
        }

        @Override
        public boolean isAlive() {
            return code < 0;
        }

        @Override
        public int exitValue() {
            return code;
        }

        @Override
        public CompletableFuture<Process> onExit() {
            return exited;
        }

        @Override
        public long pid() {
            return 42;
        }

        @Override
        public Stream<ProcessHandle> descendants() {
            return Stream.of();
        }

        @Override
        public OutputStream getOutputStream() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public InputStream getInputStream() {
            return InputStream.nullInputStream();
        }

        @Override
        public InputStream getErrorStream() {
            return InputStream.nullInputStream();
        }

        @Override
        public int waitFor() {
            return exited.join().exitValue();
        }

        @Override
        public void destroy() {
            throw new AssertionError("closes the JDK's streams");
        }
    }
}
