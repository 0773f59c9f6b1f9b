package dev.aiopipe.engine;

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

class TakeTest {
    private static final Charset UTF_8 = StandardCharsets.UTF_8;

    private final InputBuffer buffer = new InputBuffer(() -> "stream");

    @Example
    void lineAtTheLimitIsTakenWithEitherLineEnd() throws IOException {
        for (String end : List.of("\n", "\r\n")) {
            put("123" + end);
            assertEquals("123", Take.line(UTF_8, 3).from(buffer));
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
                                    () -> Take.line(UTF_8, 3).from(buffer))
                            .limit());
            assertEquals(text.length(), buffer.size());
            drop();
        }
    }

    @Example
    void carriageReturnBehindTheLimitMayBeHalfOfALineEnd() throws IOException {
        put("123\r");
        assertSame(Take.MORE, Take.line(UTF_8, 3).from(buffer));
        assertSame(Take.MORE, Take.requestLine(3).from(buffer));
        put("\n");
        assertEquals("123", Take.line(UTF_8, 3).from(buffer));
    }

    @Example
    void carriageReturnAtTheEndIsData() throws IOException {
        put("12\r");
        buffer.ended(true);
        assertEquals("12\r", Take.line(UTF_8, 3).from(buffer));
        put("123\r");
        assertThrows(LimitExceededException.class, () -> Take.line(UTF_8, 3).from(buffer));
    }

    @Example
    void lineAtTheEndNeedsNoLineEnd() throws IOException {
        put("a\nb");
        buffer.ended(true);
        assertEquals("a", Take.line(UTF_8, 3).from(buffer));
        assertEquals(true, Take.requestLine(3).from(buffer));
        assertEquals("b", Take.line(UTF_8, 3).from(buffer));
        assertEquals(false, Take.requestLine(3).from(buffer));
        assertNull(Take.line(UTF_8, 3).from(buffer));
    }

    @Example
    void requestLineIsTrueForALineOverTheLimit() throws IOException {
        put("123");
        assertSame(Take.MORE, Take.requestLine(3).from(buffer));
        put("4");
        assertEquals(true, Take.requestLine(3).from(buffer));
    }

    @Example
    void limitOfUntilIsBeforeTheDelimiter() throws IOException {
        byte[] delimiter = {';', ';'};
        put("123;");
        Take<byte[]> until = Take.until(delimiter, 3);
        assertSame(Take.MORE, until.from(buffer));
        put(";4");
        assertArrayEquals("123;;".getBytes(UTF_8), (byte[]) until.from(buffer));
        put("56");
        assertSame(Take.MORE, Take.until(delimiter, 3).from(buffer));
        put("7;");
        assertThrows(
                LimitExceededException.class, () -> Take.until(delimiter, 3).from(buffer));
        assertEquals(5, buffer.size());
    }

    @Example
    void untilAtTheEndTellsWhatIsThere() {
        put("12;");
        buffer.ended(true);
        IncompleteReadException failure = assertThrows(
                IncompleteReadException.class,
                () -> Take.until(new byte[] {';', ';'}, 9).from(buffer));
        assertEquals(-1, failure.expected());
        assertEquals(3, failure.available());
    }

    @Example
    void skipLineDropsLongLinesInPieces() throws IOException {
        Take<Long> skip = Take.skipLine(3);
        put("123");
        assertSame(Take.MORE, skip.from(buffer));
        assertEquals(3, buffer.size());
        put("4");
        assertSame(Take.MORE, skip.from(buffer));
        assertEquals(0, buffer.size());
        put("5");
        assertSame(Take.MORE, skip.from(buffer));
        put("\n6");
        assertEquals(6L, skip.from(buffer));
        assertSame(Take.MORE, Take.skipLine(3).from(buffer));
        buffer.ended(true);
        assertEquals(1L, Take.skipLine(3).from(buffer));
        assertEquals(0L, Take.skipLine(3).from(buffer));
    }

    @Example
    void skipOfMoreThanIsBufferedDropsInPieces() throws IOException {
        Take<Long> skip = Take.skip(10, 3);
        assertSame(Take.MORE, skip.givenUp());
        put("1234");
        assertSame(Take.MORE, skip.from(buffer));
        assertEquals(0, buffer.size());
        assertEquals(4L, skip.givenUp());
        put("567890abc");
        assertEquals(10L, skip.from(buffer));
        assertEquals(3, buffer.size());
    }

    @Example
    void skipDoesNotCountWhatWasGivenBack() throws IOException {
        buffer.hold(100);
        Take<Long> skip = Take.skip(10, 3);
        put("1234");
        assertSame(Take.MORE, skip.from(buffer));
        buffer.giveBack(1);
        assertEquals(3L, skip.givenUp());
        put("567");
        assertSame(Take.MORE, skip.from(buffer));
        assertEquals(7L, skip.givenUp());
        put("890abc");
        assertEquals(10L, skip.from(buffer));
        assertEquals(3, buffer.size());
        buffer.giveBack(10);
        assertSame(Take.MORE, skip.givenUp());
    }

    @Example
    void skipOverTheLimitOfABlockHasNoValue() throws IOException {
        buffer.hold(5);
        Take<Long> skip = Take.skip(10, 3);
        put("1234");
        assertSame(Take.MORE, skip.from(buffer));
        put("567");
        assertThrows(LimitExceededException.class, () -> skip.from(buffer));
        assertSame(Take.MORE, skip.givenUp());
        assertEquals(7, buffer.size());
    }

    @Example
    void upToWaitsForAllOrTheEnd() throws IOException {
        Take<byte[]> three = Take.upTo(3);
        put("12");
        assertSame(Take.MORE, three.from(buffer));
        put("345");
        assertEquals(3, ((byte[]) three.from(buffer)).length);
        assertFalse(three.toldTheEnd());
        buffer.ended(true);
        Take<byte[]> rest = Take.upTo(3);
        assertEquals(2, ((byte[]) rest.from(buffer)).length);
        assertTrue(rest.toldTheEnd());
    }

    @Example
    void mappedTakeIsLikeItsOriginal() throws IOException {
        assertTrue(Take.look(in -> Take.MORE).map(value -> value).onlyLooks());
        assertTrue(Take.text(UTF_8, 9).toldTheEnd());
        Take<String> skip = Take.skip(10, 3).map(count -> "dropped " + count);
        assertSame(Take.MORE, skip.givenUp());
        put("1234");
        assertSame(Take.MORE, skip.from(buffer));
        assertEquals("dropped 4", skip.givenUp());
    }

    @Example
    void allCountsItsLimit() throws IOException {
        put("123");
        assertSame(Take.MORE, Take.all(3).from(buffer));
        assertThrows(LimitExceededException.class, () -> Take.all(2).from(buffer));
        buffer.ended(true);
        assertEquals(3, ((byte[]) Take.all(3).from(buffer)).length);
    }

    @Example
    void countedTakesAtTheEnd() throws IOException {
        put("123");
        assertSame(Take.MORE, Take.exactly(4).from(buffer));
        assertSame(Take.MORE, Take.skip(4, 9).from(buffer));
        assertSame(Take.MORE, Take.request(4).from(buffer));
        buffer.ended(true);
        assertThrows(IncompleteReadException.class, () -> Take.exactly(4).from(buffer));
        assertThrows(
                IncompleteReadException.class,
                () -> Take.exactly(ByteBuffer.allocate(4)).from(buffer));
        assertEquals(false, Take.request(4).from(buffer));
        assertEquals(3L, Take.skip(4, 9).from(buffer));
        assertEquals(-1, Take.into(ByteBuffer.allocate(4)).from(buffer));
        assertEquals(0, ((byte[]) Take.atMost(4).from(buffer)).length);
    }

    @Example
    void takesThatAskForMoreTakeNothing() throws IOException {
        List<Take<?>> takes = List.of(
                Take.line(UTF_8, 9),
                Take.requestLine(9),
                Take.exactly(4),
                Take.exactly(ByteBuffer.allocate(4)),
                Take.until(new byte[] {';'}, 9),
                Take.all(9),
                Take.skip(4, 9),
                Take.skipLine(9),
                Take.request(4));
        put("123");
        for (Take<?> take : takes) {
            assertSame(Take.MORE, take.from(buffer));
            assertEquals(3, buffer.size());
        }
    }

    @Example
    void textThatIsHeldIsNotTakenOverTheLimit() {
        put("12345\n");
        buffer.hold(4);
        assertThrows(LimitExceededException.class, () -> Take.line(UTF_8, 9).from(buffer));
        assertThrows(LimitExceededException.class, () -> Take.exactly(5).from(buffer));
        ByteBuffer target = ByteBuffer.allocate(5);
        assertThrows(LimitExceededException.class, () -> Take.exactly(target).from(buffer));
        assertEquals(0, target.position());
        assertEquals(6, buffer.size());
    }

    @Example
    void lineOfTheLimitIsHeldWithItsEnd() throws IOException {
        put("12345\r\n6");
        buffer.hold(5);
        assertEquals("12345", Take.line(UTF_8, 5).from(buffer));
        assertThrows(LimitExceededException.class, () -> Take.atMost(1).from(buffer));
        assertThrows(LimitExceededException.class, () -> Take.peek(1).from(buffer));
        buffer.giveBack(buffer.kept());
        assertEquals(8, buffer.size());
    }

    @Example
    void lineEndsAloneReachTheLimitToo() throws IOException {
        put("\n".repeat(20));
        buffer.hold(5);
        Take<String> line = Take.line(UTF_8, 5);
        for (int i = 0; i < 5; i++) {
            assertEquals("", line.from(buffer));
        }
        assertThrows(LimitExceededException.class, () -> line.from(buffer));
    }

    @Example
    void peekShowsNoMoreThanMayBeHeld() throws IOException {
        put("123456");
        buffer.hold(4);
        assertEquals(4, ((ByteBuffer) Take.peek(9).from(buffer)).remaining());
    }

    @Example
    void piecesThatAreHeldComeBackTogether() throws IOException {
        buffer.hold(8);
        Take<Long> skip = Take.skip(20, 8);
        Take<Long> skipLine = Take.skipLine(3);
        for (Take<Long> take : List.of(skip, skipLine)) {
            put("01234");
            assertSame(Take.MORE, take.from(buffer));
            assertEquals(0, buffer.size());
            put("56789");
            assertThrows(LimitExceededException.class, () -> take.from(buffer));
            assertEquals("0123456", new String((byte[]) Take.exactly(7).from(buffer), UTF_8));
            buffer.letGo();
            Take.exactly(3).from(buffer);
            buffer.hold(8);
        }
    }

    @Example
    void delimiterIsFoundInWhatWasGivenBack() throws IOException {
        buffer.hold(9);
        put("a;b");
        Take.exactly(3).from(buffer);
        put("cdefg");
        Take<byte[]> until = Take.until(';', 99);
        assertSame(Take.MORE, until.from(buffer));
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
        Take<String> line = Take.line(UTF_8, 1_000);
        List<String> lines = new ArrayList<>();
        int sent = 0;
        int turn = 0;
        while (true) {
            Object value = line.from(in);
            if (value == null) {
                break;
            } else if (value != Take.MORE) {
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
