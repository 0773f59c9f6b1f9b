package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.IncompleteReadException;
import dev.aiopipe.LimitExceededException;
import dev.aiopipe.PipeOptions;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract of each reader, through futures. */
@DisplayName("J01 the reader contract through futures")
@ParameterizedClass
@EnumSource(Kind.class)
@ExtendWith(NothingLeft.class)
class ReadContractTest {
    @Parameter
    Kind kind;

    private Link link;
    private AsyncPipeReader reader;
    private AsyncPipeWriter writer;

    @BeforeEach
    void open() throws IOException {
        open(PipeOptions.defaults());
    }

    private void open(PipeOptions options) throws IOException {
        close();
        link = kind.open(options);
        reader = link.reader();
        writer = link.writer();
    }

    @AfterEach
    void close() {
        if (link != null) {
            link.close();
        }
    }

    @Test
    @DisplayName("R01 readAtMost(0) is empty and takes nothing")
    void readAtMostNothing() {
        write("data");
        get(reader.request(4));

        assertEquals(0, get(reader.readAtMost(0)).length);
        assertEquals(4, reader.buffered());
        assertEquals(0, get(reader.read(ByteBuffer.allocate(0))));
    }

    @Test
    @DisplayName("R02 readAtMost waits for the first bytes, and gives those")
    void readAtMostWaits() {
        CompletableFuture<byte[]> read = reader.readAtMost(30);
        write("eighteen bytes....");

        assertEquals("eighteen bytes....", text(get(read)));
    }

    @Test
    @DisplayName("R03 readAtMost leaves the rest")
    void readAtMostLeavesTheRest() {
        write("line1line2");
        get(reader.request(10));

        assertEquals("line1", text(get(reader.readAtMost(5))));
        assertEquals("line2", text(get(reader.readAtMost(30))));
    }

    @Test
    @DisplayName("R04 R13 each read shows the end in its way, again and again")
    void endOfStream() {
        writer.close();
        for (int i = 0; i < 3; i++) {
            assertEquals(-1, get(reader.read(ByteBuffer.allocate(1))));
            assertEquals(0, get(reader.readAtMost(1)).length);
            assertNull(get(reader.readLine()));
            assertFalse(get(reader.request(1)));
            assertFalse(get(reader.requestLine()));
            assertEquals(0, get(reader.skip(1)));
            assertEquals(0, get(reader.skipLine()));
            assertEquals(0, get(reader.readAll()).length);
            assertEquals("", get(reader.readText()));
        }
    }

    @Test
    @DisplayName("R05 readAll gives everything, also more than maxLineBytes; over its limit nothing is lost")
    void readAll() throws IOException {
        open(PipeOptions.defaults().withMaxLineBytes(8));
        write("0123456789");
        write("abcdefghij");
        writer.close();

        assertEquals(
                19, failure(LimitExceededException.class, reader.readAll(19)).limit());
        failure(LimitExceededException.class, reader.readText(0));
        assertEquals("0123456789abcdefghij", text(get(reader.readAll(20))));
    }

    @Test
    @DisplayName("R07 wrong arguments are refused by the call, with the value")
    void wrongArguments() {
        assertEquals("count < 0: -1", refused(() -> reader.readAtMost(-1)));
        assertEquals("count < 0: -2", refused(() -> reader.readExactly(-2)));
        assertEquals("count < 0: -3", refused(() -> reader.skip(-3)));
        assertEquals("count < 0: -4", refused(() -> reader.request(-4)));
        assertEquals("count < 0: -5", refused(() -> reader.transferTo(writer, -5)));
        assertEquals("limit < 0: -6", refused(() -> reader.readAll(-6)));
        assertEquals("limit < 0: -7", refused(() -> reader.readUntil(0, -7)));
        assertEquals("delimiter is no byte: 256", refused(() -> reader.readUntil(256)));
        assertEquals("timeout < 0: PT-1S", refused(() -> reader.withTimeout(java.time.Duration.ofSeconds(-1))));
        refused(() -> reader.read(ByteBuffer.allocate(1).asReadOnlyBuffer()));
        refused(() -> reader.readExactly(ByteBuffer.allocate(1).asReadOnlyBuffer()));
    }

    private static String refused(Runnable call) {
        return assertThrows(IllegalArgumentException.class, call::run).getMessage();
    }

