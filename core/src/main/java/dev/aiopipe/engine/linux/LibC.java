package dev.aiopipe.engine.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/**
 * Functions of the C library that the JDK does not offer, bound by JNA. The first call of {@link #isUsable} loads JNA,
 * which takes some 75 ms; a stream that needs none of these functions does not load it. The constants are those of
 * Linux on x86-64 and AArch64 (fcntl-linux.h, fs.h).
 */
public final class LibC {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    static final int O_ACCMODE = 3;
    private static final int O_NOCTTY = 0400;
    public static final int O_NONBLOCK = 04000;
    private static final int O_CLOEXEC = 02000000;

    private static final int ENOENT = 2;
    private static final int ESRCH = 3;
    private static final int EINTR = 4;
    public static final int ENXIO = 6;
    private static final int EAGAIN = 11;
    private static final int EACCES = 13;
    private static final int EEXIST = 17;
    private static final int ENFILE = 23;
    private static final int EMFILE = 24;
    private static final int ENOSYS = 38;
    private static final int EOPNOTSUPP = 95;

    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_SETPIPE_SZ = 1031;
    private static final int F_GETPIPE_SZ = 1032;
    private static final int SHUT_WR = 1;
    private static final int MSG_PEEK = 2;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int RWF_NOWAIT = 8;
    private static final int POLLIN = 0x01;
    private static final int POLLOUT = 0x04;
    private static final int POLLERR = 0x08;
    private static final int POLLHUP = 0x10;

    private static final int SPLICE_F_MOVE = 1;
    private static final int SPLICE_F_NONBLOCK = 2;

    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;

    /** More than the size of struct termios on any system. */
    private static final int TERMIOS_SIZE = 256;

    /** The offset of c_lflag, after three other ints. */
    private static final int LOCAL_FLAGS = 12;

    /** The offset of c_cc, after four ints and a byte. */
    private static final int CONTROL_CHARACTERS = 17;

    private static final int VMIN = 6;
    private static final int ICANON = 2;

    private LibC() {}

    /** Returns whether the functions below can be called. */
    static boolean isUsable() {
        return Binding.USABLE;
    }

    /** Returns the error number of this thread's last call. */
    public static int errno() {
        return Native.getLastError();
    }

    /** Returns whether the last call failed only because it would have had to wait. */
    public static boolean wouldBlock() {
        int errno = errno();
        return errno == EAGAIN || errno == EINTR;
    }

    /** Returns whether the last call failed for want of a free descriptor. */
    public static boolean isOutOfDescriptors() {
        int errno = errno();
        return errno == EMFILE || errno == ENFILE;
    }

    /** Returns an exception for the error number of the last call. */
    public static IOException failure(String what) {
        int errno = errno();
        String reason = what + ": " + Binding.strerror(errno);
        return switch (errno) {
            case ENOENT -> new NoSuchFileException(what);
            case EACCES -> new AccessDeniedException(what, null, Binding.strerror(errno));
            default -> new IOException(reason);
        };
    }

    /** Opens a path. Returns the fd, or -1. */
    public static int open(String path, int flags) {
        return Binding.open(path, flags | O_CLOEXEC | O_NOCTTY, 0);
    }

    public static void close(int fd) throws IOException {
        // Linux has released the fd even when the error is EINTR, close(2).
        if (Binding.close(fd) != 0 && errno() != EINTR) {
            throw failure("close of descriptor " + fd);
        }
    }

    /** Makes the fd {@code target} refer to what {@code source} refers to. Children do not inherit it. */
    static void replace(int source, int target) throws IOException {
        if (Binding.dup3(source, target, O_CLOEXEC) < 0) {
            throw failure("dup3 of descriptor " + source);
        }
    }

