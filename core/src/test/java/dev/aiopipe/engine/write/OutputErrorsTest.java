package dev.aiopipe.engine.write;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Errors that are no IOExceptions: of the sink, of a copy, of a listener. None of them leaves a writer waiting. */
class OutputErrorsTest {
    private final ScriptedSink sink = new ScriptedSink();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Output output = new Output(sink, readiness, ReaderWatch.none(), "the sink");
    private final List<String> told = new ArrayList<>();
    private final Error error = new OutOfMemoryError("unable to create native thread");

    @AfterEach
    void close() {
        output.abort();
    }

    @Test
    @DisplayName("an error before a byte was sent fails the write that it strikes, and the others go on")
    void errorOfAnUnbegunMessage() throws Exception {
        sink.interruption = this::fail;
        assertSame(error, assertThrows(OutOfMemoryError.class, () -> output.offer(message("first "))));
        sink.room = 100;
        assertTrue(output.offer(message("second ")));
        sink.room = 0;
        Message third = offered("third ");
        Message fourth = offered("fourth");
        sink.interruption = this::fail;
        give(100);
        assertEquals(List.of("third : " + error, "fourth: null"), told);
        assertSame(error, third.failure());
        assertNull(fourth.failure());
        output.close();
        output.closed().get();
        assertEquals("second fourth", sink.written());
    }

    @Test
    @DisplayName("an exception of the caller's own, such as that of a confined buffer, fails its write only")
    void runtimeException() throws IOException {
        RuntimeException confined = new IllegalStateException("confined to another thread");
        sink.interruption = () -> {
            throw confined;
        };
        assertSame(confined, assertThrows(IllegalStateException.class, () -> output.offer(message("first"))));
        sink.room = 100;
        assertTrue(output.offer(message("second")));
    }

    @Test
    @Timeout(60)
    @DisplayName(
            "a write that has too little stack fails before the channel has begun, whose lock it would leave taken")
    void littleStack() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process program = new ProcessBuilder(
                        java,
                        "-Xint", // compiled frames have other sizes, at other times
                        "-cp",
                        System.getProperty("java.class.path"),
                        DeepWrites.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals("struck: false, idle: true, another: true", output.trim());
    }

    @Test
    @DisplayName("an error after a part was sent aborts the stream, and each write fails")
    void errorOfABegunMessage() throws IOException {
        sink.room = 2;
        Message first = offered("first ");
        Message second = offered("second");
        sink.interruption = this::fail;
        give(100);
        assertSame(error, first.failure());
        assertTrue(second.failure() instanceof AsynchronousCloseException, String.valueOf(second.failure()));
        assertSame(error, second.failure().getCause());
        assertEquals(2, told.size());
        assertEquals("fi", sink.written());
        assertEquals(1, sink.closes);
        Throwable late = assertThrows(ClosedChannelException.class, () -> output.offer(message("third")));
        assertSame(error, late.getCause());
        Throwable ended =
                assertThrows(ExecutionException.class, () -> output.closed().get());
        assertSame(error, ended.getCause().getCause());
    }

    @Test
    @DisplayName("an error after a part was sent on the caller's own thread aborts the stream")
    void errorWithinOneOffer() {
        sink.room = Integer.MAX_VALUE;
        sink.sliceSize = 4;
        sink.interruption = () -> sink.interruption = this::fail; // of the second slice
        assertSame(error, assertThrows(OutOfMemoryError.class, () -> output.offer(message("first part"))));
        assertEquals("firs", sink.written());
        assertEquals(1, sink.closes);
        assertThrows(ExecutionException.class, () -> output.closed().get());
    }

    @Test
    @DisplayName("an error of what is owed aborts the stream, and shows in closed()")
    void errorOfWhatIsOwed() throws IOException {
        sink.room = 2;
        output.cancel(offered("first"));
        output.close();
        sink.interruption = this::fail;
        give(100);
        assertEquals(1, sink.closes);
        Throwable ended =
                assertThrows(ExecutionException.class, () -> output.closed().get());
        assertSame(error, ended.getCause().getCause());
    }

