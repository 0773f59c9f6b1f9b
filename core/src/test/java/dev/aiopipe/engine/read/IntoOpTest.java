package dev.aiopipe.engine.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.LineEnds;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.testkit.ScriptedSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A read into a large buffer of the user's, past the buffer of the stream. */
class IntoOpTest {
    private static final ReadOps OPS = new ReadOps(StandardCharsets.UTF_8, 100);
    private static final int LARGE = 16 * 1024;

    private final ScriptedSource source = new ScriptedSource();
    private final Readiness readiness = new Readiness(Readiness.OWN_SIGNALS);
    private final Input input = new Input(source, readiness);
    private final ByteBuffer target =
            ByteBuffer.allocateDirect(LARGE + 2).position(1).limit(LARGE + 1);

    /** What the source was last asked to fill. */
    private ByteBuffer asked;

    @AfterEach
    void close() {
        input.close();
    }

    @Test
    void theSourceFillsTheTarget() throws IOException {
        thenPiece("abc");
        assertEquals(3, input.start(OPS.into(target)));
        assertTrue(asked.isDirect(), "the user's buffer, not that of the stream");
        assertEquals(LARGE, asked.capacity() - 2);
        assertEquals("abc", inTarget());
        assertEquals(0, input.buffered());
        assertEquals("open", input.state());
    }

    @Test
    void theNextReadOfAnyKindGoesOn() throws IOException {
        thenPiece("abc").thenBytes("one\n");
        input.start(OPS.into(target));
        assertSame(ReadOp.MORE, input.start(OPS.line()), "a short read has emptied the source");
        assertEquals("one", input.retry(OPS.line()));
    }

    @Test
    void bufferedBytesComeFirst() throws IOException {
        source.thenBytes("one\ntwo");
        input.start(OPS.line());
        thenPiece("three");
        assertEquals(3, input.start(OPS.into(target)));
        assertEquals("two", inTarget());
    }

    @Test
    void aSmallTargetIsFilledFromTheBuffer() throws IOException {
        source.thenBytes("abcdef");
        assertEquals(4, input.start(OPS.into(ByteBuffer.allocateDirect(4))));
        assertEquals(2, input.buffered());
    }

    @Test
    @DisplayName("at most 64 KiB at once: the JDK copies a read into a heap buffer through a buffer as large")
    void isLimited() throws IOException {
        ByteBuffer huge = ByteBuffer.allocate(1 << 20);
        source.then(space -> {
            int room = space.remaining();
            space.position(space.limit());
            return room;
        });
        assertEquals(64 * 1024, input.start(OPS.into(huge)));
        assertEquals(64 * 1024, huge.position());
        assertEquals(1 << 20, huge.limit());
    }

    @Test
    void theEnd() throws IOException {
        source.thenEnd();
        assertEquals(-1, input.start(OPS.into(target)));
        assertEquals(1, target.position());
    }

    @Test
    void aFailureLeavesTheTarget() throws IOException {
        source.then(space -> {
            space.put((byte) 'x');
            throw new IOException("scripted");
        });
        assertThrows(IOException.class, () -> input.start(OPS.into(target)));
        assertEquals(1, target.position());
    }

    @Test
    @DisplayName("a read that is given up leaves the target alone, though the loop's thread has read for it")
    void abandonedAfterAServe() throws IOException {
        ReadOp<Integer> op = OPS.into(target);
        CountingWaiter waiter = new CountingWaiter(input, op);
        assertSame(ReadOp.MORE, input.start(op));
        assertTrue(input.await(waiter));
        source.thenBytes("abc");
        readiness.signal().signalled();
        assertEquals(1, target.position());
        input.abandon(waiter);
        assertEquals(3, input.start(OPS.into(target)));
        assertEquals("abc", inTarget());
    }

    @Test
    void aTransactionCanPutThemBack() throws Exception {
        ReadTransaction transaction = ReadTransaction.begin(input, null, 100);
        source.thenBytes("one\n");
        assertEquals(4, input.start(OPS.into(target), transaction));
        transaction.rollBack();
        assertEquals("one", input.start(OPS.line()));
    }

    @Test
    @DisplayName("the \\n after a lone \\r belongs to the line before, and does not get into the target")
    void pendingNewline() throws IOException {
        ReadOps ops = new ReadOps(StandardCharsets.UTF_8, 100, LineEnds.ANY, CodingErrorAction.REPLACE, true);
        source.emptyAfterShortRead = false;
        source.thenBytes("one\r").thenBytes("\nabc");
        assertEquals("one", input.start(ops.line()));
        assertEquals(3, input.start(ops.into(target)));
        assertEquals("abc", inTarget());
    }

    private ScriptedSource thenPiece(String text) {
        return source.then(space -> {
            asked = space;
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            space.put(bytes);
            return bytes.length;
        });
    }

    private String inTarget() {
        return StandardCharsets.UTF_8
                .decode(target.duplicate().flip().position(1))
                .toString();
    }
}
