package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.AioPipe;
import dev.aiopipe.FifoOption;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Children through futures. */
@ExtendWith(NothingLeft.class)
class AsyncProcessTest {
    private static AsyncProcess start(String... command) {
        return get(AsyncPipes.start(new ProcessBuilder(command)));
    }

    @Test
    @DisplayName("E18 stop leaves an output to a loop over its lines that is busy with one, and to a subscriber")
    void stopLeavesOutputToBusyLoop() {
        AsyncProcess child = get(AsyncPipes.start(new ProcessBuilder("sh", "-c", "echo 1; cat; echo 2; echo 3 >&2")));
        CompletableFuture<Void> busy = new CompletableFuture<>();
        CompletableFuture<Void> goOn = new CompletableFuture<>();
        List<String> lines = new CopyOnWriteArrayList<>();
        CompletableFuture<?> loop = child.stdout().forEachLine(line -> {
            lines.add(line);
            busy.complete(null);
            goOn.join();
        });
        Collecting<String> reported = new Collecting<>(9);
        child.stderr().lines().subscribe(reported);
        get(busy);

        assertEquals(0, get(child.stop()));

        goOn.complete(null);
        get(loop);
        assertEquals(List.of("1", "2"), lines);
        get(reported.done);
        assertEquals(List.of("3"), reported.received);
        child.close();
    }

    @Test
    @DisplayName("E18 stop that a loop over the lines waits for drains what that one does not read any more")
    void stopFromWithinLoop() {
        AsyncProcess child = get(
                AsyncPipes.start(new ProcessBuilder("sh", "-c", "echo ready; cat; head -c 1000000 /dev/zero; exit 7")));
        CompletableFuture<Integer> code = new CompletableFuture<>();

        failure(
                ClosedChannelException.class,
                child.stdout()
                        .forEachLineAsync(
                                line -> child.stop(Duration.ofHours(1)).thenAccept(code::complete)));

        assertEquals(7, get(code));
        child.close();
    }

    @Test
    @DisplayName("a child's lines, both outputs, and its exit")
    void linesAndExit() {
        try (AsyncProcess child = start("sh", "-c", "read x; echo out $x; echo err >&2; exit 3")) {
            get(child.stdin().writeLine("hello"));
            assertEquals("out hello", get(child.stdout().readLine()));
            assertNull(get(child.stdout().readLine()));
            assertEquals("err\n", get(child.stderr().readText()));
            assertEquals(3, get(child.onExit()));
        }
    }

    @Test
    @DisplayName("what is redirected: readers at their end, writes that fail")
    void redirected() {
        ProcessBuilder builder = new ProcessBuilder("true")
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectErrorStream(true);
        try (AsyncProcess child = get(AsyncPipes.start(builder))) {
            assertNull(get(child.stdout().readLine()));
            assertNull(get(child.stderr().readLine()));
            assertTrue(failure(IllegalStateException.class, child.stdin().write("x"))
                    .getMessage()
                    .startsWith("stdin is redirected: "));
            assertEquals(0, get(child.onExit()));
        }
    }

    @Test
    @DisplayName("E05 Map.of(3, tx) fits start, and the child writes to its descriptor 3")
    void passing() throws IOException {
        AioPipe pipe = AioPipe.create();
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", "echo three >&3");
        try (AsyncPipeReader three = get(AsyncPipes.open(pipe.rx()));
                AsyncProcess child = get(AsyncPipes.start(builder, Map.of(3, pipe.tx())))) {
            assertEquals("three", get(three.readLine()));
            assertNull(get(three.readLine()));
            assertEquals(0, get(child.onExit()));
            failure(IllegalStateException.class, AsyncPipes.open(pipe.tx()));
        }
    }