    @Test
    @DisplayName("an error while a wait begins fails that write, and the next one waits")
    void errorOfTheWait() throws IOException {
        Armed armed = new Armed();
        Readiness failing = new Readiness(armed);
        Output other = new Output(sink, failing, ReaderWatch.none(), "the sink");
        armed.failure = error;
        assertSame(error, assertThrows(OutOfMemoryError.class, () -> other.offer(message("first"))));
        armed.failure = null;
        armed.nudgeFailure = error;
        assertSame(error, assertThrows(OutOfMemoryError.class, () -> other.offer(message("second"))));
        armed.nudgeFailure = null;
        Message third = message("third");
        assertFalse(other.offer(third));
        sink.room = 100;
        failing.signal().wake();
        assertTrue(third.isDone());
        other.abort();
    }

    @Test
    @DisplayName("a cancelled write that can't be copied aborts the stream; its buffer is not read any more")
    void cancelWithoutMemoryForTheCopy(@TempDir Path directory) throws IOException {
        sink.room = 2;
        ByteBuffer huge = hole(directory.resolve("hole"), 1 << 30); // three of them are more than an array can hold
        Message message = Message.of(huge, huge.duplicate(), huge.duplicate());
        assertFalse(output.offer(message));
        output.await(message, failure -> told.add("huge"));
        Message second = offered("second");
        output.cancel(message);
        assertEquals(List.of("huge", "second: " + second.failure()), told);
        assertTrue(second.failure() instanceof AsynchronousCloseException);
        assertEquals(1, sink.closes);
        assertEquals(2, sink.written().length());
        assertEquals(0, output.owed());
        Throwable ended =
                assertThrows(ExecutionException.class, () -> output.closed().get());
        assertTrue(ended.getCause().getCause() instanceof OutOfMemoryError, String.valueOf(ended.getCause()));
    }

    @Test
    @DisplayName(
            "a cancelled write is over though the sink that it held open can't be closed; closed() has the failure")
    void cancelWhereTheSinkCantBeClosed() throws IOException {
        IOException failure = new IOException("no space left");
        ByteSink failing = new ByteSink() {
            @Override
            public int write(ByteBuffer source) {
                return 0;
            }

            @Override
            public void close() throws IOException {
                throw failure;
            }
        };
        Output other = new Output(failing, new Readiness(Readiness.OWN_SIGNALS), ReaderWatch.none(), "the sink");
        Message only = message("only");
        assertFalse(other.offer(only));
        other.close();
        other.cancel(only);
        assertSame(
                failure,
                assertThrows(ExecutionException.class, () -> other.closed().get())
                        .getCause());
    }

    @Test
    @DisplayName("a listener that throws after a send keeps no other from being called, and no write waiting")
    void listenerThatThrows() throws IOException {
        List<Throwable> reported = reportedBy(() -> {
            failingListener("first ");
            offered("second ");
            output.close();
            give(100);
        });
        assertEquals(List.of(error), reported);
        assertEquals(List.of("second : null"), told);
        assertEquals(1, sink.closes);
    }

    @Test
    @DisplayName("a listener that throws in an abort keeps no other from being called, and abort() does not throw")
    void listenerThatThrowsInAnAbort() throws IOException {
        List<Throwable> reported = reportedBy(() -> {
            failingListener("first");
            Message second = offered("second");
            output.abort();
            assertEquals(List.of("second: " + second.failure()), told);
        });
        assertEquals(List.of(error), reported);
        assertEquals(1, sink.closes);
    }

    @Test
    @DisplayName("exceptions name the stream, and what closed it; toString has its state")
    void whatClosedIt() throws IOException {
        assertEquals("the sink, open", output.toString());
        sink.room = 2;
        output.cancel(offered("first"));
        assertEquals("the sink, open, owes 3 bytes", output.toString());
        Message second = offered("second");
        output.close();
        assertEquals("the sink, closed, owes 3 bytes", output.toString());
        Throwable late = assertThrows(ClosedChannelException.class, () -> output.offer(message("third")));
        assertEquals("the sink was closed here", late.getMessage());
        assertEquals("java.nio.channels.ClosedChannelException: " + late.getMessage(), late.toString());
        output.abort();
        assertEquals(
                "the sink was aborted here while a write waited",
                second.failure().getMessage());
        assertEquals("the sink, closed", output.toString());
    }