    @Test
    @DisplayName("R08 R12 a line of several pieces; an unterminated last line")
    void lineOfPieces() {
        write("chunk1 ");
        write("chunk2 ");
        write("chunk3 ");
        write("\n chunk4");
        writer.close();

        assertEquals("chunk1 chunk2 chunk3 ", get(reader.readLine()));
        assertEquals(" chunk4", get(reader.readLine()));
        assertNull(get(reader.readLine()));
    }

    @Test
    @DisplayName("R09 R11 a line over the limit stays readable")
    void lineOverTheLimit() throws IOException {
        open(PipeOptions.defaults().withMaxLineBytes(7));
        write("1234567\n12345678\nnext\n12345678");

        assertEquals("1234567", get(reader.readLine()));
        assertEquals(7, failure(LimitExceededException.class, reader.readLine()).limit());
        assertTrue(get(reader.requestLine()));
        assertEquals(9, get(reader.skipLine()));
        assertEquals("next", get(reader.readLine()));
        failure(LimitExceededException.class, reader.readLine());
        assertEquals("12345678", text(get(reader.readAtMost(30))));
    }

    @Test
    @DisplayName("R14 request and requestLine take nothing")
    void requestTakesNothing() {
        CompletableFuture<Boolean> five = reader.request(5);
        write("abc");
        assertFalse(five.isDone());
        write("de");
        assertTrue(get(five));

        CompletableFuture<Boolean> line = reader.requestLine();
        write("\nrest");
        writer.close();
        assertTrue(get(line));
        assertEquals("abcde", get(reader.readLine()));
        assertFalse(get(reader.request(5)));
        assertTrue(get(reader.requestLine()));
        assertEquals("rest", get(reader.readLine()));
    }

    @Test
    @DisplayName("R15 an empty delimiter is refused")
    void emptyDelimiter() {
        assertEquals("delimiter is empty", refused(() -> reader.readUntil(new byte[0])));
    }

    @Test
    @DisplayName("R16 a delimiter that comes in pieces, behind a false start")
    void delimiterInPieces() {
        for (List<String> pieces : List.of(List.of("QWEaa", "XYaa", "a"), List.of("QWEaa", "XYa", "aa"))) {
            CompletableFuture<byte[]> read = reader.readUntil("aaa".getBytes());
            pieces.forEach(this::write);
            assertEquals("QWEaaXYaaa", text(get(read)));
        }
    }

    @Test
    @DisplayName("R17 readUntil without delimiter keeps the bytes; of one byte; over its limit")
    void readUntil() {
        write("key\0value");
        writer.close();

        assertEquals("key\0", text(get(reader.readUntil(0))));
        failure(LimitExceededException.class, reader.readUntil(0, 4));
        assertEquals(
                -1, failure(IncompleteReadException.class, reader.readUntil(0)).expected());
        assertEquals("value", get(reader.readText()));
    }

    @Test
    @DisplayName("R18 R20 R21 readExactly of nothing, of two pieces, at a short end")
    void readExactly() {
        assertEquals(0, get(reader.readExactly(0)).length);
        CompletableFuture<byte[]> two = reader.readExactly(8);
        write("1234");
        write("5678");
        write("9012");
        assertEquals("12345678", text(get(two)));
        writer.close();

        IncompleteReadException incomplete = failure(IncompleteReadException.class, reader.readExactly(5));
        assertEquals(5, incomplete.expected());
        assertEquals(4, incomplete.available());
        ByteBuffer target = ByteBuffer.allocate(4);
        assertNull(get(reader.readExactly(target)));
        assertEquals("9012", text(target.array()));
    }

    @Test
    @DisplayName("R24 a second read fails with ReadPendingException, the first one is undisturbed")
    void secondReader() {
        CompletableFuture<String> first = reader.readLine();

        failure(ReadPendingException.class, reader.readLine());
        failure(ReadPendingException.class, reader.forEachLine(line -> {}));
        failure(ReadPendingException.class, reader.transferTo(writer));

        write("line\n");
        assertEquals("line", get(first));
    }

    @Test
    @DisplayName("R25 line ends, also in pieces")
    void lineEnds() {
        CompletableFuture<String> first = reader.readLine();
        write("a\r");
        write("\nb\nc\rd\n");

        assertEquals("a", get(first));
        assertEquals("b", get(reader.readLine()));
        assertEquals("c\rd", get(reader.readLine()));
    }

