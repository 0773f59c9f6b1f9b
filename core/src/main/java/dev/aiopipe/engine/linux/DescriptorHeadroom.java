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

/** Whether there are descriptors left for what does harm without: a fork of the JDK, and the first use of its channels. */
public final class DescriptorHeadroom {
    /** What a start takes for a moment, with the pipes to the child; about. The first use of NIO takes less. */
    private static final int DESCRIPTORS = 16;

    /** What can be opened without anything of the JDK being loaded for it. */
    private static final File NOTHING = new File("/dev/null");

    private static volatile boolean warm;

    private DescriptorHeadroom() {}

    /**
     * Fails where there are too few descriptors, before the JDK finds out: its fork, of 17 as of 25, then leaks some and closes numbers
     * that others use. One thread looks at a time, and none while JNA is loaded: to look takes descriptors for a moment.
     *
     * @param what fails then, for the message
     * @throws IOException if there are too few
     */
    public static synchronized void require(String what) throws IOException {
        look(what);
        initialize();
    }

    /**
     * Has the JDK initialize its pipes and selectors, once. An initializer that fails for want of a descriptor fails for ever after, here
     * and for everybody else; so it does not begin unless there is room.
     *
     * @throws IOException if there are too few descriptors; a later call tries again
     */
    public static void warmUp() throws IOException {
        if (!warm) {
            require("can't make a pipe");
        }
    }

    private static void look(String what) throws IOException {
        List<FileInputStream> room = new ArrayList<>(DESCRIPTORS);
        try {
            for (int i = 0; i < DESCRIPTORS && NOTHING.exists(); i++) {
                room.add(new FileInputStream(NOTHING));
            }
        } catch (IOException e) {
            throw new IOException(what + ": fewer than " + DESCRIPTORS + " descriptors are left (ulimit -n)", e);
        } finally {
            for (FileInputStream each : room) {
                each.close();
            }
        }
    }

    /** An event of a pipe is what takes the most of the JDK. */
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
