package dev.aiopipe.engine.linux;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks that there are free descriptors for JDK code that does harm without: a fork, and the first use of channels.
 */
public final class DescriptorHeadroom {
    /** About what a start takes for a moment, with the pipes to the child. The first use of NIO takes less. */
    private static final int DESCRIPTORS = 16;

    /** A file that can be opened without loading JDK classes. */
    private static final File NOTHING = new File("/dev/null");

    private static volatile boolean warm;

    private DescriptorHeadroom() {}

    /**
     * Throws if there are too few descriptors, before the JDK finds out: its fork, in 17 to 25, would leak some and
     * close descriptors of others. One thread checks at a time, and none while JNA is loaded, because the check takes
     * descriptors for a moment.
     *
     * @param what fails then, for the message
     */
    public static synchronized void require(String what) throws IOException {
        check(what);
        initialize();
    }

    /**
     * Makes the JDK initialize its pipes and selectors, once. An initializer that fails for want of a descriptor fails
     * for ever after, for all code of the process; so it does not begin unless there is headroom.
     *
     * @throws IOException if there are too few descriptors; a later call tries again
     */
    public static void warmUp() throws IOException {
        if (!warm) {
            require("can't make a pipe");
        }
    }

    private static void check(String what) throws IOException {
        List<FileInputStream> taken = new ArrayList<>(DESCRIPTORS);
        try {
            for (int i = 0; i < DESCRIPTORS && NOTHING.exists(); i++) {
                taken.add(new FileInputStream(NOTHING));
            }
        } catch (IOException e) {
            throw new IOException(what + ": fewer than " + DESCRIPTORS + " descriptors are left (ulimit -n)", e);
        } finally {
            for (FileInputStream each : taken) {
                each.close();
            }
        }
    }

    /** Handles one event of a pipe, which initializes more of the JDK than any other use. */
    private static void initialize() throws IOException {
        if (warm) {
            return;
        }
        Pipe pipe = Pipe.open();
        try (Pipe.SourceChannel source = pipe.source();
                Pipe.SinkChannel sink = pipe.sink();
                Selector selector = Selector.open()) {
            sink.write(ByteBuffer.allocate(1));
            source.configureBlocking(false);
            source.register(selector, SelectionKey.OP_READ);
            selector.selectNow(key -> {});
            selector.wakeup();
        }
        warm = true;
    }
}
