package dev.aiopipe.engine.transport;

import static java.lang.Thread.State.BLOCKED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Readiness;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.ReadOp;
import dev.aiopipe.engine.read.ReadOps;
import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.Posix;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class FifoSourceTest {
    private static final ReadOp<String> LINE = new ReadOps(StandardCharsets.UTF_8, 100).line();

    /**
     * A writer that comes, writes and leaves between a read that found nothing and the question that is to explain it.
     */
    private final class Hasty implements FifoSource.Fifo {
        private String next;

        @Override
        public int open() throws IOException {
            return LibC.open(path.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK);
        }

        @Override
        public boolean isHungUp(int fd) throws IOException {
            if (next != null) {
                writeAndLeave(next);
                next = null;
            }
            return FifoSource.Fifo.super.isHungUp(fd);
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
        Posix.makeFifo(path);
    }

    @AfterEach
    void close() {
        loop.close();
    }

    private Input open(FifoSource.Fifo anew) throws IOException {
        FifoSource source = FifoSource.of(fifo.open(), anew, true, loop);
        return new Input(source, source.registration().input(), "fifo", source.registration());
    }

    private void writeAndLeave(String text) throws IOException {
        try (FileOutputStream writer = new FileOutputStream(path.toFile())) {
            writer.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    @DisplayName("E11 the first writer leaves while the first read looks for it: its line comes before its end")
    void firstWriterLeavesDuringTheFirstRead() throws IOException {
        Input input = open(fifo);
        fifo.next = "line\n";
        assertEquals("line", input.start(LINE));
        assertNull(input.start(LINE));

        fifo.next = "of the next one\n"; // after an end the FIFO is opened anew, as at first
        assertEquals("of the next one", input.start(LINE));
        assertNull(input.start(LINE));
        input.close();
    }

    @Test
    @DisplayName("E11 a first writer that leaves without a byte during the first read is an end")
    void firstWriterLeavesWithoutAByte() throws IOException {
        Input input = open(fifo);
        assertSame(ReadOp.MORE, input.start(LINE));
        Readiness.Waiter waiter = () -> {};
        input.await(waiter);
        fifo.next = "";
        assertNull(input.proceed(waiter, LINE));
        input.close();
    }

    /** Returns whether a writer finds a reader of the FIFO. */
    private boolean hasReader() throws IOException {
        int number = LibC.open(path.toString(), LibC.O_WRONLY | LibC.O_NONBLOCK);
        if (number >= 0) {
            LibC.close(number);
        }
        return number >= 0;
    }

    @Test
    @Timeout(30)
    @DisplayName("nobody reads the FIFO when close has returned, although a read is just opening it anew")
    void closedWhileItIsOpenedAnew() throws Exception {
        Input[] input = {null};
        AtomicReference<Boolean> left = new AtomicReference<>();
        Thread closer = new Thread(() -> {
            try {
                input[0].close();
                left.set(hasReader());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        FifoSource.Fifo closed = () -> {
            int number = fifo.open();
            closer.start();
            Await.until("the close waits or is over", () -> !closer.isAlive() || closer.getState() == BLOCKED);
            return number;
        };
        input[0] = open(closed);
        writeAndLeave("line\n");
        assertEquals("line", input[0].start(LINE));
        assertNull(input[0].start(LINE));
        try {
            assertSame(ReadOp.MORE, input[0].start(LINE));
        } catch (AsynchronousCloseException e) {
            assertNotNull(e.getMessage()); // it looked after the close
        }
        closer.join();
        assertEquals(false, left.get());
    }

    @Test
    @Timeout(30)
    @DisplayName("nobody reads the FIFO when close has returned, also if a thread reads it")
    void closedWhileAThreadOpensItAnew() throws Exception {
        BlockingFifo held = new BlockingFifo(path, false, true);
        writeAndLeave("line\n");
        byte[] target = new byte[100];
        assertEquals(5, held.read(target));
        assertEquals(-1, held.read(target));
        AtomicReference<IOException> failure = new AtomicReference<>();
        Thread reading = new Thread(() -> {
            try {
                held.read(target);
            } catch (IOException e) {
                failure.set(e);
            }
        });
        synchronized (held) {
            reading.start();
            Await.until(reading, BLOCKED);
            held.close();
            assertFalse(hasReader());
        }
        reading.join();
        assertInstanceOf(ClosedChannelException.class, failure.get());
    }
}
