package dev.aiopipe.engine.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aiopipe.testkit.Await;
import dev.aiopipe.testkit.Descriptors;
import dev.aiopipe.testkit.NothingLeft;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A copy is one of the right pipe whoever closes the channel, and is gone when the stream says so. */
@ExtendWith(NothingLeft.class)
class DescriptorCopyTest {
    private static final ByteBuffer DATA = ByteBuffer.wrap("data".getBytes()).asReadOnlyBuffer();

    private Pipe from;
    private Pipe to;

    @BeforeEach
    void open() throws IOException {
        assumeTrue(NativeAccess.canAdopt());
        from = Pipe.open();
        to = Pipe.open();
    }

    @AfterEach
    void close() throws IOException {
        if (from != null) {
            from.source().close();
            from.sink().close();
            to.source().close();
            to.sink().close();
        }
    }

    @Test
    @DisplayName("a channel that is closed after its fd was found keeps the fd until the copy is made")
    void closedBetweenFindingAndCopying() throws IOException {
        try (Selector loop = Selector.open()) { // as the channel of a stream is registered
            from.source().configureBlocking(false);
            from.source().register(loop, SelectionKey.OP_READ);
            int copy = ChannelDescriptor.apply(from.source(), fd -> {
                String before = target(fd);
                from.source().close();
                loop.selectNow(); // the loop gives the descriptor back
                Pipe stranger = Pipe.open(); // would get the fd if it were free
                assertEquals(before, target(fd));
                stranger.source().close();
                stranger.sink().close();
                return LibC.duplicate(fd);
            });
            assertEquals(4, from.sink().write(DATA.duplicate()));
            LibC.close(copy);
            assertThrows(IOException.class, () -> from.sink().write(DATA.duplicate())); // no other reader is left
        }
    }

    @Test
    @DisplayName("a look-up waits until the thread that closes the channel has told the selector")
    void closedBySlowThread() throws IOException {
        try (Selector selector = Selector.open()) {
            from.source().configureBlocking(false);
            SelectionKey key = from.source().register(selector, SelectionKey.OP_READ);
            ChannelDescriptor.leave(new MarkedKey(key));
            assertFalse(from.source().isRegistered());
        }
    }

    /** A key that another thread has marked as cancelled, and whose selector knows after its first select. */
    private static final class MarkedKey extends SelectionKey {
        private final SelectionKey real;
        private int looks;

        MarkedKey(SelectionKey real) {
            this.real = real;
        }

        @Override
        public Selector selector() {
            looks++;
            if (looks == 3) {
                real.cancel();
            }
            return real.selector();
        }

        @Override
        public SelectableChannel channel() {
            return real.channel();
        }

        @Override
        public void cancel() {
            // The other thread has been first.
        }

        @Override
        public boolean isValid() {
            return false;
        }

        @Override
        public int interestOps() {
            return real.interestOps();
        }

        @Override
        public SelectionKey interestOps(int ops) {
            return real.interestOps(ops);
        }

        @Override
        public int readyOps() {
            return real.readyOps();
        }
    }

    private static String target(int fd) throws IOException {
        return Files.readSymbolicLink(ProcFs.descriptor(fd)).toString();
    }

    @Test
    @DisplayName("a closed channel has no copy")
    void closedBefore() throws IOException {
        from.source().close();
        assertThrows(ClosedChannelException.class, new DescriptorCopy(from.source())::lend);
    }

    @Test
    @DisplayName("the close of a stream closes the copy that a transfer has, and there is no other one")
    void closedWhileLent() throws IOException {
        DescriptorCopy source = new DescriptorCopy(from.source());
        DescriptorCopy sink = new DescriptorCopy(to.sink());
        int before = Descriptors.pipes();
        assertTrue(source.lend());
        assertTrue(sink.lend());
        assertEquals(before + 2, Descriptors.pipes());
        from.sink().write(DATA.duplicate());
        source.close();
        assertEquals(0, source.spliceTo(sink, 4));
        assertFalse(source.lend());
        source.giveBack();
        sink.close();
        assertEquals(before, Descriptors.pipes());
        sink.giveBack();
    }

