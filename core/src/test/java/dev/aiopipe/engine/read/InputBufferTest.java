package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.LimitExceededException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

class InputBufferTest {
    private static final TextDecoder UTF_8 = new TextDecoder(StandardCharsets.UTF_8, CodingErrorAction.REPLACE);

    /** One thing that is done to the buffer and to the model. The numbers mean what the action makes of them. */
    private record Step(Action action, int size, int seed) {}

    private enum Action {
        FILL,
        FILL_UP,
        TAKE,
        TAKE_ALL,
        TAKE_INTO,
        TAKE_LINE,
        FIND_NEWLINE,
        FIND_BYTE,
        FIND_BYTES,
        HOLD,
        GIVE_BACK,
        LET_GO
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> sizes = Arbitraries.frequencyOf(
                Tuple.of(6, Arbitraries.integers().between(0, 40)),
                Tuple.of(2, Arbitraries.integers().between(0, 70_000)),
                Tuple.of(2, Arbitraries.of(8 * 1024, 64 * 1024, 128 * 1024)));
        return Combinators.combine(Arbitraries.of(Action.class), sizes, Arbitraries.integers())
                .as(Step::new)
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 500)
    void behavesAsTheModel(@ForAll("steps") List<Step> steps) {
        Model model = new Model();
        for (Step step : steps) {
            model.run(step);
            model.compare();
        }
    }

    @Example
    void largeArraysAreDropped() throws Exception {
        InputBuffer buffer = new InputBuffer(() -> "stream");
        for (int i = 0; i < 100; i++) {
            ByteBuffer space = buffer.space();
            buffer.filled(space.remaining());
        }
        assertTrue(buffer.space().array().length > 4_000_000);
        buffer.take(buffer.size());
        assertEquals(2 * InputBuffer.READ_SIZE, buffer.space().array().length);
    }

    @Example
    void smallStreamsGetSmallArrays() throws Exception {
        InputBuffer buffer = new InputBuffer(() -> "stream");
        for (int i = 0; i < 1_000; i++) {
            assertEquals(1024, buffer.space().remaining());
            buffer.filled(10);
            buffer.take(10);
        }
    }

    @Example
    void streamsThatFillItGetLargeArrays() throws Exception {
        InputBuffer buffer = new InputBuffer(() -> "stream");
        for (int i = 0; i < 10; i++) {
            buffer.filled(buffer.space().remaining());
            buffer.take(buffer.size()); // all of it, as a reader of chunks does
        }
        assertEquals(InputBuffer.READ_SIZE, buffer.space().remaining());
    }

    @Example
    void readsGoThroughLittleMemory() throws Exception {
        InputBuffer buffer = new InputBuffer(() -> "stream");
        for (int i = 0; i < 1_000; i++) {
            ByteBuffer space = buffer.space();
            assertTrue(space.position() <= 20);
            buffer.filled(space.remaining());
            buffer.take(buffer.size() - i % 20); // the beginning of a line stays
        }
    }

    @Example
    void linesBehindGigabytesOfChunks() throws Exception {
        InputBuffer buffer = new InputBuffer(() -> "stream");
        for (int i = 0; i < 40_000; i++) {
            buffer.filled(buffer.space().remaining());
            buffer.take(buffer.size());
        }
        buffer.space().put(new byte[] {'x', '\n'});
        buffer.filled(2);
        assertEquals(1, buffer.indexOfNewline());
    }

    @Example
    void positionInALongLineIsRemembered() {
        InputBuffer buffer = new InputBuffer(() -> "stream");
        for (int i = 0; i < 100_000; i++) { // looked through from the start each time it would be hundreds of gigabytes
            ByteBuffer space = buffer.space();
            int count = Math.min(space.remaining(), 100);
            space.put(new byte[count]);
            buffer.filled(count);
            assertEquals(-1, buffer.indexOfNewline());
        }
    }

    /** The buffer, and an array that is always copied. */
    private static final class Model {
        private final InputBuffer buffer = new InputBuffer(() -> "stream");
        private byte[] bytes = {};
        private byte[] kept = {};
        private int limit = -1;

        void run(Step step) {
            int size = Math.min(step.size(), bytes.length);
            switch (step.action()) {
                case FILL -> fill(step.size(), new Random(step.seed()));
                case FILL_UP -> fill(Integer.MAX_VALUE, new Random(step.seed()));
                case TAKE -> take(size);
                case TAKE_ALL -> take(bytes.length);
                case TAKE_INTO -> takeInto(size);
                case TAKE_LINE -> takeLine(step.size());
                case FIND_NEWLINE -> assertEquals(find(new byte[] {'\n'}, 0), buffer.indexOfNewline());
                case FIND_BYTE -> {
                    byte wanted = letter(new Random(step.seed()));
                    assertEquals(find(new byte[] {wanted}, size), buffer.indexOf(wanted, size));
                }
                case FIND_BYTES -> {
                    Random random = new Random(step.seed());
                    byte[] wanted = letters(1 + random.nextInt(4), random);
                    assertEquals(find(wanted, size), buffer.indexOf(wanted, size));
                }
                case HOLD -> hold(step.size());
                case GIVE_BACK -> giveBack(Math.min(step.size(), kept.length));
                case LET_GO -> {
                    buffer.stopRetaining();
                    kept = new byte[0];
                    limit = -1;
                }
            }
        }

