package dev.aiopipe.engine;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.aiopipe.BrokenPipeException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class FallbackTest {
    private final Loop loop = new Loop("fallback");

    @AfterEach
    void close() {
        loop.close();
    }

    /** As the JDK's streams to a child that has exited: what can't be written stays in a buffer, and is tried again by close. */
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
    @DisplayName("a failure that a write has told is not told again by close")
    void closeBehindAFailure() throws IOException {
        Outbox outbox = Fallback.outbox(new Broken(), loop);
        CompletableFuture<Void> written = new CompletableFuture<>();
        Message message = Message.of(ByteBuffer.wrap(new byte[] {1}));
        outbox.offer(message);
        outbox.await(message, failure -> written.completeExceptionally(failure));
        CompletionException told = assertThrows(CompletionException.class, written::join);
        assertThrows(BrokenPipeException.class, () -> {
            throw told.getCause();
        });
        outbox.close();
    }

    @Test
    @DisplayName("a failure to close is told if no write has failed")
    void closeFails() throws IOException {
        Outbox outbox = Fallback.outbox(new Broken(), loop);
        assertThrows(UncheckedIOException.class, outbox::close);
    }
}
