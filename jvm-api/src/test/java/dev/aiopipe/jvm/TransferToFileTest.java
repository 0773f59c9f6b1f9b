package dev.aiopipe.jvm;

import static dev.aiopipe.jvm.Futures.failure;
import static dev.aiopipe.jvm.Futures.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aiopipe.BrokenPipeException;
import dev.aiopipe.jvm.Link.Kind;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.NothingLeft;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** From a reader to a file that the transfer opens: each byte is in one place, whatever happens. */
@ExtendWith(NothingLeft.class)
class TransferToFileTest {
    private static final int SIZE = 3_000_000;

    private final byte[] data = new byte[SIZE];
    private Link link;
    private Path file;

    @TempDir
    Path directory;

    @BeforeEach
    void open() throws IOException {
        new Random(1).nextBytes(data);
        link = Kind.PIPE.open();
        file = directory.resolve("file");
    }

    @AfterEach
    void close() {
        link.close();
    }

    @Test
    @DisplayName("everything is moved, and then the file is closed, not the reader")
    void all() throws IOException {
        link.writer().write(data).thenRun(link.writer()::close);
        CompletableFuture<Long> moved = link.reader().transferTo(file);
        failure(ReadPendingException.class, link.reader().readLine());
        failure(ReadPendingException.class, link.reader().transferTo(directory.resolve("other")));
        assertEquals(SIZE, get(moved));
        assertArrayEquals(data, Files.readAllBytes(file));
        assertFalse(Files.exists(directory.resolve("other")));
        assertEquals(0, get(link.reader().transferTo(file, StandardOpenOption.APPEND)));
        assertEquals(SIZE, Files.size(file));
        assertEquals(0, get(link.reader().transferTo(file)));
        assertEquals(0, Files.size(file));
    }

    @Test
    @DisplayName("a file that can't be opened, or written to, fails the transfer, and nothing was taken")
    void refused() {
        link.writer().write("data");
        failure(NoSuchFileException.class, link.reader().transferTo(directory.resolve("none/file")));
        failure(IOException.class, link.reader().transferTo(directory));
        assertThrows(IllegalArgumentException.class, () -> link.reader().transferTo(file, StandardOpenOption.READ));
        if (Files.exists(Path.of("/dev/full"))) {
            failure(IOException.class, link.reader().transferTo(Path.of("/dev/full"), StandardOpenOption.WRITE));
        }
        assertEquals("data", new String(get(link.reader().readExactly(4))));
    }

    @Test
    @DisplayName("a transfer that is cancelled again and again: each byte is in the file or readable, in order")
    void cancelled() throws IOException {
        Random random = new Random(2);
        link.writer().write(data).thenRun(link.writer()::close);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        long inFiles = 0;
        for (int part = 0; all.size() < SIZE; part++) {
            Path each = directory.resolve("part " + part);
            CompletableFuture<Long> moved = link.reader().transferTo(each);
            for (int i = random.nextInt(20_000); i > 0; i--) {
                Thread.onSpinWait();
            }
            moved.cancel(true);
            byte[] next = Await.until("the call that is under way has returned", this::some, bytes -> bytes != null);
            byte[] written = Files.exists(each) ? Files.readAllBytes(each) : new byte[0];
            inFiles += written.length;
            all.write(written);
            all.write(next);
        }
        assertArrayEquals(data, all.toByteArray());
        assertTrue(inFiles > 0, "no transfer has moved anything");
    }

    /** Reads some bytes; null if the cancelled transfer still has the reader. */
    private byte[] some() {
        CompletableFuture<byte[]> read = link.reader().readAtMost(10_000);
        if (read.isCompletedExceptionally()) {
            failure(ReadPendingException.class, read);
            return null;
        }
        return get(read);
    }

    @Test
    @DisplayName("a transfer that waits for input can be cancelled, and frees the reader at once")
    void cancelledWithoutInput() throws IOException {
        for (int i = 0; i < 100; i++) {
            CompletableFuture<Long> moved = link.reader().transferTo(file);
            get(link.writer().write("data"));
            Await.until("the bytes are in the file", () -> Files.exists(file) && size() == 4);
            assertTrue(moved.cancel(true));
            Await.until("the write has returned", () -> link.reader().buffered() == 0 && isFree());
            get(link.writer().writeLine("line"));
            assertEquals("line", get(link.reader().readLine()));
            Files.delete(file);
        }
    }

