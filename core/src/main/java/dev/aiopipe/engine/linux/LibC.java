package dev.aiopipe.engine.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/**
 * The C library's functions that the JDK has no way to, bound by JNA. Loaded by the first use of {@link #isUsable}, which takes some
 * 75 ms; a stream that needs none of this never comes here. Constants are those of Linux on x86-64 and AArch64 (fcntl-linux.h, fs.h).
 */
public final class LibC {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    static final int O_NOCTTY = 0400;
    public static final int O_NONBLOCK = 04000;
    static final int O_CLOEXEC = 02000000;

    static final int ENOENT = 2;
    static final int ESRCH = 3;
    static final int EINTR = 4;
    public static final int ENXIO = 6;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EEXIST = 17;
    static final int ENFILE = 23;
    static final int EMFILE = 24;
    static final int ENOSYS = 38;
    static final int EOPNOTSUPP = 95;

    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_SETPIPE_SZ = 1031;
    private static final int SHUT_WR = 1;
    private static final int MSG_PEEK = 2;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int RWF_NOWAIT = 8;
    private static final int POLLIN = 0x01;
    private static final int POLLERR = 0x08;
    private static final int POLLHUP = 0x10;

    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;

    private static final int TERMIOS_SIZE = 256; // more than any system has
    private static final int LOCAL_FLAGS = 12; // c_lflag, after three other int
    private static final int CONTROL_CHARACTERS = 17; // c_cc, after four int and a byte
    private static final int VMIN = 6;
    private static final int ICANON = 2;

    private LibC() {}

    /** Whether the functions below can be called. */
    static boolean isUsable() {
        return Binding.USABLE;
    }

    /** The last call's error number, on this thread. */
    public static int errno() {
        return Native.getLastError();
    }

    /** Whether the last call failed only because it would have had to wait. */
    public static boolean wouldBlock() {
        int errno = errno();
        return errno == EAGAIN || errno == EINTR;
    }

    /** Whether the last call failed for want of a free number. */
    public static boolean isOutOfDescriptors() {
        int errno = errno();
        return errno == EMFILE || errno == ENFILE;
    }

    /** An exception for the last call's error number. */
    public static IOException failure(String what) {
        int errno = errno();
        String reason = what + ": " + Binding.strerror(errno);
        return switch (errno) {
            case ENOENT -> new NoSuchFileException(what);
            case EACCES -> new AccessDeniedException(what, null, Binding.strerror(errno));
            default -> new IOException(reason);
        };
    }

    /** Opens a path. The number, or -1. */
    public static int open(String path, int flags) {
        return Binding.open(path, flags | O_CLOEXEC | O_NOCTTY, 0);
    }

    public static void close(int number) throws IOException {
        if (Binding.close(number) != 0
                && errno() != EINTR) { // Linux has released the number even when it says EINTR, close(2)
            throw failure("close of descriptor " + number);
        }
    }

    /** Makes {@code target} name what {@code source} names; it is not inherited by children. */
    static void replace(int source, int target) throws IOException {
        if (Binding.dup3(source, target, O_CLOEXEC) < 0) {
            throw failure("dup3 of descriptor " + source);
        }
    }

    /** A new number for the same open file. */
    public static int duplicate(int number) throws IOException {
        int copy = Binding.fcntl(number, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            throw failure("dup of descriptor " + number);
        }
        return copy;
    }

    /** Whether the last call failed because there is no such process, or nobody is in the group. */
    static boolean isNoProcess() {
        return errno() == ESRCH;
    }