    @Test
    @DisplayName("R26 characters of several bytes, split anywhere; malformed ones")
    void characters() {
        String text = "a\u00e4\u20ac\ud83d\ude00";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int split = 0; split <= bytes.length; split++) {
            CompletableFuture<String> line = reader.readLine();
            get(writer.write(bytes, 0, split));
            get(writer.write(bytes, split, bytes.length - split));
            get(writer.write("\n"));
            assertEquals(text, get(line));
        }
        get(writer.write(new byte[] {(byte) 0xe2, (byte) 0x82, '\n'}));
        assertEquals("\ufffd", get(reader.readLine()));
    }

    @Test
    @DisplayName("R30 lines of awkward lengths")
    void lengths() {
        for (int length : List.of(1, 65_535, 65_536, 65_537, 5_000_000)) {
            CompletableFuture<String> line = reader.readLine();
            CompletableFuture<?> write = writer.writeLine("x".repeat(length));
            assertEquals(length, get(line).length());
            get(write);
        }
    }

    @Test
    @DisplayName("R31 one byte a write; many lines at once")
    void manyWrites() {
        CompletableFuture<byte[]> all = reader.readAll();
        byte[] bytes = new byte[100_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31);
            get(writer.write(bytes, i, 1));
        }
        writer.close();
        assertArrayEquals(bytes, get(all));
    }

    @Test
    @DisplayName("R32 close frees a waiting read; later ones fail")
    void closeFreesAWaitingRead() {
        CompletableFuture<String> read = reader.readLine();
        reader.close();

        failure(AsynchronousCloseException.class, read);
        ClosedChannelException closed = failure(ClosedChannelException.class, reader.readLine());
        assertNull(closed.getCause());
        reader.close();
    }

    @Test
    @DisplayName("skip drops, also in pieces, and tells the end")
    void skip() throws IOException {
        open(PipeOptions.defaults().withMaxLineBytes(10));
        CompletableFuture<Long> all = reader.skip(300_000);
        get(writer.write(new byte[200_000]).thenCompose(sent -> writer.write(new byte[100_001])));

        assertEquals(300_000, get(all));
        writer.close();
        assertEquals(1, get(reader.skip(Long.MAX_VALUE)));
    }

    @Test
    @DisplayName("R29 forEachLine holds a fast writer back, and gives each line once")
    void forEachLine() {
        List<String> lines =
                IntStream.range(0, 100_000).mapToObj(Integer::toString).collect(Collectors.toList());
        List<String> seen = new ArrayList<>();
        CompletableFuture<?> sent = writer.writeLines(lines).thenRun(writer::close);

        get(reader.forEachLine(seen::add));

        get(sent);
        assertEquals(lines, seen);
    }

    @Test
    @DisplayName("forEachLineAsync: each line waits for the stage of the one before; the stage may read")
    void forEachLineAsync() {
        write("2\nab3\nabc0\n");
        writer.close();
        List<String> bodies = new ArrayList<>();

        get(reader.forEachLineAsync(
                line -> reader.readExactly(Integer.parseInt(line)).thenAccept(body -> bodies.add(text(body)))));

        assertEquals(List.of("ab", "abc", ""), bodies);
    }

    @Test
    @DisplayName("forEachLine: an action that throws fails the future with just that, behind its line")
    void failingAction() {
        write("1\n2\n3\n4\n5\n");
        IllegalStateException thrown = new IllegalStateException("mine");

        assertEquals(thrown, failure(IllegalStateException.class, reader.forEachLine(line -> {
            throw thrown;
        })));
        assertEquals(
                thrown,
                failure(
                        IllegalStateException.class,
                        reader.forEachLineAsync(line -> CompletableFuture.failedFuture(thrown))));
        assertEquals(
                thrown,
                failure(
                        IllegalStateException.class,
                        reader.forEachLineAsync(line -> CompletableFuture.supplyAsync(() -> {
                            throw thrown;
                        }))));
        failure(NullPointerException.class, reader.forEachLineAsync(line -> null));
        assertEquals("5", get(reader.readLine()));
    }

    private void write(String text) {
        get(writer.write(text));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
