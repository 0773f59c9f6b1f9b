package dev.aiopipe.engine.linux;

import java.nio.file.Path;

/** Paths under {@code /proc} that name descriptors, or describe them (proc(5)). */
public final class ProcFs {
    /** The directory with a link for each descriptor of this process. From Linux 6.2 on its size is their number. */
    static final String OPEN = "/proc/self/fd";

    /** The limits of this process. */
    static final String LIMITS = "/proc/self/limits";

    /** How many files all processes have open, a second number, and how many they may have (proc_sys_fs(5)). */
    static final String OPEN_IN_SYSTEM = "/proc/sys/fs/file-nr";

    /** The directory with a link for each descriptor of this process. */
    public static final Path DESCRIPTORS = Path.of(OPEN);

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
