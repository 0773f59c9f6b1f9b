package dev.aiopipe.engine.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The limits of descriptors. They are read each time, because any process of the same user may change that of this one
 * (prlimit(2)).
 */
final class DescriptorLimits implements Closeable {
    private static final String LIMIT = "Max open files";

    @GuardedBy("this")
    private final ProcFile limits;

    @GuardedBy("this")
    private final ProcFile system;

    /** Where the line of the limit begins, most likely: the lines before it have a fixed width. */
    @GuardedBy("this")
    private int line;

    private DescriptorLimits(ProcFile limits, ProcFile system) {
        this.limits = limits;
        this.system = system;
    }

    /** Returns null if this platform does not show its limits. */
    static @Nullable DescriptorLimits open() {
        try {
            ProcFile limits = new ProcFile(ProcFs.LIMITS);
            try {
                return new DescriptorLimits(limits, new ProcFile(ProcFs.OPEN_IN_SYSTEM));
            } catch (IOException e) {
                limits.close();
                return null;
            }
        } catch (IOException e) {
            return null;
        }
    }

    @Override
    public synchronized void close() throws IOException {
        try (limits) {
            system.close();
        }
    }

    /**
     * Returns how many more descriptors can be opened: by this process, or by all where that is less. Others open some
     * meanwhile.
     *
     * @param open how many this process has open
     * @throws IOException if that can't be found out
     */
    synchronized long left(long open) throws IOException {
        String text = limits.read();
        if (!text.startsWith(LIMIT, line)) {
            line = line(text);
        }
        return Math.min(limit(text, line) - open, leftInSystem(system.read()));
    }

    /** Returns where the line of the limit begins in {@code /proc/self/limits}. */
    static int line(String text) throws IOException {
        int begin = text.indexOf(LIMIT);
        if (begin < 0) {
            throw new IOException("no " + LIMIT + " in " + ProcFs.LIMITS);
        }
        return begin;
    }

    /** Returns the soft limit of a line. */
    static long limit(String text, int line) throws IOException {
        int begin = line + LIMIT.length();
        return text.startsWith("unlimited", begin(text, begin)) ? Long.MAX_VALUE : number(text, begin);
    }

    /** Returns how many more files all processes may open, by {@code /proc/sys/fs/file-nr}. */
    static long leftInSystem(String text) throws IOException {
        int second = end(text, begin(text, 0));
        int third = end(text, begin(text, second));
        return number(text, third) - number(text, 0);
    }

    private static long number(String text, int after) throws IOException {
        int begin = begin(text, after);
        try {
            return Long.parseLong(text, begin, end(text, begin), 10);
        } catch (NumberFormatException e) {
            throw new IOException("no number at " + begin + " of " + text, e);
        }
    }

    /** Returns where the next word begins. */
    private static int begin(String text, int after) {
        int at = after;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /** Returns where a word ends. */
    private static int end(String text, int begin) {
        int at = begin;
        while (at < text.length() && !Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
