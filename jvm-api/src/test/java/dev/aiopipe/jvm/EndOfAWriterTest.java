package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.aiopipe.IncompleteReadException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** R04, R05: the end of one writer of a FIFO is reported once, whichever read reports it. */
class EndOfAWriterTest {
    private final ScriptedStream source = new ScriptedStream();
    private final AsyncPipeReader reader = source.reader(Runnable::run);
    private final InputStream stream = reader.asInputStream();

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName("R05 readText reports the end together with the text")
    void readText() {
        source.arrive("a").endOfAWriter().arrive("b\n");
        assertEquals("a", get(reader.readText()));
        assertEquals("b", get(reader.readLine()));
    }

    @Test
    @DisplayName("R05 reads of nothing leave the end to the next read")
    void readOfNothing() {
        source.arrive("a").endOfAWriter().arrive("b\n");
        assertEquals("a", get(reader.readLine()));
        get(reader.readExactly(ByteBuffer.allocate(0)));
        get(reader.readExactly(0));
        assertNull(get(reader.readLine()));
        assertEquals("b", get(reader.readLine()));
    }

    @Test
    @DisplayName("R05 readExactly into a buffer that fails has reported the end")
    void readExactly() {
        source.arrive("a").endOfAWriter().arrive("bc");
        ByteBuffer two = ByteBuffer.allocate(2);
        CompletionException failure = assertThrows(
                CompletionException.class, () -> reader.readExactly(two).join());
        assertEquals(IncompleteReadException.class, failure.getCause().getClass());
        assertEquals(0, two.position());
        get(reader.readExactly(two));
        assertEquals("ab", text(two.array()));
    }

    @Test
    @DisplayName("J06 R05 readNBytes that gets fewer has reported the end, one that gets all has not")
    void readNBytes() throws IOException {
        source.arrive("abc").endOfAWriter().arrive("defgh").endOfAWriter().arrive("ij");
        assertEquals("abc", text(stream.readNBytes(9)));
        assertEquals("de", text(stream.readNBytes(2)));
        assertEquals(0, stream.readNBytes(0).length);
        byte[] target = new byte[9];
        assertEquals(3, stream.readNBytes(target, 1, 8));
        assertEquals("fgh", new String(target, 1, 3, StandardCharsets.UTF_8));
        assertEquals("ij", text(stream.readNBytes(2)));
    }

    @Test
    @DisplayName("J06 R05 skipNBytes fails at the end, and does not wait for the next writer")
    void skipNBytes() throws IOException {
        source.arrive("abc").endOfAWriter().arrive("def");
        stream.skipNBytes(2);
        assertThrows(EOFException.class, () -> stream.skipNBytes(2));
        stream.skipNBytes(0);
        stream.skipNBytes(-1);
        assertEquals('d', stream.read());
    }
}
