package dev.aiopipe.engine.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/**
 * A second descriptor of a stream's channel, for a transfer that bypasses the channel. The channel's own fd is no use
 * for that: another thread may close the channel during the call, the system gives the fd to another file, and the
 * bytes go there. The copy belongs to this object alone, which closes it while no call is under way.
 *
 * <pre>
 *     NONE ── lend: duplicates the channel's fd ──► LENT ── the last giveBack: closes the copy ──► NONE
 *      └───────────────────────────────────────────┴────── close: closes the copy, if there is one ──► CLOSED
 * </pre>
 *
 * <p>Several transfers to one stream share the copy.
 *
 * <p>The stream calls {@link #close} before it closes its channel. So no descriptor of the pipe is left when the close
 * of the stream returns: a copy of the reading end would take bytes that nobody can read, one of the writing end would
 * keep the reader from its end. Each method waits for the call that is under way, which does not block.
 */
public final class DescriptorCopy implements Closeable {
    /** A result of {@link #spliceTo}: there is nothing to read now. */
    public static final long EMPTY = -1;

    /** A result of {@link #spliceTo}: the target has no room now. */
    public static final long FULL = -2;

    /** A result of {@link #spliceTo}: another try may succeed at once. */
    public static final long AGAIN = -3;

    private static final int NO_FD = -1;

    private final SelectableChannel channel;

    @GuardedBy("this")
    private int fd = NO_FD;

    /** How many transfers have the copy. */
    @GuardedBy("this")
    private int borrowers;

    @GuardedBy("this")
    private boolean closed;

    @GuardedBy("this")
    private LibC.@Nullable TransferPoll poll;

    /** Makes no copy yet. */
    public DescriptorCopy(SelectableChannel channel) {
        this.channel = channel;
    }

    /**
     * Makes the copy, if there is none. To be {@linkplain #giveBack given back} once if this returns true.
     *
     * @return false if this is closed
     * @throws IOException if it can't be made; see {@link ChannelDescriptor#duplicate}
     */
    public synchronized boolean lend() throws IOException {
        if (closed) {
            return false;
        } else if (fd == NO_FD) {
            fd = ChannelDescriptor.duplicate(channel);
        }
        borrowers++;
        return true;
    }

    /**
     * Moves bytes from this pipe to another within the kernel, without waiting. Each byte is in one of the two pipes.
     *
     * @param target of a stream that is written; lent
     * @param count bytes at most, 1 or more
     * @return how many were moved; {@link #EMPTY}, {@link #FULL} or {@link #AGAIN} if the kernel would have to wait; 0
     *     if only a read and a write can show what there is: the end of the stream, a failure of one side, a copy that
     *     was closed, or a pipe that the kernel does not move bytes of
     */
    public synchronized long spliceTo(DescriptorCopy target, long count) {
        return call(LibC::splice, target, count);
    }

    /**
     * Duplicates bytes of this pipe in another within the kernel, without waiting. They stay in this pipe, too: the
     * next call begins with the same bytes.
     *
     * @param target as for {@link #spliceTo}
     * @param count as for {@link #spliceTo}
     * @return as {@link #spliceTo}
     */
    public synchronized long teeTo(DescriptorCopy target, long count) {
        return call(LibC::tee, target, count);
    }

    /** Reads from this pipe, without waiting, and leaves the position of the buffer. Returns 0 or less if it failed. */
    public synchronized long read(ByteBuffer direct) {
        return fd == NO_FD ? 0 : LibC.readNonBlocking(fd, direct);
    }

    /** Runs calls, between which this is not closed. */
    public synchronized void undisturbed(Runnable calls) {
        calls.run();
    }

    /** Moves bytes by one system call. */
    private interface Call {
        long apply(int from, int to, long count);
    }

    @GuardedBy("this")
    private long call(Call call, DescriptorCopy target, long count) {
        synchronized (target) {
            if (fd == NO_FD || target.fd == NO_FD) {
                return 0;
            }
            long moved = call.apply(fd, target.fd, count);
            if (moved >= 0) {
                return moved;
            }
            return LibC.wouldBlock() ? whoIsNotReady(target.fd) : 0;
        }
    }

    /** The error of a splice that would have to wait does not say for which side. */
    @GuardedBy("this")
    private long whoIsNotReady(int targetFd) {
        LibC.TransferPoll sides = poll;
        if (sides == null) {
            sides = new LibC.TransferPoll();
            poll = sides;
        }
        if (!sides.look(fd, targetFd)) {
            return AGAIN;
        } else if (!sides.isReadable()) {
            return EMPTY;
        }
        return sides.isWritable() ? AGAIN : FULL;
    }

    /**
     * Gives the pipe another capacity, if it has the expected one. Needs no copy.
     *
     * @param expected bytes
     * @param capacity bytes
     * @return false if this is closed, the pipe has another capacity, or the kernel refuses
     * @throws IOException if the channel's fd can't be found; see {@link ChannelDescriptor#duplicate}
     */
    public synchronized boolean resize(int expected, int capacity) throws IOException {
        return !closed && ChannelDescriptor.apply(channel, fd -> LibC.resizePipe(fd, expected, capacity) ? 1 : 0) == 1;
    }

    /** Ends one use of the copy. Closes it if there is no other one. */
    public synchronized void giveBack() throws IOException {
        borrowers--;
        if (borrowers == 0) {
            closeCopy();
        }
    }

    /** Closes the copy, and makes no other. */
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        closeCopy();
    }

    @GuardedBy("this")
    private void closeCopy() throws IOException {
        int open = fd;
        fd = NO_FD;
        if (open != NO_FD) {
            LibC.close(open);
        }
    }
}
