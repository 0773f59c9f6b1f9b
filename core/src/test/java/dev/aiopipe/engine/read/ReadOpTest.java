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
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private static final Charset UTF_8 = StandardCharsets.UTF_8;

    private final InputBuffer buffer = new InputBuffer(() -> "stream");

    @Example
    void lineAtTheLimitIsTakenWithEitherLineEnd() throws IOException {
        for (String end : List.of("\n", "\r\n")) {
            put("123" + end);
            assertEquals("123", new ReadOps(UTF_8, 3).line().attempt(buffer));
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
                                    () -> new ReadOps(UTF_8, 3).line().attempt(buffer))
                            .limit());
            assertEquals(text.length(), buffer.size());
            drop();
        }
    }

    @Example
    void carriageReturnBehindTheLimitMayBeHalfOfALineEnd() throws IOException {
        put("123\r");
        assertSame(ReadOp.MORE, new ReadOps(UTF_8, 3).line().attempt(buffer));
        assertSame(ReadOp.MORE, new ReadOps(UTF_8, 3).requestLine().attempt(buffer));
        put("\n");
        assertEquals("123", new ReadOps(UTF_8, 3).line().attempt(buffer));
    }

    @Example
    void carriageReturnAtTheEndIsData() throws IOException {
        put("12\r");
        buffer.ended(true);
        assertEquals("12\r", new ReadOps(UTF_8, 3).line().attempt(buffer));
        put("123\r");
        assertThrows(
                LimitExceededException.class, () -> new ReadOps(UTF_8, 3).line().attempt(buffer));
    }

    @Example
    void lineAtTheEndNeedsNoLineEnd() throws IOException {
        put("a\nb");
        buffer.ended(true);
        assertEquals("a", new ReadOps(UTF_8, 3).line().attempt(buffer));
        assertEquals(true, new ReadOps(UTF_8, 3).requestLine().attempt(buffer));
        assertEquals("b", new ReadOps(UTF_8, 3).line().attempt(buffer));
        assertEquals(false, new ReadOps(UTF_8, 3).requestLine().attempt(buffer));
        assertNull(new ReadOps(UTF_8, 3).line().attempt(buffer));
    }

    @Example
    void requestLineIsTrueForALineOverTheLimit() throws IOException {
        put("123");
        assertSame(ReadOp.MORE, new ReadOps(UTF_8, 3).requestLine().attempt(buffer));
        put("4");
        assertEquals(true, new ReadOps(UTF_8, 3).requestLine().attempt(buffer));
    }

    @Example
    void limitOfUntilIsBeforeTheDelimiter() throws IOException {
        byte[] delimiter = {';', ';'};
        put("123;");
        ReadOp<byte[]> until = OPS.until(delimiter, 3);
        assertSame(ReadOp.MORE, until.attempt(buffer));
        put(";4");
        assertArrayEquals("123;;".getBytes(UTF_8), (byte[]) until.attempt(buffer));
        put("56");
        assertSame(ReadOp.MORE, OPS.until(delimiter, 3).attempt(buffer));
        put("7;");
        assertThrows(LimitExceededException.class, () -> OPS.until(delimiter, 3).attempt(buffer));
        assertEquals(5, buffer.size());
    }

    @Example
    void untilAtTheEndTellsWhatIsThere() {
        put("12;");
        buffer.ended(true);
        IncompleteReadException failure = assertThrows(
                IncompleteReadException.class,
                () -> OPS.until(new byte[] {';', ';'}, 9).attempt(buffer));
        assertEquals(-1, failure.expected());
        assertEquals(3, failure.available());
    }

    @Example
    void skipLineDropsLongLinesInPieces() throws IOException {
        ReadOp<Long> skip = new ReadOps(UTF_8, 3).skipLine();
        put("123");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        assertEquals(3, buffer.size());
        put("4");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        assertEquals(0, buffer.size());
        put("5");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        put("\n6");
        assertEquals(6L, skip.attempt(buffer));
        assertSame(ReadOp.MORE, new ReadOps(UTF_8, 3).skipLine().attempt(buffer));
        buffer.ended(true);
        assertEquals(1L, new ReadOps(UTF_8, 3).skipLine().attempt(buffer));
        assertEquals(0L, new ReadOps(UTF_8, 3).skipLine().attempt(buffer));
    }

    @Example
    void skipOfMoreThanIsBufferedDropsInPieces() throws IOException {
        ReadOp<Long> skip = new ReadOps(UTF_8, 3).skip(10);
        assertSame(ReadOp.MORE, skip.valueIfCancelled());
        put("1234");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        assertEquals(0, buffer.size());
        assertEquals(4L, skip.valueIfCancelled());
        put("567890abc");
        assertEquals(10L, skip.attempt(buffer));
        assertEquals(3, buffer.size());
    }

    @Example
    void skipDoesNotCountWhatWasGivenBack() throws IOException {
        buffer.retain(100);
        ReadOp<Long> skip = new ReadOps(UTF_8, 3).skip(10);
        put("1234");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        buffer.putBack(1);
        assertEquals(3L, skip.valueIfCancelled());
        put("567");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        assertEquals(7L, skip.valueIfCancelled());
        put("890abc");
        assertEquals(10L, skip.attempt(buffer));
        assertEquals(3, buffer.size());
        buffer.putBack(10);
        assertSame(ReadOp.MORE, skip.valueIfCancelled());
    }

    @Example
    void skipOverTheLimitOfABlockHasNoValue() throws IOException {
        buffer.retain(5);
        ReadOp<Long> skip = new ReadOps(UTF_8, 3).skip(10);
        put("1234");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        put("567");
        assertThrows(LimitExceededException.class, () -> skip.attempt(buffer));
        assertSame(ReadOp.MORE, skip.valueIfCancelled());
        assertEquals(7, buffer.size());
    }

    @Example
    void upToWaitsForAllOrTheEnd() throws IOException {
        ReadOp<byte[]> three = OPS.upTo(3);
        put("12");
        assertSame(ReadOp.MORE, three.attempt(buffer));
        put("345");
        assertEquals(3, ((byte[]) three.attempt(buffer)).length);
        assertFalse(three.reportedEnd());
        buffer.ended(true);
        ReadOp<byte[]> rest = OPS.upTo(3);
        assertEquals(2, ((byte[]) rest.attempt(buffer)).length);
        assertTrue(rest.reportedEnd());
    }

    @Example
    void mappedTakeIsLikeItsOriginal() throws IOException {
        assertTrue(ReadOp.look(in -> ReadOp.MORE).map(value -> value).consumesNothing());
        assertTrue(OPS.text(9).reportedEnd());
        ReadOp<String> skip = new ReadOps(UTF_8, 3).skip(10).map(count -> "dropped " + count);
        assertSame(ReadOp.MORE, skip.valueIfCancelled());
        put("1234");
        assertSame(ReadOp.MORE, skip.attempt(buffer));
        assertEquals("dropped 4", skip.valueIfCancelled());
    }

    @Example
    void allCountsItsLimit() throws IOException {
        put("123");
        assertSame(ReadOp.MORE, OPS.all(3).attempt(buffer));
        assertThrows(LimitExceededException.class, () -> OPS.all(2).attempt(buffer));
        buffer.ended(true);
        assertEquals(3, ((byte[]) OPS.all(3).attempt(buffer)).length);
    }

    @Example
    void countedTakesAtTheEnd() throws IOException {
        put("123");
        assertSame(ReadOp.MORE, OPS.exactly(4).attempt(buffer));
        assertSame(ReadOp.MORE, new ReadOps(UTF_8, 9).skip(4).attempt(buffer));
        assertSame(ReadOp.MORE, OPS.request(4).attempt(buffer));
        buffer.ended(true);
        assertThrows(IncompleteReadException.class, () -> OPS.exactly(4).attempt(buffer));
        assertThrows(
                IncompleteReadException.class,
                () -> OPS.exactly(ByteBuffer.allocate(4)).attempt(buffer));
        assertEquals(false, OPS.request(4).attempt(buffer));
        assertEquals(3L, new ReadOps(UTF_8, 9).skip(4).attempt(buffer));
        assertEquals(-1, OPS.into(ByteBuffer.allocate(4)).attempt(buffer));
        assertEquals(0, ((byte[]) OPS.atMost(4).attempt(buffer)).length);
    }

    @Example
    void takesThatAskForMoreTakeNothing() throws IOException {
        List<ReadOp<?>> takes = List.of(
                new ReadOps(UTF_8, 9).line(),
                new ReadOps(UTF_8, 9).requestLine(),
                OPS.exactly(4),
                OPS.exactly(ByteBuffer.allocate(4)),
                OPS.until(new byte[] {';'}, 9),
                OPS.all(9),
                new ReadOps(UTF_8, 9).skip(4),
                new ReadOps(UTF_8, 9).skipLine(),
                OPS.request(4));
        put("123");
        for (ReadOp<?> take : takes) {
            assertSame(ReadOp.MORE, take.attempt(buffer));
            assertEquals(3, buffer.size());
        }
    }

    @Example
    void textThatIsHeldIsNotTakenOverTheLimit() {
        put("12345\n");
        buffer.retain(4);
        assertThrows(
                LimitExceededException.class, () -> new ReadOps(UTF_8, 9).line().attempt(buffer));
        assertThrows(LimitExceededException.class, () -> OPS.exactly(5).attempt(buffer));
        ByteBuffer target = ByteBuffer.allocate(5);
        assertThrows(LimitExceededException.class, () -> OPS.exactly(target).attempt(buffer));
        assertEquals(0, target.position());
        assertEquals(6, buffer.size());
    }

    @Example
    void lineOfTheLimitIsHeldWithItsEnd() throws IOException {
        put("12345\r\n6");
        buffer.retain(5);
        assertEquals("12345", new ReadOps(UTF_8, 5).line().attempt(buffer));
        assertThrows(LimitExceededException.class, () -> OPS.atMost(1).attempt(buffer));
        assertThrows(LimitExceededException.class, () -> OPS.toTransfer(1).attempt(buffer));
        buffer.putBack(buffer.retained());
        assertEquals(8, buffer.size());
    }

    @Example
    void lineEndsAloneReachTheLimitToo() throws IOException {
        put("\n".repeat(20));
        buffer.retain(5);
        ReadOp<String> line = new ReadOps(UTF_8, 5).line();
        for (int i = 0; i < 5; i++) {
            assertEquals("", line.attempt(buffer));
        }
        assertThrows(LimitExceededException.class, () -> line.attempt(buffer));
    }

    @Example
    void peekShowsNoMoreThanMayBeHeld() throws IOException {
        put("123456");
        buffer.retain(4);
        assertEquals(4, ((ByteBuffer) OPS.toTransfer(9).attempt(buffer)).remaining());
    }

    @Example
    void transferTakesWhatItsTargetHasAcceptedUpToTheCount() throws IOException {
        put("123456");
        TransferOp transfer = OPS.toTransfer(5);
        for (int accepted : new int[] {2, 0, 3}) {
            ByteBuffer chunk = (ByteBuffer) transfer.attempt(buffer);
            assertEquals((byte) ('1' + transfer.moved()), chunk.get(0));
            assertEquals(5 - transfer.moved(), chunk.remaining());
            assertFalse(transfer.consumesNothing());
            chunk.position(accepted);
            transfer.sent().attempt(buffer);
        }
        assertEquals(5, transfer.moved());
        assertFalse(((ByteBuffer) transfer.attempt(buffer)).hasRemaining());
        assertTrue(transfer.consumesNothing());
        assertEquals(1, buffer.size());
    }

    @Example
    void transferGivesItsChunkAgain() throws IOException {
        put("123");
        TransferOp transfer = OPS.toTransfer(Long.MAX_VALUE);
        ByteBuffer chunk = (ByteBuffer) transfer.attempt(buffer);
        chunk.position(3);
        transfer.sent().attempt(buffer);
        put("4");
        assertSame(chunk, transfer.attempt(buffer));
        assertEquals(1, chunk.remaining());
        assertEquals('4', chunk.get(0));
    }

    @Example
    void piecesThatAreHeldComeBackTogether() throws IOException {
        buffer.retain(8);
        ReadOp<Long> skip = new ReadOps(UTF_8, 8).skip(20);
        ReadOp<Long> skipLine = new ReadOps(UTF_8, 3).skipLine();
        for (ReadOp<Long> take : List.of(skip, skipLine)) {
            put("01234");
            assertSame(ReadOp.MORE, take.attempt(buffer));
            assertEquals(0, buffer.size());
            put("56789");
            assertThrows(LimitExceededException.class, () -> take.attempt(buffer));
            assertEquals("0123456", new String((byte[]) OPS.exactly(7).attempt(buffer), UTF_8));
            buffer.stopRetaining();
            OPS.exactly(3).attempt(buffer);
            buffer.retain(8);
        }
    }

    @Example
    void delimiterIsFoundInWhatWasGivenBack() throws IOException {
        buffer.retain(9);
        put("a;b");
        OPS.exactly(3).attempt(buffer);
        put("cdefg");
        ReadOp<byte[]> until = OPS.until(';', 99);
        assertSame(ReadOp.MORE, until.attempt(buffer));
        buffer.putBack(3);
        assertEquals("a;", new String((byte[]) until.attempt(buffer), UTF_8));
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
        ReadOp<String> line = new ReadOps(UTF_8, 1_000).line();
        List<String> lines = new ArrayList<>();
        int sent = 0;
        int turn = 0;
        while (true) {
            Object value = line.attempt(in);
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