    private long size() {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private boolean isFree() {
        return get(link.reader().request(0).handle((value, failure) -> failure == null));
    }

    @Test
    @DisplayName("the close of the reader fails the transfer, and from then on no write to it succeeds")
    void closed() throws IOException {
        CompletableFuture<Long> moved = link.reader().transferTo(file);
        get(link.writer().write(Arrays.copyOf(data, 200_000)));
        Await.until("the bytes are in the file", () -> size() == 200_000);
        link.reader().close();
        failure(BrokenPipeException.class, link.writer().write("x"));
        failure(ClosedChannelException.class, moved);
        assertArrayEquals(Arrays.copyOf(data, 200_000), Files.readAllBytes(file));
    }

    @Test
    @DisplayName("a view with a timeout ends a transfer whose stream is silent")
    void timeout() throws IOException {
        link.writer().write("data");
        failure(
                TimeoutException.class,
                link.reader().withTimeout(Duration.ofMillis(50)).transferTo(file));
        assertEquals("data", Files.readString(file));
        link.writer().writeLine("more");
        assertEquals("more", get(link.reader().readLine()));
    }

    @Test
    @DisplayName("a block that fails gives back what its transfer has written")
    void rolledBack() throws IOException {
        byte[] some = Arrays.copyOf(data, 50_000);
        link.writer().write(some).thenRun(link.writer()::close);
        failure(
                IllegalStateException.class,
                link.reader()
                        .atomically(r -> r.transferTo(file).thenCompose(moved -> {
                            throw new IllegalStateException("after the transfer");
                        })));
        assertArrayEquals(some, Files.readAllBytes(file));
        assertArrayEquals(some, get(link.reader().readAll()));
    }

    @Test
    @DisplayName("several transfers at once, each to its file")
    void several() throws IOException {
        Link[] links = new Link[8];
        CompletableFuture<?>[] moved = new CompletableFuture<?>[links.length];
        for (int i = 0; i < links.length; i++) {
            Link each = Kind.PIPE.open();
            links[i] = each;
            each.writer().write(Arrays.copyOfRange(data, i, 1_000_000)).thenRun(each.writer()::close);
            moved[i] = each.reader().transferTo(directory.resolve("" + i));
        }
        for (int i = 0; i < links.length; i++) {
            assertEquals(1_000_000L - i, get(moved[i]));
            assertArrayEquals(Arrays.copyOfRange(data, i, 1_000_000), Files.readAllBytes(directory.resolve("" + i)));
            links[i].close();
        }
    }

    @Test
    @DisplayName("a file is written to a pipe, and closed; one that can't be read fails the transfer")
    void fromFile() throws IOException {
        Files.write(file, data);
        CompletableFuture<Long> moved = link.writer().transferFrom(file);
        assertArrayEquals(data, get(link.reader().readExactly(SIZE)));
        assertEquals(SIZE, get(moved));
        failure(NoSuchFileException.class, link.writer().transferFrom(directory.resolve("none")));
        failure(IOException.class, link.writer().transferFrom(directory));
        link.writer().close();
        failure(ClosedChannelException.class, link.writer().transferFrom(file));
    }

    @Test
    @DisplayName("a transfer from a file that is cancelled has sent, or owes, its beginning, and closes the file")
    void fromFileCancelled() throws IOException {
        Files.write(file, data);
        for (int attempt = 0; attempt < 50; attempt++) {
            try (Link each = Kind.PIPE.open()) {
                CompletableFuture<Long> moved = each.writer().transferFrom(file);
                byte[] head = get(each.reader().readAtMost(attempt * 1_000));
                moved.cancel(true);
                Await.until("it is over", moved::isDone);
                each.writer().close();
                byte[] rest = get(each.reader().readAll());
                assertTrue(rest.length <= 256 * 1024, () -> "sent and owed: " + rest.length);
                assertArrayEquals(Arrays.copyOf(data, head.length), head);
                assertArrayEquals(Arrays.copyOfRange(data, head.length, head.length + rest.length), rest);
            }
        }
    }

    @Test
    @DisplayName("a transfer that is cancelled while its FIFO is opened closes that when it is open")
    void cancelledWhileOpening() throws Exception {
        Path fifo = directory.resolve("fifo");
        assumeTrue(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor() == 0);
        CompletableFuture<Long> from = link.writer().transferFrom(fifo);
        assertTrue(from.cancel(true));
        Files.write(fifo, new byte[0]); // opens it to write, so that the other open returns
        get(link.writer().writeLine("line"));
        assertEquals("line", get(link.reader().readLine()));
    }
}