    @Test
    @DisplayName("a broken pipe says what is known of its reader")
    void brokenPipeIsExplained() {
        sink.failure = new IOException("Broken pipe");
        Throwable plain = assertThrows(BrokenPipeException.class, () -> output.offer(message("x")));
        assertEquals("nobody reads the sink", plain.getMessage());
        assertSame(sink.failure, plain.getCause());
        output.explain(() -> "cat has exited with code 3");
        Throwable broken = assertThrows(BrokenPipeException.class, () -> output.offer(message("x")));
        assertEquals("nobody reads the sink: cat has exited with code 3", broken.getMessage());
        assertSame(sink.failure, broken.getCause());
    }

    @Test
    @DisplayName("a failure to explain a broken pipe does not keep its write from failing")
    void explanationFails() throws IOException {
        Message waiting = offered("waiting");
        output.explain(() -> {
            throw error;
        });
        sink.failure = new IOException("Broken pipe");
        give(100);
        assertSame(sink.failure, waiting.failure());
        assertSame(error, sink.failure.getSuppressed()[0]);
    }

    @Test
    @DisplayName("a failure to write a file says nothing of a reader")
    void failureOfAFile() {
        IOException full = new IOException("No space left on device");
        ByteSink file = new ByteSink() {
            @Override
            public int write(ByteBuffer source) throws IOException {
                throw full;
            }

            @Override
            public boolean failsWithoutReader() {
                return false;
            }
        };
        Output other = new Output(file, new Readiness(Readiness.OWN_SIGNALS), ReaderWatch.none(), "descriptor 1");
        assertSame(full, assertThrows(IOException.class, () -> other.offer(message("x"))));
        other.close();
    }

    @Test
    @DisplayName("the resource of an output is closed once, after the sink")
    void resourceIsClosedAfterTheSink() throws Exception {
        List<String> closes = new ArrayList<>();
        ByteSink closing = new ByteSink() {
            @Override
            public int write(ByteBuffer source) {
                return 0;
            }

            @Override
            public void close() {
                closes.add("sink");
            }
        };
        Output other = new Output(
                closing,
                new Readiness(Readiness.OWN_SIGNALS),
                ReaderWatch.none(),
                "descriptor 1",
                () -> closes.add("resource"));
        other.close();
        other.abort();
        other.closed().get();
        assertEquals(List.of("sink", "resource"), closes);
    }

    private void fail() {
        throw error;
    }

    private void give(int room) {
        sink.room = room;
        readiness.signal().wake();
    }

    private static Message message(String text) {
        return Message.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** A mapped file that takes neither memory nor disk. */
    private static ByteBuffer hole(Path path, int size) throws IOException {
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return file.map(FileChannel.MapMode.READ_WRITE, 0, size);
        }
    }

    private Message offered(String text) throws IOException {
        Message message = message(text);
        assertFalse(output.offer(message));
        output.await(message, failure -> told.add(text + ": " + failure));
        return message;
    }

    private void failingListener(String text) throws IOException {
        Message message = message(text);
        assertFalse(output.offer(message));
        output.await(message, failure -> fail());
    }

    private static List<Throwable> reportedBy(ScriptedSink.Interruption action) throws IOException {
        List<Throwable> reported = new ArrayList<>();
        Thread current = Thread.currentThread();
        current.setUncaughtExceptionHandler((thread, failure) -> reported.add(failure));
        try {
            action.run();
        } finally {
            current.setUncaughtExceptionHandler(null);
        }
        return reported;
    }

    private static final class Armed implements Readiness.Interest {
        Error failure;
        Error nudgeFailure;

        @Override
        public boolean arm() {
            throwIf(failure);
            return true;
        }

        @Override
        public void disarm() {
            // nothing is armed
        }

        @Override
        public void nudge() {
            throwIf(nudgeFailure);
        }

        private static void throwIf(Error failure) {
            if (failure != null) {
                throw failure;
            }
        }
    }
}
