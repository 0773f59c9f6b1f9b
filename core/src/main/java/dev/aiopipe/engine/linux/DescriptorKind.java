package dev.aiopipe.engine.linux;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The kind of a descriptor, found by its link in {@code /proc} without touching it (proc(5), inode(7)). */
public enum DescriptorKind {
    /** A pipe without a name. */
    PIPE,
    FIFO,
    TERMINAL,
    SOCKET,
    /** A regular file. */
    FILE,
    /** A device that is no terminal: /dev/null, for example. */
    DEVICE,
    /** An epoll instance, a timer, a directory: nothing to stream. */
    OTHER,
    /** Not open. */
    CLOSED,
    /** There is no {@code /proc} to find out. */
    UNKNOWN;

    /** The major number of null, zero and random (devices.txt). */
    private static final int MEMORY_DEVICES = 1;

    private static final int TYPE_MASK = 0170000;
    private static final int FIFO_TYPE = 0010000;
    private static final int CHARACTER_DEVICE_TYPE = 0020000;
    private static final int BLOCK_DEVICE_TYPE = 0060000;
    private static final int FILE_TYPE = 0100000;
    private static final int SOCKET_TYPE = 0140000;
    private static final Path JVM_FILE = Path.of(System.getProperty("java.home"), "lib", "modules");

    /** True of a pipe, FIFO, terminal or socket: other processes deliver or take its bytes. */
    public boolean isStream() {
        return this == PIPE || this == FIFO || this == TERMINAL || this == SOCKET;
    }

    /** Returns the kind of a descriptor of this process. */
    public static DescriptorKind of(int fd) throws IOException {
        if (!Files.isDirectory(ProcFs.DESCRIPTORS)) {
            return UNKNOWN;
        }
        Path path = ProcFs.descriptor(fd);
        int mode;
        try {
            mode = modeOf(path);
        } catch (NoSuchFileException e) {
            return CLOSED;
        }
        return switch (mode & TYPE_MASK) {
            case FIFO_TYPE -> target(fd).startsWith("pipe:") ? PIPE : FIFO;
            case CHARACTER_DEVICE_TYPE -> isTerminal(fd) ? TERMINAL : DEVICE;
            case BLOCK_DEVICE_TYPE -> DEVICE;
            case SOCKET_TYPE -> SOCKET;
            // A JVM that is started with a closed stdin gives its fd to the first file that it opens itself.
            case FILE_TYPE -> fd <= 2 && Files.isSameFile(path, JVM_FILE) ? CLOSED : FILE;
            default -> OTHER;
        };
    }

    private static int modeOf(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:mode");
    }

    private static boolean isTerminal(int fd) throws IOException {
        long device = (long) Files.getAttribute(ProcFs.descriptor(fd), "unix:rdev");
        if (((device >> 8) & 0xFFF) == MEMORY_DEVICES) {
            // The usual case, known without the C library.
            return false;
        }
        return !NativeAccess.hasLibC() || LibC.isTerminal(fd);
    }

    /**
     * Returns whether a descriptor is the master side of a pseudo-terminal, where the output of its program is read.
     */
    public static boolean isMaster(int fd) {
        return target(fd).endsWith("/ptmx");
    }

    /** Returns what a descriptor refers to, as a person would name it: a path, or {@code pipe:[1234]}. */
    public static String target(int fd) {
        try {
            return Files.readSymbolicLink(ProcFs.descriptor(fd)).toString();
        } catch (IOException e) {
            return "descriptor " + fd;
        }
    }

    /** Returns whether a descriptor was opened for reading, or for writing. */
    public static boolean isOpenFor(int fd, boolean reading) throws IOException {
        String info;
        // FileInputStream avoids the channels of NIO, which take 10 ms to load.
        try (FileInputStream file = new FileInputStream(ProcFs.DESCRIPTOR_INFO + "/" + fd)) {
            info = new String(file.readAllBytes(), StandardCharsets.US_ASCII);
        }
        for (String line : info.split("\n", -1)) {
            if (line.startsWith("flags:")) {
                int access = Integer.parseInt(line.substring("flags:".length()).trim(), 8) & LibC.O_ACCMODE;
                return access == LibC.O_RDWR || access == (reading ? LibC.O_RDONLY : LibC.O_WRONLY);
            }
        }
        return true;
    }

    /** Throws an exception that names the path if there is nothing, or no FIFO. */
    public static void requireFifo(Path path) throws IOException {
        if ((modeOf(path) & TYPE_MASK) != FIFO_TYPE) {
            throw new FileSystemException(path.toString(), null, "no FIFO");
        }
    }
}
