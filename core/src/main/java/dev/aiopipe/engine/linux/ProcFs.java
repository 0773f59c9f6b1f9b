package dev.aiopipe.engine.linux;

import java.nio.file.Path;

/** Paths under {@code /proc} that name descriptors (proc(5)). */
public final class ProcFs {
    /** The directory with a link for each descriptor of this process. */
    public static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    /** The directory with a file about each descriptor of this process. */
    static final Path DESCRIPTOR_INFO = Path.of("/proc/self/fdinfo");

    private ProcFs() {}

    /**
     * Returns the path of a descriptor of this process. To open it makes a new open file description, with flags of its
     * own.
     */
    public static Path descriptor(int fd) {
        return DESCRIPTORS.resolve(Integer.toString(fd));
    }

    /** Returns the path of a descriptor of a process whose directory in {@code /proc} is given. */
    public static String descriptor(String process, int fd) {
        return process + "/fd/" + fd;
    }
}
