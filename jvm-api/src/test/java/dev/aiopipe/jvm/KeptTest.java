package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.aiopipe.AioPipe;
import dev.aiopipe.WriteEnd;
import dev.aiopipe.testkit.Garbage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A future that is not done keeps what it needs, though its user holds nothing else. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KeptTest {
    private final Logger logger = Logger.getLogger("dev.aiopipe");

    @TempDir
    private Path directory;

    @BeforeEach
    void silence() {
        logger.setUseParentHandlers(false); // what is lost in the end is closed with a warning
    }

    @AfterEach
    void speak() {
        logger.setUseParentHandlers(true);
    }

    /** Goes on when the garbage has been collected. */
    private CompletableFuture<AsyncProcess> start(String before, String after) {
        String script = before + "; while [ ! -e go ]; do sleep 0.01; done; " + after;
        return AsyncPipes.start(new ProcessBuilder("sh", "-c", script).directory(directory.toFile()));
    }

    private <T> T afterCollection(CompletableFuture<T> future) throws IOException {
        Garbage.collect();
        Files.createFile(directory.resolve("go"));
        return get(future);
    }

    @Test
    @DisplayName("start(…).thenCompose(p -> p.stdout().readText()) reads all, and the child can report meanwhile")
    void readText() throws IOException {
        assertEquals(
                "1\n2\n",
                afterCollection(start("echo 1", "echo warning >&2; echo 2")
                        .thenCompose(child -> child.stdout().readText())));
    }

    @Test
    @DisplayName("start(…).thenCompose(AsyncProcess::onExit): the child can write to the end")
    void onExit() throws IOException {
        assertEquals(
                3,
                afterCollection(start("echo 1", "echo warning >&2; echo 2 || exit 4; exit 3")
                        .thenCompose(AsyncProcess::onExit)));
    }

    @Test
    @DisplayName("a loop over one output keeps the child's stdin open")
    void loop() throws IOException {
        StringBuffer lines = new StringBuffer();
        afterCollection(start("exec 3<&0; (read x <&3; echo ended) & echo 1", "echo 2; kill $!")
                .thenCompose(child -> child.stdout().forEachLine(lines::append)));
        assertEquals("12", lines.toString());
    }

    @Test
    @DisplayName("open(tx).thenCompose(onReaderGone) is done when the reader goes, not before")
    void readerGone() throws IOException {
        AioPipe pipe = AioPipe.create();
        CompletableFuture<Void> gone = goneOf(pipe.tx());
        Garbage.collect();
        assertFalse(gone.isDone());
        pipe.rx().close();
        get(gone);
    }

    private static CompletableFuture<Void> goneOf(WriteEnd end) {
        return AsyncPipes.open(end).thenCompose(AsyncPipeWriter::onReaderGone);
    }
}
