package dev.aiopipe.engine.transport;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.aiopipe.engine.linux.AdoptedChannel;
import dev.aiopipe.engine.linux.DescriptorCopy;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import org.jspecify.annotations.Nullable;

/**
 * Reads a FIFO, whose writers come and go. While there is no writer, each read gives 0 bytes:
 *
 * <pre>
 *     AWAITING ── a writer came ──► CONNECTED ── 0 bytes: the last one left, the end ──► ENDED
 *         ▲                                                                               │
 *         └────────────────────────── the next read: opened anew ◄─────────────────────────┘
 * </pre>
 *
 * <p>A file description whose writers have left stays hung up for ever, and a loop that waits on it would spin. A new
 * one can wait for the next writer (pipe(7); fs/pipe.c compares its count of writers with that at the opening). It is
 * opened before the old one is closed, because a FIFO without a reader loses its bytes.
 */
public final class FifoSource implements ByteSource {
    /** Opens the FIFO, and asks the kernel about it. */
    public interface Fifo {
        /** Opens the FIFO once more. Returns a non-blocking fd. */
        int open() throws IOException;

        /** Returns whether the last writer has left since this fd was opened. */
        default boolean isHungUp(int fd) throws IOException {
            return LibC.isHungUp(fd);
        }
    }

    private enum State {
        AWAITING,
        CONNECTED,
        ENDED
    }

    private final Fifo fifo;
    private final Registration registration;

    /** Belongs to the reading thread, as do the fd and the state. */
    private Pipe.SourceChannel channel;

    private int fd;
    private State state;

    @GuardedBy("this")
    private DescriptorCopy copy;

    @GuardedBy("this")
    private boolean closed;

    private FifoSource(Pipe.SourceChannel channel, int fd, Fifo fifo, State state, Registration registration) {
        this.channel = channel;
        this.copy = new DescriptorCopy(channel);
        this.fd = fd;
        this.fifo = fifo;
        this.state = state;
        this.registration = registration;
    }

    /**
     * Returns a source of an open FIFO.
     *
     * @param fresh a non-blocking fd of the FIFO, which this takes over
     * @param fifo opened anew after each end
     * @param awaitsWriter whether there may have been no writer yet, so that a first read of 0 bytes is no end
     */
    public static FifoSource of(int fresh, Fifo fifo, boolean awaitsWriter, Loop loop) throws IOException {
        Pipe.SourceChannel channel = AdoptedChannel.toRead(fresh);
        int fd = AdoptedChannel.fdOf(channel);
        State state = awaitsWriter ? State.AWAITING : State.CONNECTED;
        return new FifoSource(channel, fd, fifo, state, Registration.of(channel, loop));
    }

    /** Returns the registration of the channel, which the input must close after this. */
    public Registration registration() {
        return registration;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (state == State.ENDED) {
            openAnew();
        }
        int count = channel.read(target);
        if (count < 0 && state == State.AWAITING) {
            if (!fifo.isHungUp(fd)) {
                return 0;
            }
            // The writer may have come, written and left after the first read.
            count = channel.read(target);
        }
        if (count > 0) {
            state = State.CONNECTED;
        } else if (count < 0) {
            state = State.ENDED;
        }
        return count;
    }

    /** A close waits for this short call, so that nothing is open when the close returns. */
    private synchronized void openAnew() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        Pipe.SourceChannel next = AdoptedChannel.toRead(fifo.open());
        int nextFd = AdoptedChannel.fdOf(next);
        copy.close();
        registration.replace(next);
        channel = next;
        copy = new DescriptorCopy(next);
        fd = nextFd;
        state = State.AWAITING;
    }

    @Override
    public boolean isEmptyAfterShortRead() {
        // A FIFO that was opened after its writer left has no hang-up event: only a read finds the end.
        return false;
    }

    @Override
    public boolean endIsFinal() {
        return false;
    }

    /**
     * Returns null unless a read has found bytes since the last end: only then the next end is that of this
     * description, and shows.
     */
    @Override
    public synchronized @Nullable DescriptorCopy copy() {
        return state == State.CONNECTED ? copy : null;
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        copy.close();
    }
}