    @Test
    @DisplayName("E06 a missing program fails the future, naming it; wrong numbers, too; nothing is left")
    void missingProgram() throws IOException {
        for (int i = 0; i < 3; i++) {
            IOException missing = failure(IOException.class, AsyncPipes.start(new ProcessBuilder("/no/such/program")));
            assertTrue(missing.getMessage().contains("/no/such/program"), missing.getMessage());
        }
        try (AioPipe pipe = AioPipe.create()) {
            failure(
                    IllegalArgumentException.class,
                    AsyncPipes.start(new ProcessBuilder("true"), Map.of(10, pipe.tx())));
        }
    }

    @Test
    @DisplayName("W12 all that a child wrote arrives, though it has exited")
    void outputOfExitedChild() {
        try (AsyncProcess child =
                get(AsyncPipes.start(new ProcessBuilder("sh", "-c", "head -c 60000 /dev/zero; exit 3")))) {
            assertEquals(3, get(child.onExit()));
            assertEquals(60_000, get(child.stdout().readAll()).length);
        }
    }

    @Test
    @DisplayName("onReaderGone of a redirected stdin is refused, like its writes")
    void readerGoneOfRedirected() {
        ProcessBuilder builder = new ProcessBuilder("true").redirectInput(new java.io.File("/dev/null"));
        try (AsyncProcess child = get(AsyncPipes.start(builder))) {
            failure(IllegalStateException.class, child.stdin().onReaderGone());
            failure(IllegalStateException.class, child.stdin().writeLine("x"));
        }
    }

    @Test
    @DisplayName("a cancelled start leaves no child, whenever it is cancelled")
    void cancelledStart() {
        for (int i = 0; i < 20; i++) {
            CompletableFuture<AsyncProcess> starting = AsyncPipes.start(new ProcessBuilder("cat"));
            for (int spin = 0; spin < i * 20_000; spin++) {
                Thread.onSpinWait();
            }
            if (!starting.cancel(true)) {
                get(starting).close();
            }
        }
    }

    @Test
    @DisplayName("a cancelled open leaves nothing behind")
    void cancelledOpen(@TempDir Path directory) throws IOException {
        Path fifo = directory.resolve("fifo");
        CompletableFuture<AsyncPipeWriter> opening = AsyncPipes.open(WriteEnd.fifo(fifo, FifoOption.CREATE));

        assertTrue(opening.cancel(true));

        try (AsyncPipeReader reader = get(AsyncPipes.open(ReadEnd.fifo(fifo, FifoOption.CREATE)))) {
            CompletableFuture<String> line = reader.readLine();
            try (AsyncPipeWriter writer = get(AsyncPipes.open(WriteEnd.fifo(fifo)))) {
                get(writer.writeLine("hello"));
            }
            assertEquals("hello", get(line));
        }
    }

    @Test
    @DisplayName("E11 FIFOs that are made when they are opened, and stay open in both directions")
    void fifoOptions(@TempDir Path directory) {
        Path fifo = directory.resolve("fifo");
        FifoOption[] both = {FifoOption.CREATE, FifoOption.KEEP_OPEN};
        try (AsyncPipeWriter writer = get(AsyncPipes.open(WriteEnd.fifo(fifo, both)));
                AsyncPipeReader reader = get(AsyncPipes.open(ReadEnd.fifo(fifo, both)))) {
            get(writer.writeLine("hello"));
            assertEquals("hello", get(reader.readLine()));
            get(AsyncPipes.open(WriteEnd.fifo(fifo, FifoOption.CREATE))
                    .thenCompose(other -> other.writeLine("other").whenComplete((done, failure) -> other.close())));
            assertEquals("other", get(reader.readLine()));
        }
    }

    @Test
    @DisplayName("E18 stop: a child that exits at the end of its stdin gets no signal")
    void stopByEndOfInput() {
        AsyncProcess child = start("sh", "-c", "trap 'exit 9' TERM; cat; exit 4");
        assertEquals(4, get(child.stop()));
        failure(ClosedChannelException.class, child.stdout().readLine());
    }