    /** Returns a new fd of the same open file description. */
    public static int duplicate(int fd) throws IOException {
        int copy = Binding.fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            throw failure("dup of descriptor " + fd);
        }
        return copy;
    }

    /** Whether the last call failed because there is no such process, or nobody is in the group. */
    static boolean isNoProcess() {
        return errno() == ESRCH;
    }

    /** Opens a descriptor of a process. Returns the fd, or -1. */
    static int openPid(long pid) {
        return (int) Binding.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0);
    }

    /** Sends a signal to the process that a descriptor was opened for. Returns 0, or -1. */
    static int signalPid(int pidfd, int signal) {
        return (int) Binding.syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0);
    }

    /** Sends a signal to a process, or to a process group if the pid is negative. Returns 0, or -1. */
    static int kill(long pid, int signal) {
        return Binding.kill((int) pid, signal);
    }

    /** Asks for a capacity of a pipe. Returns false if the system refuses. */
    public static boolean setPipeCapacity(int fd, int bytes) {
        return Binding.fcntl(fd, F_SETPIPE_SZ, bytes) >= 0;
    }

    /** Asks for a capacity of a pipe that has another one. Returns false if it has not, or if the system refuses. */
    static boolean resizePipe(int fd, int expected, int bytes) {
        return pipeCapacity(fd) == expected && setPipeCapacity(fd, bytes);
    }

    /** Returns the capacity of a pipe in bytes; -1 if it is none. */
    static int pipeCapacity(int fd) {
        return Binding.fcntl(fd, F_GETPIPE_SZ, 0);
    }

    static boolean isTerminal(int fd) {
        return Binding.isatty(fd) == 1;
    }

    /** Makes a FIFO that only its owner can use (mode 0600). */
    public static void makeFifo(String path) throws IOException {
        if (Binding.mkfifo(path, 0600) != 0) {
            if (errno() == EEXIST) {
                throw new FileAlreadyExistsException(path);
            }
            throw failure(path);
        }
    }

    /** Returns whether the last writer of a pipe or FIFO has left since it was opened here. */
    public static boolean isHungUp(int fd) throws IOException {
        return (conditions(fd, 0) & POLLHUP) != 0;
    }

    /** Returns whether nobody has the pipe or FIFO open for reading of which this is a writing end. */
    public static boolean hasNoReader(int fd) throws IOException {
        return (conditions(fd, 0) & POLLERR) != 0;
    }

    /** Returns whether a read would not wait: there are bytes, or the end, or a failure. */
    public static boolean isReadable(int fd) throws IOException {
        return conditions(fd, POLLIN) != 0;
    }

    /**
     * Returns whether a terminal whose read gave 0 bytes has none now, and is not at its end: it is set up to be read
     * as it is typed, and not to wait (termios(3), VMIN of 0).
     */
    public static boolean isOnlyEmpty(int fd) throws IOException {
        ByteBuffer settings = ByteBuffer.allocateDirect(TERMIOS_SIZE).order(ByteOrder.nativeOrder());
        if (Binding.tcgetattr(fd, Native.getDirectBufferPointer(settings)) != 0) {
            // The terminal has hung up.
            return false;
        }
        boolean waitsForLines = (settings.getInt(LOCAL_FLAGS) & ICANON) != 0;
        return !waitsForLines && settings.get(CONTROL_CHARACTERS + VMIN) == 0 && !isHungUp(fd);
    }

    /** Returns the asked events that have happened, and errors and hang-ups (poll(2)). */
    private static int conditions(int fd, int asked) throws IOException {
        ByteBuffer pollfd = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        pollfd.putInt(0, fd);
        pollfd.putShort(4, (short) asked);
        if (Binding.poll(Native.getDirectBufferPointer(pollfd), 1, 0) < 0) {
            throw failure("poll of descriptor " + fd);
        }
        return pollfd.getShort(6);
    }

    /** Ends the output of a socket, so that its peer sees the end. A failure means that the peer has gone. */
    public static void shutdownOutput(int fd) {
        Binding.shutdown(fd, SHUT_WR);
    }

    /** Reads from a socket without waiting, whatever its flags are. Returns -1 if it failed. */
    public static long receive(int fd, ByteBuffer direct) {
        return Binding.recv(fd, address(direct), direct.remaining(), MSG_DONTWAIT);
    }

    /** Returns whether the next read from a socket would give its end, or fail. Takes no byte, and does not wait. */
    public static boolean isAtEnd(int fd) {
        ByteBuffer one = ByteBuffer.allocateDirect(1);
        long count = Binding.recv(fd, address(one), 1, MSG_PEEK | MSG_DONTWAIT);
        return count == 0 || (count < 0 && !wouldBlock());
    }

    /** Writes to a socket without waiting, whatever its flags are. Returns -1 if it failed. */
    public static long send(int fd, ByteBuffer direct) {
        return Binding.send(fd, address(direct), direct.remaining(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    /** Reads from a pipe without waiting, whatever its flags are (Linux 5, preadv2(2)). Returns -1 if it failed. */
    public static long read(int fd, ByteBuffer direct) {
        return Binding.preadv2(fd, vector(direct), 1, -1, RWF_NOWAIT);
    }

    /** Writes to a pipe without waiting, whatever its flags are. Returns -1 if it failed. */
    public static long write(int fd, ByteBuffer direct) {
        return Binding.pwritev2(fd, vector(direct), 1, -1, RWF_NOWAIT);
    }

    /**
     * Returns whether {@link #read} works on a pipe. A description that pipe(2) has made supports RWF_NOWAIT; one that
     * was opened by its name in /proc does not (fs/pipe.c, FMODE_NOWAIT). Takes no byte, because the target is no valid
     * address.
     */
    public static boolean canRead(int fd) {
        return Binding.preadv2(fd, invalidVector(), 1, -1, RWF_NOWAIT) >= 0 || supportsNoWait();
    }

    /** Returns whether {@link #write} works on a pipe, as {@link #canRead} does. Writes no byte. */
    public static boolean canWrite(int fd) {
        return Binding.pwritev2(fd, invalidVector(), 1, -1, RWF_NOWAIT) >= 0 || supportsNoWait();
    }

    private static boolean supportsNoWait() {
        return errno() != EOPNOTSUPP && errno() != ENOSYS;
    }

    /** Returns a vector of one byte in the first page, which is never mapped. */
    private static Pointer invalidVector() {
        Memory iovec = new Memory(2L * Native.POINTER_SIZE);
        iovec.setLong(0, 1);
        iovec.setLong(Native.POINTER_SIZE, 1);
        return iovec;
    }

    /**
     * Moves bytes from one pipe to another within the kernel, without waiting (splice(2)).
     *
     * @param count bytes at most, 1 or more
     * @return how many were moved; 0 at the end of the first pipe; -1 if it failed
     */
    static long splice(int from, int to, long count) {
        return Binding.splice(from, null, to, null, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    }

    /**
     * Duplicates bytes of one pipe in another within the kernel, without waiting (tee(2)). They stay in the first one.
     *
     * @param count bytes at most, 1 or more
     * @return how many were duplicated; 0 at the end of the first pipe; -1 if it failed
     */
    static long tee(int from, int to, long count) {
        return Binding.tee(from, to, count, SPLICE_F_NONBLOCK);
    }

    /** Reads a descriptor that does not block. Returns 0 at the end; -1 if it failed. */
    static long readNonBlocking(int fd, ByteBuffer direct) {
        long count;
        do {
            count = Binding.read(fd, address(direct), direct.remaining());
        } while (count < 0 && errno() == EINTR);
        return count;
    }

    /** Asks about the two sides of a transfer at once (poll(2)). Not thread-safe. */
    static final class TransferPoll {
        private static final int SIZE = 8;
        private static final int EVENTS = 4;
        private static final int RESULT = 6;

        private final ByteBuffer pollfds = ByteBuffer.allocateDirect(2 * SIZE).order(ByteOrder.nativeOrder());
        private final Pointer address = Native.getDirectBufferPointer(pollfds);

        /** Looks at both sides now. Returns false if that failed; then each of them counts as ready. */
        boolean look(int from, int to) {
            ask(0, from, POLLIN);
            ask(SIZE, to, POLLOUT);
            return Binding.poll(address, 2, 0) >= 0;
        }

        private void ask(int offset, int fd, int events) {
            pollfds.putInt(offset, fd);
            pollfds.putShort(offset + EVENTS, (short) events);
            pollfds.putShort(offset + RESULT, (short) -1);
        }

        /** Returns whether a read would not have waited: there were bytes, or the end, or a failure. */
        boolean isReadable() {
            return pollfds.getShort(RESULT) != 0;
        }

        /** Returns whether a write would not have waited: there was room, or a failure. */
        boolean isWritable() {
            return pollfds.getShort(SIZE + RESULT) != 0;
        }
    }

    /**
     * Returns whether to load JNA prints no warning. From Java 24 on the JDK warns of a module that calls native code,
     * unless the command line allows it to (JEP 472).
     */
    static boolean loadsQuietly() {
        if (Runtime.version().feature() < 24) {
            return true;
        }
        try {
            return (boolean) Module.class.getMethod("isNativeAccessEnabled").invoke(Native.class.getModule());
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("Module.isNativeAccessEnabled is there from Java 22 on", e);
        }
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

    /** The bound functions. Its initialization loads JNA. */
    private static final class Binding {
        static final boolean USABLE = register();

        private static boolean register() {
            try {
                // The process has loaded it already, so that JNA does not search for it.
                Native.register(Binding.class, NativeLibrary.getProcess());
                return true;
            } catch (LinkageError e) {
                System.getLogger("dev.aiopipe")
                        .log(System.Logger.Level.WARNING, "no access to the C library, threads are used instead", e);
                return false;
            }
        }

        static native int open(String path, int flags, int mode);

        static native int close(int fd);

        static native int dup3(int source, int target, int flags);

        static native int fcntl(int fd, int command, int argument);

        static native int isatty(int fd);

        static native int tcgetattr(int fd, Pointer settings);

        static native int mkfifo(String path, int mode);

        static native int poll(Pointer pollfds, long count, int timeoutMillis);

        static native int shutdown(int fd, int how);

        static native long recv(int fd, Pointer bytes, long size, int flags);

        static native long send(int fd, Pointer bytes, long size, int flags);

        static native long preadv2(int fd, Pointer vectors, int count, long offset, int flags);

        static native long pwritev2(int fd, Pointer vectors, int count, long offset, int flags);

        static native long splice(
                int from, @Nullable Pointer fromOffset, int to, @Nullable Pointer toOffset, long count, int flags);

        static native long tee(int from, int to, long count, int flags);

        static native long read(int fd, Pointer bytes, long size);

        static native int kill(int pid, int signal);

        static native long syscall(long number, long first, long second, long third, long fourth);

        static native String strerror(int errno);
    }
}
