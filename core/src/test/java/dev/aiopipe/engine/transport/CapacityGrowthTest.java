package dev.aiopipe.engine.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aiopipe.engine.linux.ChannelDescriptor;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.linux.NativeAccess;
import dev.aiopipe.testkit.NothingLeft;
import dev.aiopipe.testkit.Posix;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A pipe that is found full again and again gets a larger capacity. */
@ExtendWith(NothingLeft.class)
class CapacityGrowthTest {
    private static final int MUCH = 64 * 1024;

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final Semaphore shares = new Semaphore(1);
    private Pipe pipe;
    private DescriptorCopy descriptor;
    private CapacityGrowth growth;

    @BeforeEach
    void open() throws IOException {
        assumeTrue(NativeAccess.canAdopt(), "no C library");
        pipe = Pipe.open();
        descriptor = new DescriptorCopy(pipe.source());
        growth = new CapacityGrowth(descriptor, tasks::add, shares);
        assumeTrue(capacity() == CapacityGrowth.USUAL, "this user's pipes have too many pages");
    }

    @AfterEach
    void close() throws IOException {
        if (pipe != null) {
            pipe.source().close();
            pipe.sink().close();
        }
    }

    @Test
    void aReaderThatFindsMuch() throws IOException {
        read(CapacityGrowth.BUSY - 1);
        assertEquals(0, tasks.size());
        read(1);
        runTasks();
        assertEquals(CapacityGrowth.LARGE, capacity());
        assertEquals(0, shares.availablePermits());
    }

    @Test
    void aWriterThatFindsNoRoom() throws IOException {
        for (int i = 0; i < CapacityGrowth.BUSY; i++) {
            growth.written(MUCH - 1, MUCH);
        }
        runTasks();
        assertEquals(CapacityGrowth.LARGE, capacity());
    }

    @Test
    @DisplayName("a slow stream is never busy, however long it lives: small reads, whole writes, and room for little")
    void notBusy() {
        for (int i = 0; i < 100_000; i++) {
            growth.read(1000);
            growth.read(-1);
            growth.written(MUCH, MUCH);
        }
        growth.written(0, 1);
        for (int i = 0; i < 7_000; i++) {
            growth.written(1000, 1001);
            growth.written(0, 1);
        }
        assertEquals(0, tasks.size());
    }

    @Test
    void anotherCapacityStays() throws IOException {
        Posix.setCapacity(ChannelDescriptor.fdOf(pipe.source()), 8192);
        read(CapacityGrowth.BUSY);
        runTasks();
        assertEquals(8192, capacity());
        assertEquals(1, shares.availablePermits(), "the share is for others");
    }

    @Test
    void withoutAShareLater() throws IOException {
        shares.acquireUninterruptibly();
        read(CapacityGrowth.BUSY);
        runTasks();
        assertEquals(CapacityGrowth.USUAL, capacity());
        shares.release();
        read(CapacityGrowth.WORTH_LOADING);
        runTasks();
        assertEquals(CapacityGrowth.LARGE, capacity());
    }

    @Test
    @DisplayName("a closed stream gives its share back, once, and asks for none any more")
    void closed() throws IOException {
        read(CapacityGrowth.BUSY);
        runTasks();
        growth.close();
        growth.close();
        assertEquals(1, shares.availablePermits());
        read(2 * CapacityGrowth.WORTH_LOADING);
        runTasks();
        assertEquals(1, shares.availablePermits());
    }

    @Test
    @DisplayName("closed before the thread gets to ask: the descriptor may be another file's by then")
    void closedBeforeTheThreadAsks() throws IOException {
        read(CapacityGrowth.BUSY);
        descriptor.close();
        runTasks();
        assertEquals(CapacityGrowth.USUAL, capacity());
        assertEquals(1, shares.availablePermits());
    }

    @Test
    void theChannelIsClosed() throws IOException {
        read(CapacityGrowth.BUSY);
        pipe.source().close();
        runTasks();
        assertEquals(1, shares.availablePermits());
    }

    private void read(int times) {
        for (int i = 0; i < times; i++) {
            growth.read(MUCH);
        }
    }

    private void runTasks() {
        for (Runnable task; (task = tasks.poll()) != null; ) {
            task.run();
        }
    }

    private int capacity() throws IOException {
        return Posix.capacity(ChannelDescriptor.fdOf(pipe.sink()));
    }
}