    @Test
    @DisplayName("E18 stop: TERM behind the grace, KILL behind another one")
    void stopBySignals() {
        AsyncProcess polite = start("sleep", "1000");
        assertEquals(128 + 15, get(polite.stop(Duration.ZERO)));
        AsyncProcess stubborn = start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1000; done");
        assertEquals("ready", get(stubborn.stdout().readLine()));
        assertEquals(128 + 9, get(stubborn.stop(Duration.ofMillis(10), true)));
        assertThrows(IllegalArgumentException.class, () -> stubborn.stop(Duration.ofNanos(-1)));
    }

    @Test
    @DisplayName("stop drains what nobody reads, so that the child can end by itself")
    void stopDrains() {
        AsyncProcess child = start("sh", "-c", "cat; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 5");
        assertEquals(5, get(child.stop()));
    }

    @Test
    @DisplayName("stop ends a child that writes without end")
    void stopsFlood() {
        AsyncProcess child = start("sh", "-c", "trap '' PIPE; exec cat /dev/zero");
        assertEquals(143, get(child.stop(java.time.Duration.ofMillis(10))));
    }

    @Test
    @DisplayName("stop leaves an output to whoever reads it")
    void stopLeavesTheReader() {
        AsyncProcess child = start("sh", "-c", "cat; echo last");
        CompletableFuture<String> last = child.stdout().readLine();
        assertEquals(0, get(child.stop()));

        assertEquals("last", get(last));
        assertNull(get(child.stdout().readLine()));
        child.close();
    }

    @Test
    @DisplayName("E18 stop leaves an output to who comes back to it before anything of it was drained")
    void stopLeavesOutputToWhoComesBack() {
        AsyncProcess child =
                start("sh", "-c", "trap 'echo last; exit 8' TERM; echo ready; while :; do sleep 0.01; done");
        assertEquals("ready", get(child.stdout().readLine()));
        CompletableFuture<Integer> stop = child.stop(Duration.ofSeconds(2));

        CompletableFuture<String> last = child.stdout().readLine();

        assertEquals(8, get(stop));
        assertEquals("last", get(last));
        assertNull(get(child.stdout().readLine()));
        child.close();
    }

    @Test
    @DisplayName("E18 who comes back to an output when something of it was drained finds it closed")
    void noHoleInWhatIsRead() throws IOException {
        AsyncProcess child = start("sh", "-c", "echo ready; cat; head -c 1000000 /dev/zero; exit 7");
        assertEquals("ready", get(child.stdout().readLine()));
        assertEquals(7, get(child.stop(Duration.ofHours(1))));

        failure(ClosedChannelException.class, child.stdout().readLine());
        try (InputStream stream = child.stdout().asInputStream()) {
            assertThrows(ClosedChannelException.class, stream::read);
        }
        failure(ClosedChannelException.class, child.stderr().readLine()); // nobody was reading that
    }

    @Test
    @DisplayName("stop works though the user's executor is shut down by now")
    void stopWithoutExecutor() {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        AsyncProcess child =
                get(AsyncPipes.start(new ProcessBuilder("cat"), Map.of(), PipeOptions.defaults(), executor));
        executor.shutdown();
        assertEquals(0, get(child.stop()));
    }

    @Test
    @DisplayName("a cancelled stop leaves the child to close")
    void cancelledStop() {
        AsyncProcess child = start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done");
        assertEquals("ready", get(child.stdout().readLine()));
        CompletableFuture<Integer> stop = child.stop(Duration.ofDays(1));

        assertTrue(stop.cancel(true));
        assertTrue(child.process().isAlive());
        CompletableFuture<Integer> exit = child.onExit();
        assertFalse(exit.isDone());
        child.close();
        child.close();
        assertEquals(128 + 9, get(exit));
    }

    @Test
    @DisplayName("to cancel onExit changes nothing for the child")
    void cancelledExit() {
        try (AsyncProcess child = start("cat")) {
            assertTrue(child.onExit().cancel(true));
            get(child.stdin().writeLine("alive"));
            assertEquals("alive", get(child.stdout().readLine()));
        }
        Await.until(
                "no child is left",
                () -> ProcessHandle.current().children().findAny().isEmpty());
    }
}
