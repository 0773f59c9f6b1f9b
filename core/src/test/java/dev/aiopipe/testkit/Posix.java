package dev.aiopipe.testkit;

import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes and uses raw descriptors, which the JDK can't. Linux only. */
public final class Posix {
    public static final int O_NONBLOCK = 04000;

    private static final int O_RDWR_NOCTTY = 2 | 0400;
    private static final int O_CLOEXEC = 02000000;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_SETPIPE_SZ = 1031;
    private static final int F_GETPIPE_SZ = 1032;
    private static final int FIONREAD = 0x541B;
    private static final int LOCAL_FLAGS = 12; // in struct termios, behind three other int
    private static final int CONTROL_CHARACTERS = 17; // after four int and a byte
    private static final int VTIME = 5;
    private static final int VMIN = 6;
    private static final int ECHO = 010;
    private static final int EIO = 5;
    private static final C LIBRARY = Native.load("c", C.class);

    private Posix() {}

    /** Makes a pipe: the descriptor to read from, then the one to write to. Both block. */
    public static int[] pipe() {
        int[] numbers = new int[2];
        checked(LIBRARY.pipe2(numbers, O_CLOEXEC));
        return numbers;
    }

    /** Makes a FIFO for its owner alone. */
    public static void makeFifo(Path path) {
        checked(LIBRARY.mkfifo(path.toString(), 0600));
    }

    /** Sets the mask of new files' modes for this process. Returns the one before. */
    public static int umask(int mask) {
        return LIBRARY.umask(mask);
    }

    /**
     * Opens a FIFO without waiting for its other side.
     *
     * @param access 0 for reading, 1 for writing, 2 for both
     * @return a descriptor that does not block
     */
    public static int openFifo(Path path, int access) {
        return checked(LIBRARY.open(path.toString(), access | O_NONBLOCK | O_CLOEXEC));
    }

    /** Makes two connected sockets. Both block. */
    public static int[] socketPair() {
        int[] numbers = new int[2];
        checked(LIBRARY.socketpair(1, 1 | O_CLOEXEC, 0, numbers));
        return numbers;
    }

    /** Makes a pseudo-terminal: the descriptor of its master, then that of the terminal, which does not echo. */
    public static int[] terminal(boolean raw) {
        int master = checked(LIBRARY.posix_openpt(O_RDWR_NOCTTY | O_CLOEXEC));
        checked(LIBRARY.grantpt(master));
        checked(LIBRARY.unlockpt(master));
        int terminal = checked(LIBRARY.open(terminalName(master), O_RDWR_NOCTTY | O_CLOEXEC));
        try (Memory settings = new Memory(256)) {
            checked(LIBRARY.tcgetattr(terminal, settings));
            if (raw) {
                LIBRARY.cfmakeraw(settings);
            }
            settings.setInt(LOCAL_FLAGS, settings.getInt(LOCAL_FLAGS) & ~ECHO);
            checked(LIBRARY.tcsetattr(terminal, 0, settings));
        }
        return new int[] {master, terminal};
    }

    /** Makes each read of the terminal return at once, also with nothing (termios(3), VMIN and VTIME of 0). */
    public static void neverWait(int terminal) {
        try (Memory settings = new Memory(256)) {
            checked(LIBRARY.tcgetattr(terminal, settings));
            LIBRARY.cfmakeraw(settings);
            settings.setByte(CONTROL_CHARACTERS + VTIME, (byte) 0);
            settings.setByte(CONTROL_CHARACTERS + VMIN, (byte) 0);
            checked(LIBRARY.tcsetattr(terminal, 0, settings));
        }
    }

    /** Returns the path of the terminal of a master. */
    public static String terminalName(int master) {
        byte[] name = new byte[64];
        checked(-LIBRARY.ptsname_r(master, name, name.length));
        return Native.toString(name);
    }

    public static int duplicate(int number) {
        return checked(LIBRARY.fcntl(number, F_DUPFD_CLOEXEC, 0));
    }

    public static void close(int number) {
        checked(LIBRARY.close(number));
    }

    /** Writes all, waiting as long as that takes. */
    public static void write(int number, byte[] bytes) {
        byte[] rest = bytes;
        while (rest.length > 0) {
            int count = checked((int) LIBRARY.write(number, rest, rest.length));
            rest = java.util.Arrays.copyOfRange(rest, count, rest.length);
        }
    }

    /** Reads what is there, and waits if that is nothing; empty at the end. */
    public static byte[] read(int number, int count) {
        byte[] bytes = new byte[count];
        return java.util.Arrays.copyOf(bytes, checked((int) LIBRARY.read(number, bytes, count)));
    }

    /** Reads what a terminal shows, and waits if that is nothing; empty once the terminal is closed, which is EIO. */
    public static byte[] readMaster(int number, int count) {
        byte[] bytes = new byte[count];
        int read = (int) LIBRARY.read(number, bytes, count);
        return java.util.Arrays.copyOf(bytes, read < 0 && Native.getLastError() == EIO ? 0 : checked(read));
    }

    /** Returns how many bytes a read would give at once. */
    public static int available(int number) {
        int[] count = new int[1];
        checked(LIBRARY.ioctl(number, FIONREAD, count));
        return count[0];
    }

    public static int capacity(int number) {
        return checked(LIBRARY.fcntl(number, F_GETPIPE_SZ, 0));
    }

    public static void setCapacity(int number, int bytes) {
        checked(LIBRARY.fcntl(number, F_SETPIPE_SZ, bytes));
    }

    /** Returns the flags of an open file description of any process, as F_GETFL does. */
    public static String flags(long pid, int number) throws java.io.IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/fdinfo/" + number)).stream()
                .filter(line -> line.startsWith("flags:"))
                .findFirst()
                .orElseThrow();
    }

    private static int checked(int result) {
        if (result < 0) {
            throw new IllegalStateException("errno " + Native.getLastError());
        }
        return result;
    }

    /** Makes this process not dumpable: even its own user may not look into it. */
    public static void hide() {
        checked(LIBRARY.prctl(4, 0L, 0L, 0L, 0L)); // PR_SET_DUMPABLE
    }

    interface C extends Library {
        int mkfifo(String path, int mode);

        int umask(int mask);

        int prctl(int option, Object... arguments);

        int pipe2(int[] numbers, int flags);

        int socketpair(int domain, int type, int protocol, int[] numbers);

        int posix_openpt(int flags);

        int grantpt(int number);

        int unlockpt(int number);

        int ptsname_r(int number, byte[] name, long size);

        int open(String path, int flags, Object... mode);

        int tcgetattr(int number, Memory settings);

        int tcsetattr(int number, int when, Memory settings);

        void cfmakeraw(Memory settings);

        int fcntl(int number, int command, Object... argument);

        int ioctl(int number, long request, Object... argument);

        int close(int number);

        long read(int number, byte[] bytes, long count);

        long write(int number, byte[] bytes, long count);
    }
}
