package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.aiopipe.AioPipe;
import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.DuplexEnd;
import dev.aiopipe.ReadEnd;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a caller gets wrong is told at once, and uses nothing up. */
@ExtendWith(NothingLeft.class)
class ArgumentsTest {
    private static final ProcessBuilder CAT = new ProcessBuilder("cat");

    @Test
    @DisplayName("without options an end is still to be opened")
    void optionsThatAreNull() throws IOException {
        try (AioPipe pipe = AioPipe.create()) {
            assertThrows(NullPointerException.class, () -> AsyncPipes.open(pipe.rx(), null));
            assertThrows(NullPointerException.class, () -> AsyncPipes.open(pipe.tx(), null));
            get(AsyncPipes.open(pipe.rx())).close();
            get(AsyncPipes.open(pipe.tx())).close();
        }
    }

    @Test
    @DisplayName("what is no channel makes no end")
    void channelThatIsNull() {
        assertThrows(NullPointerException.class, () -> ReadEnd.of(null));
        assertThrows(NullPointerException.class, () -> WriteEnd.of(null));
        assertThrows(NullPointerException.class, () -> DuplexEnd.of(null));
        assertThrows(NullPointerException.class, () -> ReadEnd.fifo(null));
        assertThrows(NullPointerException.class, () -> WriteEnd.fifo(null));
    }

    @Test
    @DisplayName("a start refuses what is null, and names it")
    void startOfNothing() throws IOException {
        assertNames("builder", () -> AsyncPipes.start(null));
        assertNames("options", () -> AsyncPipes.start(CAT, Map.of(), null));
        assertThrows(NullPointerException.class, () -> AsyncPipes.start(CAT, null));
        Map<Integer, ReadEnd> noEnd = new HashMap<>();
        noEnd.put(3, null);
        assertNames("end to pass", () -> AsyncPipes.start(CAT, noEnd));
        try (AioPipe pipe = AioPipe.create()) {
            Map<Integer, ReadEnd> noNumber = new HashMap<>();
            noNumber.put(null, pipe.rx());
            assertNames("number of a descriptor to pass", () -> AsyncPipes.start(CAT, noNumber));
            failure(IllegalArgumentException.class, AsyncPipes.start(CAT, Map.of(0, pipe.tx())));
        }
    }

    @Test
    @DisplayName("an action or a block that gives no stage fails its future, and is named")
    void stageThatIsNull() throws IOException {
        try (AioPipe pipe = AioPipe.create();
                AsyncPipeWriter writer = get(AsyncPipes.open(pipe.tx()));
                AsyncPipeReader reader = get(AsyncPipes.open(pipe.rx()))) {
            get(writer.writeLine("line"));
            NullPointerException loop = failure(NullPointerException.class, reader.forEachLineAsync(line -> null));
            assertEquals("the action gave no stage", loop.getMessage());
            NullPointerException block = failure(NullPointerException.class, reader.atomically(inside -> null));
            assertEquals("the block gave no stage", block.getMessage());
        }
    }

    @Test
    @DisplayName("messages name a stream by what it is")
    void names() throws IOException {
        try (AsyncProcess child = get(AsyncPipes.start(new ProcessBuilder("true")))) {
            assertEquals(
                    "AsyncPipeReader[stderr of true, never read]",
                    child.stderr().toString());
            get(child.onExit());
            get(child.stdin().onReaderGone());
            BrokenPipeException broken =
                    failure(BrokenPipeException.class, child.stdin().writeLine("anybody?"));
            assertEquals("nobody reads stdin of true: true has exited with code 0", broken.getMessage());
        }
        try (AioPipe pipe = AioPipe.create()) {
            String name = pipe.rx().toString().substring("ReadEnd".length());
            assertEquals("WriteEnd" + name, pipe.tx().toString());
            assertTrue(name.startsWith("[pipe@"), name);
            try (AsyncPipeReader reader = get(AsyncPipes.open(pipe.rx()))) {
                assertEquals("AsyncPipeReader" + name.replace("]", ", never read]"), reader.toString());
            }
        }
    }

    private static void assertNames(String what, Runnable call) {
        assertEquals(what, assertThrows(NullPointerException.class, call::run).getMessage());
    }
}
