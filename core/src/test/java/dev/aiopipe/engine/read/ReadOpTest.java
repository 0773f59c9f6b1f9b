package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.IncompleteReadException;
import dev.aiopipe.LimitExceededException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ReadOpTest {
    private static final Charset UTF_8 = StandardCharsets.UTF_8;

    private final InputBuffer buffer = new InputBuffer(() -> "stream");

    @Example
    void lineAtTheLimitIsTakenWithEitherLineEnd() throws IOException {
        for (String end : List.of("\n", "\r\n")) {
            put("123" + end);
            assertEquals("123", ReadOp.line(UTF_8, 3).from(buffer));
            assertEquals(0, buffer.size());
        }
    }

    @Example
    void lineOverTheLimitIsNotTaken() {
        for (String text : List.of("1234\n", "1234\r\n", "1234", "123\r4", "123\r\r")) {
            put(text);
            assertEquals(
                    3,
                    assertThrows(
                                    LimitExceededException.class,
                                    () -> ReadOp.line(UTF_8, 3).from(buffer))
                            .limit());
            assertEquals(text.length(), buffer.size());
            drop();
        }
    }

    @Example
    void carriageReturnBehindTheLimitMayBeHalfOfALineEnd() throws IOException {
        put("123\r");
        assertSame(ReadOp.MORE, ReadOp.line(UTF_8, 3).from(buffer));
        assertSame(ReadOp.MORE, ReadOp.requestLine(3).from(buffer));
        put("\n");
        assertEquals("123", ReadOp.line(UTF_8, 3).from(buffer));
    }

    @Example
    void carriageReturnAtTheEndIsData() throws IOException {
        put("12\r");
        buffer.ended(true);
        assertEquals("12\r", ReadOp.line(UTF_8, 3).from(buffer));
        put("123\r");
        assertThrows(LimitExceededException.class, () -> ReadOp.line(UTF_8, 3).from(buffer));
    }

    @Example
    void lineAtTheEndNeedsNoLineEnd() throws IOException {
        put("a\nb");
        buffer.ended(true);
        assertEquals("a", ReadOp.line(UTF_8, 3).from(buffer));
        assertEquals(true, ReadOp.requestLine(3).from(buffer));
        assertEquals("b", ReadOp.line(UTF_8, 3).from(buffer));
        assertEquals(false, ReadOp.requestLine(3).from(buffer));
        assertNull(ReadOp.line(UTF_8, 3).from(buffer));
    }

    @Example
    void requestLineIsTrueForALineOverTheLimit() throws IOException {
        put("123");
        assertSame(ReadOp.MORE, ReadOp.requestLine(3).from(buffer));
        put("4");
        assertEquals(true, ReadOp.requestLine(3).from(buffer));
    }

    @Example
    void limitOfUntilIsBeforeTheDelimiter() throws IOException {
        byte[] delimiter = {';', ';'};
        put("123;");
        ReadOp<byte[]> until = ReadOp.until(delimiter, 3);
        assertSame(ReadOp.MORE, until.from(buffer));
        put(";4");
        assertArrayEquals("123;;".getBytes(UTF_8), (byte[]) until.from(buffer));
        put("56");
        assertSame(ReadOp.MORE, ReadOp.until(delimiter, 3).from(buffer));
        put("7;");
        assertThrows(
                LimitExceededException.class, () -> ReadOp.until(delimiter, 3).from(buffer));
        assertEquals(5, buffer.size());
    }

    @Example
    void untilAtTheEndTellsWhatIsThere() {
        put("12;");
        buffer.ended(true);
        IncompleteReadException failure = assertThrows(
                IncompleteReadException.class,
                () -> ReadOp.until(new byte[] {';', ';'}, 9).from(buffer));
        assertEquals(-1, failure.expected());
        assertEquals(3, failure.available());
    }

    @Example
    void skipLineDropsLongLinesInPieces() throws IOException {
        ReadOp<Long> skip = ReadOp.skipLine(3);
        put("123");
        assertSame(ReadOp.MORE, skip.from(buffer));
        assertEquals(3, buffer.size());
        put("4");
        assertSame(ReadOp.MORE, skip.from(buffer));
        assertEquals(0, buffer.size());
        put("5");
        assertSame(ReadOp.MORE, skip.from(buffer));
        put("\n6");
        assertEquals(6L, skip.from(buffer));
        assertSame(ReadOp.MORE, ReadOp.skipLine(3).from(buffer));
        buffer.ended(true);
        assertEquals(1L, ReadOp.skipLine(3).from(buffer));
        assertEquals(0L, ReadOp.skipLine(3).from(buffer));
    }

    @Example
    void skipOfMoreThanIsBufferedDropsInPieces() throws IOException {
        ReadOp<Long> skip = ReadOp.skip(10, 3);
        assertSame(ReadOp.MORE, skip.givenUp());
        put("1234");
        assertSame(ReadOp.MORE, skip.from(buffer));
        assertEquals(0, buffer.size());
        assertEquals(4L, skip.givenUp());
        put("567890abc");
        assertEquals(10L, skip.from(buffer));
        assertEquals(3, buffer.size());
    }

    @Example
    void skipDoesNotCountWhatWasGivenBack() throws IOException {
        buffer.hold(100);
        ReadOp<Long> skip = ReadOp.skip(10, 3);
        put("1234");
        assertSame(ReadOp.MORE, skip.from(buffer));
        buffer.giveBack(1);
        assertEquals(3L, skip.givenUp());
        put("567");
        assertSame(ReadOp.MORE, skip.from(buffer));
        assertEquals(7L, skip.givenUp());
        put("890abc");
        assertEquals(10L, skip.from(buffer));
        assertEquals(3, buffer.size());
        buffer.giveBack(10);
        assertSame(ReadOp.MORE, skip.givenUp());
    }

    @Example
    void skipOverTheLimitOfABlockHasNoValue() throws IOException {
        buffer.hold(5);
        ReadOp<Long> skip = ReadOp.skip(10, 3);
        put("1234");
        assertSame(ReadOp.MORE, skip.from(buffer));
        put("567");
        assertThrows(LimitExceededException.class, () -> skip.from(buffer));
        assertSame(ReadOp.MORE, skip.givenUp());
        assertEquals(7, buffer.size());
    }

    @Example
    void upToWaitsForAllOrTheEnd() throws IOException {
        ReadOp<byte[]> three = ReadOp.upTo(3);
        put("12");
        assertSame(ReadOp.MORE, three.from(buffer));
        put("345");
        assertEquals(3, ((byte[]) three.from(buffer)).length);
        assertFalse(three.toldTheEnd());
        buffer.ended(true);
        ReadOp<byte[]> rest = ReadOp.upTo(3);
        assertEquals(2, ((byte[]) rest.from(buffer)).length);
        assertTrue(rest.toldTheEnd());
    }

    @Example
    void mappedTakeIsLikeItsOriginal() throws IOException {
        assertTrue(ReadOp.look(in -> ReadOp.MORE).map(value -> value).onlyLooks());
        assertTrue(ReadOp.text(UTF_8, 9).toldTheEnd());
        ReadOp<String> skip = ReadOp.skip(10, 3).map(count -> "dropped " + count);
        assertSame(ReadOp.MORE, skip.givenUp());
        put("1234");
        assertSame(ReadOp.MORE, skip.from(buffer));
        assertEquals("dropped 4", skip.givenUp());
    }

    @Example
    void allCountsItsLimit() throws IOException {
        put("123");
        assertSame(ReadOp.MORE, ReadOp.all(3).from(buffer));
        assertThrows(LimitExceededException.class, () -> ReadOp.all(2).from(buffer));
        buffer.ended(true);
        assertEquals(3, ((byte[]) ReadOp.all(3).from(buffer)).length);
    }

    @Example
    void countedTakesAtTheEnd() throws IOException {
        put("123");
        assertSame(ReadOp.MORE, ReadOp.exactly(4).from(buffer));
        assertSame(ReadOp.MORE, ReadOp.skip(4, 9).from(buffer));
        assertSame(ReadOp.MORE, ReadOp.request(4).from(buffer));
        buffer.ended(true);
        assertThrows(IncompleteReadException.class, () -> ReadOp.exactly(4).from(buffer));
        assertThrows(
                IncompleteReadException.class,
                () -> ReadOp.exactly(ByteBuffer.allocate(4)).from(buffer));
        assertEquals(false, ReadOp.request(4).from(buffer));
        assertEquals(3L, ReadOp.skip(4, 9).from(buffer));
        assertEquals(-1, ReadOp.into(ByteBuffer.allocate(4)).from(buffer));
        assertEquals(0, ((byte[]) ReadOp.atMost(4).from(buffer)).length);
    }

    @Example
    void takesThatAskForMoreTakeNothing() throws IOException {
        List<ReadOp<?>> takes = List.of(
                ReadOp.line(UTF_8, 9),
                ReadOp.requestLine(9),
                ReadOp.exactly(4),
                ReadOp.exactly(ByteBuffer.allocate(4)),
                ReadOp.until(new byte[] {';'}, 9),
                ReadOp.all(9),
                ReadOp.skip(4, 9),
                ReadOp.skipLine(9),
                ReadOp.request(4));
        put("123");
        for (ReadOp<?> take : takes) {
            assertSame(ReadOp.MORE, take.from(buffer));
            assertEquals(3, buffer.size());
        }
    }

    @Example
    void textThatIsHeldIsNotTakenOverTheLimit() {
        put("12345\n");
        buffer.hold(4);
        assertThrows(LimitExceededException.class, () -> ReadOp.line(UTF_8, 9).from(buffer));
        assertThrows(LimitExceededException.class, () -> ReadOp.exactly(5).from(buffer));
        ByteBuffer target = ByteBuffer.allocate(5);
        assertThrows(LimitExceededException.class, () -> ReadOp.exactly(target).from(buffer));
        assertEquals(0, target.position());
        assertEquals(6, buffer.size());
    }

    @Example
    void lineOfTheLimitIsHeldWithItsEnd() throws IOException {
        put("12345\r\n6");
        buffer.hold(5);
        assertEquals("12345", ReadOp.line(UTF_8, 5).from(buffer));
        assertThrows(LimitExceededException.class, () -> ReadOp.atMost(1).from(buffer));
        assertThrows(LimitExceededException.class, () -> ReadOp.peek(1).from(buffer));
        buffer.giveBack(buffer.kept());
        assertEquals(8, buffer.size());
    }

    @Example
    void lineEndsAloneReachTheLimitToo() throws IOException {
        put("\n".repeat(20));
        buffer.hold(5);
        ReadOp<String> line = ReadOp.line(UTF_8, 5);
        for (int i = 0; i < 5; i++) {
            assertEquals("", line.from(buffer));
        }
        assertThrows(LimitExceededException.class, () -> line.from(buffer));
    }

    @Example
    void peekShowsNoMoreThanMayBeHeld() throws IOException {
        put("123456");
        buffer.hold(4);
        assertEquals(4, ((ByteBuffer) ReadOp.peek(9).from(buffer)).remaining());
    }

    @Example
    void piecesThatAreHeldComeBackTogether() throws IOException {
        buffer.hold(8);
        ReadOp<Long> skip = ReadOp.skip(20, 8);
        ReadOp<Long> skipLine = ReadOp.skipLine(3);
        for (ReadOp<Long> take : List.of(skip, skipLine)) {
            put("01234");
            assertSame(ReadOp.MORE, take.from(buffer));
            assertEquals(0, buffer.size());
            put("56789");
            assertThrows(LimitExceededException.class, () -> take.from(buffer));
            assertEquals("0123456", new String((byte[]) ReadOp.exactly(7).from(buffer), UTF_8));
            buffer.letGo();
            ReadOp.exactly(3).from(buffer);
            buffer.hold(8);
        }
    }

    @Example
    void delimiterIsFoundInWhatWasGivenBack() throws IOException {
        buffer.hold(9);
        put("a;b");
        ReadOp.exactly(3).from(buffer);
        put("cdefg");
        ReadOp<byte[]> until = ReadOp.until(';', 99);
        assertSame(ReadOp.MORE, until.from(buffer));
        buffer.giveBack(3);
        assertEquals("a;", new String((byte[]) until.from(buffer), UTF_8));
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.strings().withChars("ab\r\n\u00e9\u20ac").ofMaxLength(60);
    }

    /** However it comes in pieces, the lines are those of the whole text. */
    @Property
    void linesDoNotDependOnTheChunks(@ForAll("texts") String text, @ForAll List<Integer> sizes) throws IOException {
        InputBuffer in = new InputBuffer(() -> "stream");
        byte[] bytes = text.getBytes(UTF_8);
        ReadOp<String> line = ReadOp.line(UTF_8, 1_000);
        List<String> lines = new ArrayList<>();
        int sent = 0;
        int turn = 0;
        while (true) {
            Object value = line.from(in);
            if (value == null) {
                break;
            } else if (value != ReadOp.MORE) {
                lines.add((String) value);
            } else if (sent == bytes.length) {
                in.ended(true);
            } else {
                int wanted = sizes.isEmpty() ? 1 : Math.floorMod(sizes.get(turn++ % sizes.size()), 7) + 1;
                int count = Math.min(wanted, bytes.length - sent);
                in.space().put(bytes, sent, count);
                in.filled(count);
                sent += count;
            }
        }
        assertEquals(linesOf(text), lines);
    }

    private static List<String> linesOf(String text) {
        List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
        String last = lines.remove(lines.size() - 1);
        lines.replaceAll(line -> line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
        if (!last.isEmpty()) {
            lines.add(last);
        }
        return lines;
    }

    private void put(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        buffer.space().put(bytes);
        buffer.filled(bytes.length);
    }

    private void drop() {
        try {
            buffer.take(buffer.size());
        } catch (LimitExceededException e) {
            throw new AssertionError(e);
        }
    }
}
