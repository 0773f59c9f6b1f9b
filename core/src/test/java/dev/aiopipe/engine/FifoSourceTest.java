package dev.aiopipe.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FifoSourceTest {
    private static final Take<String> LINE = Take.line(StandardCharsets.UTF_8, 100);

    /** A writer that comes, writes and leaves between a read that found nothing and the question that is to explain it. */
    private final class Hasty implements FifoSource.Fifo {
        private String next;

        @Override
        public int open() throws IOException {
            return LibC.open(path.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK);
        }

        @Override
        public boolean isHungUp(int number) throws IOException {
            if (next != null) {
                writeAndLeave(next);
                next = null;
            }
            return FifoSource.Fifo.super.isHungUp(number);
        }
    }

    @TempDir
    Path directory;

    private final Loop loop = new Loop("fifo");
    private final Hasty fifo = new Hasty();
    private Path path;

    @BeforeEach
    void make() throws IOException {
        Assumptions.assumeTrue(NativeAccess.canAdopt());
        path = directory.resolve("fifo");
        FifoOrigin.create(path);
    }

    @AfterEach
    void close() {
        loop.close();
    }

    private void writeAndLeave(String text) throws IOException {
        try (FileOutputStream writer = new FileOutputStream(path.toFile())) {
            writer.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    @DisplayName("E11 the first writer leaves while the first read looks for it: its line comes before its end")
    void firstWriterLeavesDuringTheFirstRead() throws IOException {
        Input input = FifoSource.open(fifo.open(), fifo, true, loop, () -> {}, "fifo", null);
        fifo.next = "line\n";
        assertEquals("line", input.start(LINE));
        assertNull(input.start(LINE));

        fifo.next = "of the next one\n"; // behind an end the FIFO was opened anew, and is as fresh
        assertEquals("of the next one", input.start(LINE));
        assertNull(input.start(LINE));
        input.close();
    }

    @Test
    @DisplayName("E11 a first writer that leaves without a byte during the first read is an end")
    void firstWriterLeavesWithoutAByte() throws IOException {
        Input input = FifoSource.open(fifo.open(), fifo, true, loop, () -> {}, "fifo", null);
        assertSame(Take.MORE, input.start(LINE));
        Readiness.Waiter waiter = () -> {};
        input.await(waiter);
        fifo.next = "";
        assertNull(input.proceed(waiter, LINE));
        input.close();
    }
}
