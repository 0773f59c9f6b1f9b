package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One reader, several writers: every byte goes to each of them. */
@ExtendWith(NothingLeft.class)
class TeeTest {
    private final byte[] data = new byte[1_000_000];
    private Link from;
    private Link first;
    private Link second;

    @BeforeEach
    void open() throws IOException {
        new Random(1).nextBytes(data);
        from = Kind.PIPE.open();
        first = Kind.PIPE.open();
        second = Kind.PIPE.open();
    }

    @AfterEach
    void close() {
        from.close();
        first.close();
        second.close();
    }

    @Test
    @DisplayName("P46 both targets get every byte in order, and stay open")
    void copies() {
        CompletableFuture<?> sent = from.writer().write(data).thenRun(from.writer()::close);
        CompletableFuture<Long> copied = from.reader().teeTo(first.writer(), second.writer());
        CompletableFuture<byte[]> one = first.reader().readExactly(data.length);
        assertFalse(sent.isDone()); // the second target sets the pace
        assertArrayEquals(data, get(second.reader().readExactly(data.length)));
        assertArrayEquals(data, get(one));
        assertEquals(data.length, get(copied));
        get(sent);
        get(first.writer().writeLine("open"));
        assertEquals("open", get(first.reader().readLine()));
    }

    @Test
    @DisplayName("P47 a target that breaks fails the copy, and the other one has all up to there, once")
    void brokenTarget() {
        CompletableFuture<?> sent = from.writer().write(data).thenRun(from.writer()::close);
        CompletableFuture<Long> copied = from.reader().teeTo(first.writer(), second.writer());
        CompletableFuture<byte[]> all = first.reader().readAll();
        get(second.reader().readExactly(100_000));
        second.reader().close();
        failure(BrokenPipeException.class, copied);

        get(from.reader().transferTo(first.writer()));
        first.writer().close();
        assertArrayEquals(data, get(all));
        get(sent);
    }

    @Test
    @DisplayName("P48 cancelled at random, each byte is still readable, or delivered or owed at both")
    void cancelled() {
        CompletableFuture<?> sent = from.writer().write(data).thenRun(from.writer()::close);
        CompletableFuture<byte[]> one = first.reader().readExactly(data.length);
        CompletableFuture<byte[]> other = second.reader().readExactly(data.length);
        int cancels = 0;
        while (!sent.isDone() || get(from.reader().request(1))) {
            CompletableFuture<Long> copied = from.reader().teeTo(first.writer(), second.writer());
            for (int i = cancels % 7; i > 0; i--) {
                Thread.onSpinWait();
            }
            copied.cancel(true);
            cancels++;
        }
        assertArrayEquals(data, get(one));
        assertArrayEquals(data, get(other));
        assertTrue(cancels > 5, () -> "to cancel is not what this has tried");
    }

    @Test
    @DisplayName("P46 three targets of different capacities get every byte in order")
    void threeTargets() throws IOException {
        try (Link small = Kind.PIPE.open(PipeOptions.defaults().withCapacity(4_096))) {
            CompletableFuture<?> sent = from.writer().write(data).thenRun(from.writer()::close);
            CompletableFuture<Long> copied = from.reader().teeTo(first.writer(), small.writer(), second.writer());
            List<CompletableFuture<byte[]>> all = Stream.of(first, small, second)
                    .map(target -> target.reader().readExactly(data.length))
                    .toList();
            all.forEach(bytes -> assertArrayEquals(data, get(bytes)));
            assertEquals(data.length, get(copied));
            get(sent);
        }
    }

    @Test
    @DisplayName("P46 a target that is there twice gets each piece twice")
    void sameTwice() {
        from.writer().write("abc").thenRun(from.writer()::close);
        assertEquals(3, get(from.reader().teeTo(first.writer(), first.writer())));
        assertEquals("abcabc", new String(get(first.reader().readExactly(6))));
    }

    @Test
    @DisplayName("two tees to the same targets in different order bring all bytes of both, each in its order")
    void crossing() throws IOException {
        try (Link other = Kind.PIPE.open()) {
            CompletableFuture<?> sent = from.writer().write(marked(0)).thenRun(from.writer()::close);
            CompletableFuture<?> otherSent = other.writer().write(marked(1)).thenRun(other.writer()::close);
            CompletableFuture<Long> copied = from.reader().teeTo(first.writer(), second.writer());
            CompletableFuture<Long> otherCopied = other.reader().teeTo(second.writer(), first.writer());
            CompletableFuture<byte[]> one = first.reader().readExactly(2 * data.length);
            CompletableFuture<byte[]> two = second.reader().readExactly(2 * data.length);
            for (byte[] all : List.of(get(one), get(two))) {
                assertArrayEquals(marked(0), markedBy(all, 0));
                assertArrayEquals(marked(1), markedBy(all, 1));
            }
            assertEquals(data.length, get(copied));
            assertEquals(data.length, get(otherCopied));
            get(sent);
            get(otherSent);
        }
    }

    /** Returns bytes whose lowest bit says where they come from. */
    private byte[] marked(int mark) {
        byte[] bytes = new byte[data.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (data[i] & ~1 | mark);
        }
        return bytes;
    }

    private byte[] markedBy(byte[] all, int mark) {
        ByteBuffer found = ByteBuffer.allocate(data.length);
        for (byte each : all) {
            if ((each & 1) == mark) {
                found.put(each);
            }
        }
        return found.array();
    }

    @Test
    @DisplayName("a tee without a target is a mistake, and a closed target takes nothing from the other")
    void misuse() {
        assertThrows(IllegalArgumentException.class, () -> from.reader().teeTo());
        from.writer().write("data");
        second.writer().close();
        failure(java.nio.channels.ClosedChannelException.class, from.reader().teeTo(first.writer(), second.writer()));
        assertEquals("data", new String(get(from.reader().readExactly(4))));
    }
}