    /** Opens a descriptor of a process. The number, or -1. */
    static int openPid(long pid) {
        return (int) Binding.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0);
    }

    /** Sends a signal to the process that a descriptor was opened for. 0, or -1. */
    static int signalPid(int pidfd, int signal) {
        return (int) Binding.syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0);
    }

    /** Sends a signal to a process, or to a process group if the pid is negative. 0, or -1. */
    static int kill(long pid, int signal) {
        return Binding.kill((int) pid, signal);
    }

    /** Asks for a capacity of a pipe. False if the system refuses. */
    public static boolean setPipeCapacity(int number, int bytes) {
        return Binding.fcntl(number, F_SETPIPE_SZ, bytes) >= 0;
    }

    static boolean isTerminal(int number) {
        return Binding.isatty(number) == 1;
    }

    /** Makes a FIFO that only its owner can use. */
    public static void makeFifo(String path) throws IOException {
        if (Binding.mkfifo(path, 0600) != 0) {
            if (errno() == EEXIST) {
                throw new java.nio.file.FileAlreadyExistsException(path);
            }
            throw failure(path);
        }
    }

    /** Whether the last writer of a pipe or FIFO has left since it was opened here. */
    public static boolean isHungUp(int number) throws IOException {
        return (conditions(number, 0) & POLLHUP) != 0;
    }

    /** Whether nobody has the other side of a pipe or FIFO, whose writing end this is, open for reading. */
    public static boolean hasNoReader(int number) throws IOException {
        return (conditions(number, 0) & POLLERR) != 0;
    }

    /** Whether a read would not wait: there are bytes, or the end, or a failure. */
    public static boolean isReadable(int number) throws IOException {
        return conditions(number, POLLIN) != 0;
    }

    /**
     * Whether a terminal, of which a read gave 0 bytes, has none now and is not at its end: it is read as it is typed, and set up not
     * to wait (termios(3), VMIN of 0).
     */
    public static boolean isOnlyEmpty(int number) throws IOException {
        ByteBuffer settings = ByteBuffer.allocateDirect(TERMIOS_SIZE).order(java.nio.ByteOrder.nativeOrder());
        if (Binding.tcgetattr(number, Native.getDirectBufferPointer(settings)) != 0) {
            return false; // it has hung up
        }
        boolean waitsForLines = (settings.getInt(LOCAL_FLAGS) & ICANON) != 0;
        return !waitsForLines && settings.get(CONTROL_CHARACTERS + VMIN) == 0 && !isHungUp(number);
    }

    /** What poll(2) tells of the asked events, and of errors and hang-ups. */
    private static int conditions(int number, int asked) throws IOException {
        ByteBuffer pollfd = ByteBuffer.allocateDirect(8).order(java.nio.ByteOrder.nativeOrder());
        pollfd.putInt(0, number);
        pollfd.putShort(4, (short) asked);
        if (Binding.poll(Native.getDirectBufferPointer(pollfd), 1, 0) < 0) {
            throw failure("poll of descriptor " + number);
        }
        return pollfd.getShort(6);
    }

    /** Tells the peer of a socket that nothing more is written. */
    public static void shutdownOutput(int number) {
        Binding.shutdown(number, SHUT_WR); // a peer that is gone need not be told
    }

    /** Reads from a socket without waiting, whatever its flags are. */
    public static long receive(int number, ByteBuffer direct) {
        return Binding.recv(number, address(direct), direct.remaining(), MSG_DONTWAIT);
    }

    /** Whether the next read from a socket would give its end, or fail. Takes no byte, and does not wait. */
    public static boolean isAtEnd(int number) {
        ByteBuffer one = ByteBuffer.allocateDirect(1);
        long count = Binding.recv(number, address(one), 1, MSG_PEEK | MSG_DONTWAIT);
        return count == 0 || count < 0 && !wouldBlock();
    }

    /** Writes to a socket without waiting, whatever its flags are. */
    public static long send(int number, ByteBuffer direct) {
        return Binding.send(number, address(direct), direct.remaining(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    /** Reads from a pipe without waiting, whatever its flags are. Linux 5.x and later, preadv2(2). */
    public static long read(int number, ByteBuffer direct) {
        return Binding.preadv2(number, vector(direct), 1, -1, RWF_NOWAIT);
    }

    /** Writes to a pipe without waiting, whatever its flags are. */
    public static long write(int number, ByteBuffer direct) {
        return Binding.pwritev2(number, vector(direct), 1, -1, RWF_NOWAIT);
    }

    /**
     * Whether {@link #read} works on a pipe. Only what pipe(2) has made knows RWF_NOWAIT, not what was opened by a name in /proc (fs/pipe.c,
     * FMODE_NOWAIT). Takes no byte, as there is no memory to take it to.
     */
    public static boolean canRead(int number) {
        return Binding.preadv2(number, nowhere(), 1, -1, RWF_NOWAIT) >= 0 || knowsNoWait();
    }

    /** Whether {@link #write} works on a pipe, as {@link #canRead}. Writes no byte. */
    public static boolean canWrite(int number) {
        return Binding.pwritev2(number, nowhere(), 1, -1, RWF_NOWAIT) >= 0 || knowsNoWait();
    }

    private static boolean knowsNoWait() {
        return errno() != EOPNOTSUPP && errno() != ENOSYS;
    }

    /** One byte in the first page, where never is any. */
    private static Pointer nowhere() {
        Memory iovec = new Memory(2L * Native.POINTER_SIZE);
        iovec.setLong(0, 1);
        iovec.setLong(Native.POINTER_SIZE, 1);
        return iovec;
    }

    private static Pointer address(ByteBuffer direct) {
        return Native.getDirectBufferPointer(direct).share(direct.position());
    }

    private static Pointer vector(ByteBuffer direct) {
        Memory iovec = new Memory(2L * Native.POINTER_SIZE);
        iovec.setPointer(0, address(direct));
        iovec.setLong(Native.POINTER_SIZE, direct.remaining());
        return iovec;
    }

    /** Initialized, and JNA with it, when it is needed. */
    private static final class Binding {
        static final boolean USABLE = register();

        private static boolean register() {
            try {
                Native.register(Binding.class, NativeLibrary.getProcess()); // it is there: no search
                return true;
            } catch (LinkageError e) {
                System.getLogger("dev.aiopipe")
                        .log(System.Logger.Level.WARNING, "no access to the C library, threads are used instead", e);
                return false;
            }
        }

        static native int open(String path, int flags, int mode);

        static native int close(int number);

        static native int dup3(int source, int target, int flags);

        static native int fcntl(int number, int command, int argument);

        static native int isatty(int number);

        static native int tcgetattr(int number, Pointer settings);

        static native int mkfifo(String path, int mode);

        static native int poll(Pointer pollfds, long count, int timeoutMillis);

        static native int shutdown(int number, int how);

        static native long recv(int number, Pointer bytes, long size, int flags);

        static native long send(int number, Pointer bytes, long size, int flags);

        static native long preadv2(int number, Pointer vectors, int count, long offset, int flags);

        static native long pwritev2(int number, Pointer vectors, int count, long offset, int flags);

        static native int kill(int pid, int signal);

        static native long syscall(long number, long first, long second, long third, long fourth);

        static native String strerror(int errno);
    }
}
