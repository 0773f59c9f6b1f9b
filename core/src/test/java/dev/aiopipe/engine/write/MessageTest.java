package dev.aiopipe.engine.write;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.testkit.ScriptedSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MessageTest {
    private final ScriptedSink sink = new ScriptedSink();

    @Test
    @DisplayName("W14 200,000 buffers of 11 bytes are joined to slices: 269 writes, each as large as the budget")
    void smallBuffersAreJoined() throws IOException {
        ByteBuffer[] sources = new ByteBuffer[200_000];
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < sources.length; i++) {
            String line = "%010d\n".formatted(i);
            all.append(line);
            sources[i] = bytes(line);
        }
        Message message = Message.of(sources);
        sink.room = Integer.MAX_VALUE;
        assertFalse(message.send(sink, 64 * 1024));
        assertEquals(1, sink.writes);
        assertEquals(64 * 1024, sink.written().length());
        assertTrue(message.send(sink, Long.MAX_VALUE));
        assertEquals((2_200_000 + 64 * 1024 - 1) / (64 * 1024), sink.writes);
        message.finish(null);
        assertEquals(all.toString(), sink.written());
        assertTrue(Arrays.stream(sources).noneMatch(ByteBuffer::hasRemaining));
    }

    @Test
    @DisplayName("W11 W14 up to PIPE_BUF bytes are one write, whatever sources they come from")
    void smallMessageIsOneWrite() throws IOException {
        sink.room = 100_000;
        Message message = Message.of(bytes("a".repeat(4_000)), bytes(""), bytes("b".repeat(95)), bytes("c"));
        assertTrue(message.send(sink, 64 * 1024));
        assertEquals(1, sink.writes);
    }

    @Test
    @DisplayName("W14 a large buffer is sent from where it is; only the edges are joined")
    void largeBufferIsNotCopied() throws IOException {
        sink.room = Integer.MAX_VALUE;
        sink.sliceSize = 4;
        Message message = Message.of(bytes("a"), bytes("bcdefghijklmnopqr"), bytes("s"), bytes(""), bytes("t"));
        assertTrue(message.send(sink, Long.MAX_VALUE));
        assertEquals("abcdefghijklmnopqrst", sink.written());
        assertEquals(5, sink.writes);
    }

    @Test
    @DisplayName(
            "W08 what is owed of joined buffers is all that was not sent, however little the kernel takes each time")
    void joinedAndOwed() throws IOException {
        for (int before = 0; before <= 12; before++) {
            ScriptedSink narrow = new ScriptedSink();
            narrow.sliceSize = 5;
            ByteBuffer[] sources = {bytes("ab"), bytes("c"), bytes("defgh"), bytes(""), bytes("ijkl")};
            Message message = Message.of(sources);
            for (int i = 0; i < before; i++) {
                narrow.room = 1;
                message.send(narrow, Long.MAX_VALUE);
            }
            assertEquals(12 - before, message.unsentBytes());
            message.owe();
            for (ByteBuffer source : sources) {
                assertFalse(source.hasRemaining());
                Arrays.fill(source.array(), (byte) '*');
            }
            narrow.room = 100;
            assertTrue(message.send(narrow, Long.MAX_VALUE));
            assertEquals("abcdefghijkl", narrow.written());
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
