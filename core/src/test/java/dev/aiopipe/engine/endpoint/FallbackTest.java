package dev.aiopipe.engine.endpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.engine.transport.ThreadedSink;
import dev.aiopipe.engine.transport.ThreadedSource;
import dev.aiopipe.engine.write.Message;
import dev.aiopipe.engine.write.Output;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class FallbackTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private final Loop loop = new Loop("fallback");

    @AfterEach
    void close() {
        loop.close();
    }

    /**
     * As the JDK's streams to a child that has exited: what can't be written stays in a buffer, and is tried again by
     * close.
     */
    private static final class Broken extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            throw new IOException("Stream closed");
        }

        @Override
        public void close() throws IOException {
            throw new IOException("Stream closed");
        }
    }

    @Test
    @DisplayName("a failure that a write has reported is not reported again by close")
    void closeBehindAFailure() throws IOException {
        Output output = Fallback.output(new Broken(), loop, "broken");
        CompletableFuture<Void> written = new CompletableFuture<>();
        Message message = Message.of(ByteBuffer.wrap(new byte[] {1}));
        try {
            output.offer(message);
            output.await(message, written::completeExceptionally);
        } catch (BrokenPipeException e) { // the thread was quicker
            written.completeExceptionally(e);
        }
        CompletionException told = assertThrows(CompletionException.class, written::join);
        assertThrows(BrokenPipeException.class, () -> {
            throw told.getCause();
        });
        output.close();
    }

    @Test
    @DisplayName("a failure to close is reported if no write has failed")
    void closeFails() throws IOException {
        Output output = Fallback.output(new Broken(), loop, "broken");
        assertThrows(UncheckedIOException.class, output::close);
    }

    @Test
    @DisplayName("closed before the thread gets to read: the bytes are left to the next reader")
    void closedBeforeTheThreadReads() throws IOException {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        AtomicInteger reads = new AtomicInteger();
        InputStream stream = new InputStream() {
            @Override
            public int read() {
                return reads.incrementAndGet();
            }

            @Override
            public void close() {
                closed.complete(null);
            }
        };
        ThreadedSource source =
                new ThreadedSource(() -> stream, stream, new Readiness(Readiness.OWN_SIGNALS), new Leftover());
        synchronized (source) { // which the thread needs
            assertEquals(0, source.read(ByteBuffer.allocate(1)));
            source.close();
        }
        closed.join();
        assertEquals(0, reads.get());
    }

    @Test
    @DisplayName("aborted before the thread gets to write: nothing is written")
    void abortedBeforeTheThreadWrites() throws IOException {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        ByteArrayOutputStream written = new ByteArrayOutputStream() {
            @Override
            public void close() {
                closed.complete(null);
            }
        };
        ThreadedSink sink = new ThreadedSink(written, new Readiness(Readiness.OWN_SIGNALS));
        synchronized (sink) {
            assertEquals(1, sink.write(ByteBuffer.allocate(1)));
            sink.close();
        }
        closed.join();
        assertEquals(0, written.size());
    }

    @Test
    @DisplayName("streams of the fallback have names")
    void names() throws IOException {
        Input input = Fallback.input(InputStream.nullInputStream(), loop, "stdout of cat");
        Output output = Fallback.output(OutputStream.nullOutputStream(), loop, "stdin of cat");
        assertEquals("stdout of cat, never read", input.toString());
        assertEquals("stdin of cat, open", output.toString());
        input.close();
        output.close();
    }

    @Test
    @DisplayName("a child's stream that other code closes during a read is at its end")
    void closedByOthers() throws Exception {
        InputStream closed = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("Stream closed");
            }
        };
        Input input = Fallback.input(closed, loop, "stdout of cat");
        ReadOp<byte[]> all = OPS.all(100);
        Object value = input.start(all);
        while (value == ReadOp.MORE) {
            CompletableFuture<Void> woken = new CompletableFuture<>();
            Readiness.Waiter waiter = () -> woken.complete(null);
            if (input.await(waiter)) {
                woken.join();
            }
            value = input.proceed(waiter, all);
        }
        assertEquals(0, ((byte[]) value).length);
        input.close();
    }
}
