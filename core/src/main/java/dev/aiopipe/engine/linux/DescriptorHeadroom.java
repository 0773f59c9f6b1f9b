package dev.aiopipe.engine.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks that there are free descriptors for JDK code that does harm without: a fork, and the first use of channels.
 */
public final class DescriptorHeadroom {
    /** About what a start takes for a moment, with the pipes to the child. The first use of NIO takes less. */
    private static final int DESCRIPTORS = 16;

    /** A file that can be opened without loading JDK classes. */
    private static final File NOTHING = new File("/dev/null");

    /** With so many left there is no need to open any: others, too, take some before the fork does. */
    private static final int PLENTY = 4 * DESCRIPTORS;

    /** Its size is the number of open descriptors, if the kernel counts them so. */
    private static final File OPEN = new File(ProcFs.OPEN);

    private static volatile boolean warm;

    /** Null unless they are shown here. */
    @GuardedBy("DescriptorHeadroom.class")
    private static @Nullable DescriptorLimits limits;

    /** Whether {@link #inUse} has risen by what {@link #check} has opened. */
    @GuardedBy("DescriptorHeadroom.class")
    private static boolean counted;

    private DescriptorHeadroom() {}

    /**
     * Throws if there are too few descriptors, before the JDK finds out: its fork, in 17 to 25, would leak some and
     * close descriptors of others. Counts what is left. Where that is little, or can't be counted, it opens so many,
     * and closes them again: so one thread checks at a time, and none while JNA is loaded.
     *
     * @param what fails then, for the message
     */
    public static synchronized void require(String what) throws IOException {
        if (!isPlenty()) {
            check(what);
            initialize();
        }
    }

    /** Returns whether there are far more descriptors than needed. If that can't be found out, there are not. */
    @GuardedBy("DescriptorHeadroom.class")
    private static boolean isPlenty() {
        long open = inUse();
        try {
            return open > 0 && counted && limits != null && limits.left(open) >= PLENTY;
        } catch (IOException e) {
            // No reason to fail: to open some says more.
            return false;
        }
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

    /**
     * Throws if there are too few descriptors for {@link #warmUp}. Initializes nothing, which takes some milliseconds:
     * for code that needs one of the JDK's channels, and at that moment no pipe or selector.
     *
     * @param what fails then, for the message
     */
    public static void requireForChannel(String what) throws IOException {
        if (!warm) {
            synchronized (DescriptorHeadroom.class) {
                check(what);
            }
        }
    }

    /** Returns how many descriptors are open, if the kernel counts them so; 0 if there is no {@code /proc}. */
    private static long inUse() {
        return OPEN.length();
    }

    @GuardedBy("DescriptorHeadroom.class")
    private static void check(String what) throws IOException {
        List<FileInputStream> taken = new ArrayList<>(DESCRIPTORS);
        try {
            long before = inUse();
            for (int i = 0; i < DESCRIPTORS && NOTHING.exists(); i++) {
                taken.add(new FileInputStream(NOTHING));
            }
            // Not so by chance, as other threads open and close some; in that case the next check will see it.
            counted |= inUse() - before == DESCRIPTORS;
        } catch (IOException e) {
            throw new IOException(what + ": fewer than " + DESCRIPTORS + " descriptors are left (ulimit -n)", e);
        } finally {
            for (FileInputStream each : taken) {
                each.close();
            }
        }
    }

    /** Handles one event of a pipe, which initializes more of the JDK than any other use. */
    @GuardedBy("DescriptorHeadroom.class")
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
        limits = NativeAccess.isDenied() ? null : DescriptorLimits.open();
        warm = true;
    }
}