    @Test
    @DisplayName("two transfers share a copy, and the last one closes it")
    void shared() throws IOException {
        DescriptorCopy source = new DescriptorCopy(from.source());
        DescriptorCopy sink = new DescriptorCopy(to.sink());
        int before = Descriptors.pipes();
        assertTrue(source.lend());
        assertTrue(sink.lend());
        assertTrue(sink.lend());
        sink.giveBack();
        from.sink().write(DATA.duplicate());
        assertEquals(3, source.spliceTo(sink, 3));
        sink.giveBack();
        assertEquals(0, source.spliceTo(sink, 1));
        source.giveBack();
        assertEquals(before, Descriptors.pipes());
    }

    @Test
    @DisplayName("a splice that would wait says for which side, and the ends are for reads and writes to find")
    void sides() throws IOException {
        DescriptorCopy source = new DescriptorCopy(from.source());
        DescriptorCopy sink = new DescriptorCopy(to.sink());
        source.lend();
        sink.lend();
        assertEquals(DescriptorCopy.EMPTY, source.spliceTo(sink, 10));
        to.sink().write(ByteBuffer.allocate(1 << 20));
        assertEquals(DescriptorCopy.EMPTY, source.spliceTo(sink, 10)); // neither is ready
        from.sink().write(DATA.duplicate());
        assertEquals(DescriptorCopy.FULL, source.spliceTo(sink, 10));
        ByteBuffer read = ByteBuffer.allocate(1 << 20);
        to.source().read(read);
        assertEquals(4, source.spliceTo(sink, 10));
        from.sink().close();
        assertEquals(0, source.spliceTo(sink, 10)); // the end
        to.source().close();
        assertEquals(0, source.spliceTo(sink, 10)); // nobody reads
        source.giveBack();
        sink.giveBack();
    }

    @Test
    @DisplayName("a tee leaves the bytes in the pipe, for another tee, a read or a splice, and tells the sides apart")
    void tee() throws IOException {
        DescriptorCopy source = new DescriptorCopy(from.source());
        DescriptorCopy sink = new DescriptorCopy(to.sink());
        source.lend();
        sink.lend();
        assertEquals(DescriptorCopy.EMPTY, source.teeTo(sink, 10));
        from.sink().write(DATA.duplicate());
        assertEquals(4, source.teeTo(sink, 10));
        assertEquals(2, source.teeTo(sink, 2));
        ByteBuffer rest = ByteBuffer.allocateDirect(3);
        assertEquals(3, source.read(rest));
        assertEquals('t', rest.get(2));
        assertEquals(1, source.spliceTo(sink, 10));
        ByteBuffer read = ByteBuffer.allocate(1 << 20);
        assertEquals(7, to.source().read(read));
        assertEquals("datadaa", new String(read.array(), 0, 7, StandardCharsets.US_ASCII));

        to.sink().write(ByteBuffer.allocate(1 << 20));
        from.sink().write(DATA.duplicate());
        assertEquals(DescriptorCopy.FULL, source.teeTo(sink, 10));
        source.giveBack();
        sink.giveBack();
        assertEquals(0, source.teeTo(sink, 10));
        assertEquals(0, source.read(rest.clear()));
    }

    @Test
    @DisplayName("a close waits until calls that belong together are through")
    void undisturbed() throws IOException, InterruptedException {
        DescriptorCopy source = new DescriptorCopy(from.source());
        source.lend();
        from.sink().write(DATA.duplicate());
        Thread closer = new Thread(() -> {
            try {
                source.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        source.undisturbed(() -> {
            closer.start();
            Await.until("the close waits", () -> closer.getState() == Thread.State.BLOCKED);
            assertEquals(4, source.read(ByteBuffer.allocateDirect(10)));
        });
        closer.join();
        assertEquals(0, source.read(ByteBuffer.allocateDirect(10)));
        source.giveBack();
    }
}
