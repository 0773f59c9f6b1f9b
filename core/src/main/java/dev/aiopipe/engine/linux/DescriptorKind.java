package dev.aiopipe.engine.linux;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What a descriptor is. Told by {@code /proc/self/fd}, without touching it (proc(5), inode(7)). */
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
    /** There is no /proc to tell. */
    UNKNOWN;

    private static final int MEMORY_DEVICES = 1; // their major number: null, zero, random (devices.txt)
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private static final int TYPE_MASK = 0170000;
    private static final int FIFO_TYPE = 0010000;
    private static final Path JVM_FILE = Path.of(System.getProperty("java.home"), "lib", "modules");

    public static Path path(int number) {
        return DESCRIPTORS.resolve(Integer.toString(number));
    }

    /** Whether bytes come or go through it as others deliver or take them. */
    public boolean isStream() {
        return this == PIPE || this == FIFO || this == TERMINAL || this == SOCKET;
    }

    public static DescriptorKind of(int number) throws IOException {
        if (!Files.isDirectory(DESCRIPTORS)) {
            return UNKNOWN;
        }
        Path path = path(number);
        int mode;
        try {
            mode = (int) Files.getAttribute(path, "unix:mode");
        } catch (NoSuchFileException e) {
            return CLOSED;
        }
        return switch (mode & TYPE_MASK) {
            case 0010000 -> target(number).startsWith("pipe:") ? PIPE : FIFO;
            case 0020000 -> isTerminal(number) ? TERMINAL : DEVICE;
            case 0060000 -> DEVICE;
            case 0140000 -> SOCKET;
            // a JVM that is started with a closed stdin gives its number to the first file that it opens itself
            case 0100000 -> number <= 2 && Files.isSameFile(path, JVM_FILE) ? CLOSED : FILE;
            default -> OTHER;
        };
    }

    private static boolean isTerminal(int number) throws IOException {
        long device = (long) Files.getAttribute(path(number), "unix:rdev");
        if ((device >> 8 & 0xFFF) == MEMORY_DEVICES) {
            return false; // the usual case, known without the C library
        }
        return !NativeAccess.hasLibC() || LibC.isTerminal(number);
    }

    /** Whether it is the other side of a pseudo-terminal: what its program shows is read there. */
    public static boolean isMaster(int number) {
        return target(number).endsWith("/ptmx");
    }

    /** What the number stands for, as a person would name it. */
    public static String target(int number) {
        try {
            return Files.readSymbolicLink(path(number)).toString();
        } catch (IOException e) {
            return "descriptor " + number;
        }
    }

    /** Whether a descriptor was opened for reading, or for writing. */
    public static boolean isOpenFor(int number, boolean reading) throws IOException {
        String info;
        try (FileInputStream file =
                new FileInputStream("/proc/self/fdinfo/" + number)) { // no NIO, which takes 10 ms to load
            info = new String(file.readAllBytes(), StandardCharsets.US_ASCII);
        }
        for (String line : info.split("\n")) {
            if (line.startsWith("flags:")) {
                int access = Integer.parseInt(line.substring("flags:".length()).trim(), 8) & 3; // O_ACCMODE
                return access == LibC.O_RDWR || access == (reading ? LibC.O_RDONLY : LibC.O_WRONLY);
            }
        }
        return true;
    }

    /** Fails with an error that names it if there is something else, or nothing. */
    public static void requireFifo(Path path) throws IOException {
        int mode = (int) Files.getAttribute(path, "unix:mode");
        if ((mode & TYPE_MASK) != FIFO_TYPE) {
            throw new FileSystemException(path.toString(), null, "no FIFO");
        }
    }
}