        private void fill(int count, Random random) {
            ByteBuffer space = buffer.space();
            assertTrue(space.remaining() >= 1 && space.remaining() <= InputBuffer.READ_SIZE);
            byte[] added = letters(Math.min(count, space.remaining()), random);
            space.put(added);
            buffer.filled(added.length);
            bytes = concat(bytes, added);
        }

        private void take(int count) {
            if (isTooMuch(count)) {
                assertEquals(
                        limit,
                        assertThrows(LimitExceededException.class, () -> buffer.take(count))
                                .limit());
                return;
            }
            try {
                buffer.take(count);
            } catch (LimitExceededException e) {
                throw new AssertionError(e);
            }
            taken(count);
        }

        private void takeInto(int count) {
            ByteBuffer target = ByteBuffer.allocate(count + 1);
            if (isTooMuch(count)) {
                assertThrows(LimitExceededException.class, () -> buffer.take(target, count));
                assertEquals(0, target.position());
                return;
            }
            try {
                buffer.take(target, count);
            } catch (LimitExceededException e) {
                throw new AssertionError(e);
            }
            assertArrayEquals(Arrays.copyOf(bytes, count), Arrays.copyOf(target.array(), target.position()));
            taken(count);
        }

        /** Behind a line whose end did not count more may be kept than the limit; to take nothing is no more. */
        private boolean isTooMuch(int count) {
            return limit >= 0 && count > 0 && kept.length + count > limit;
        }

        private void takeLine(int most) {
            int newline = buffer.indexOfNewline();
            boolean last = newline < 0;
            int end = last ? bytes.length : newline;
            int next = last ? end : newline + 1;
            if (!last && end > 0 && bytes[end - 1] == '\r') {
                end--;
            }
            if (end > most || limit >= 0 && next > 0 && (kept.length >= limit || kept.length + end > limit)) {
                assertEquals(
                        end > most ? most : limit,
                        assertThrows(LimitExceededException.class, () -> line(newline, most))
                                .limit());
                return;
            }
            try {
                assertEquals(new String(bytes, 0, end, StandardCharsets.UTF_8), line(newline, most));
            } catch (LimitExceededException | CharacterCodingException e) {
                throw new AssertionError(e);
            }
            taken(next);
        }

        private String line(int newline, int most) throws LimitExceededException, CharacterCodingException {
            return newline < 0 ? buffer.takeLastLine(most, UTF_8) : buffer.takeLine(newline, most, UTF_8);
        }

        private void taken(int count) {
            if (limit >= 0) {
                kept = concat(kept, Arrays.copyOf(bytes, count));
            }
            bytes = Arrays.copyOfRange(bytes, count, bytes.length);
        }

        private void hold(int most) {
            if (limit < 0) { // holds are not nested here: Input keeps the outermost
                buffer.retain(most);
                limit = most;
            }
        }

        private void giveBack(int count) {
            buffer.putBack(count);
            bytes = concat(Arrays.copyOfRange(kept, kept.length - count, kept.length), bytes);
            kept = Arrays.copyOf(kept, kept.length - count);
        }

        void compare() {
            assertEquals(bytes.length, buffer.size());
            assertEquals(kept.length, buffer.retained());
            assertArrayEquals(bytes, buffer.copy(bytes.length));
            int some = Math.min(bytes.length, 100);
            for (int i = 0; i < some; i++) {
                assertEquals(bytes[i], buffer.get(i));
            }
        }

        private int find(byte[] wanted, int from) {
            for (int i = from; i <= bytes.length - wanted.length; i++) {
                if (Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                    return i;
                }
            }
            return -1;
        }

        private static byte[] letters(int count, Random random) {
            byte[] letters = new byte[count];
            boolean plain = random.nextBoolean(); // long runs without a newline, too
            for (int i = 0; i < count; i++) {
                letters[i] = plain ? (byte) 'x' : letter(random);
            }
            return letters;
        }

        /** Few different ones, and those whose bits look alike. */
        private static byte letter(Random random) {
            return new byte[] {'\n', '\n' + 1, '\n' ^ (byte) 0x80, '\r', 'a', 'b', 0, 1, -1}[random.nextInt(9)];
        }

        private static byte[] concat(byte[] first, byte[] second) {
            byte[] both = Arrays.copyOf(first, first.length + second.length);
            System.arraycopy(second, 0, both, first.length, second.length);
            return both;
        }
    }
}
