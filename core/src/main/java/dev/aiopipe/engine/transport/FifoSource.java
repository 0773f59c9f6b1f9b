package dev.aiopipe.engine.transport;

import dev.aiopipe.engine.linux.AdoptedChannel;
import dev.aiopipe.engine.linux.LibC;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.loop.Registration;
import dev.aiopipe.engine.read.ByteSource;
import dev.aiopipe.engine.read.Input;
import dev.aiopipe.engine.read.Leftover;
import dev.aiopipe.engine.support.CloseOnce;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;

/**
 * Reads a FIFO, whose writers come and go. While there is none the kernel answers 0 to every read:
 *
 * <pre>
 *     AWAITING ── a writer came ──► CONNECTED ── 0 bytes: the last one left, the end ──► ENDED
 *         ▲                                                                               │
 *         └────────────────────────── the next read: opened anew ◄─────────────────────────┘
 * </pre>
 *
 * <p>A description whose writers have left is hung up for ever, and waiting on it would spin. A fresh one waits in peace until the
 * next writer (pipe(7); fs/pipe.c compares its count of writers with that at the opening). It is opened before the old one is closed,
 * or what is in the FIFO would be gone.
 */
public final class FifoSource implements ByteSource {
    /** Opens the FIFO, and asks the kernel about it. */
    public interface Fifo {
        /** Opens it once more. Returns the number, non-blocking. */
        int open() throws IOException;

        /** Whether the last writer has left since this number was opened. */
        default boolean isHungUp(int number) throws IOException {
            return LibC.isHungUp(number);
        }
    }

    private enum State {
        AWAITING,
        CONNECTED,
        ENDED
    }

    private final Fifo fifo;
    private final Registration registration;
    private final Closeable owner;
    private Pipe.SourceChannel channel; // this and the state belong to the one who reads
    private int number;
    private State state;
    private boolean closed; // guarded by this
    private final Object name;

    private FifoSource(
            Pipe.SourceChannel channel,
            int number,
            Fifo fifo,
            State state,
            Registration registration,
            Closeable release,
            Object name) {
        this.name = name;
        this.channel = channel;
        this.number = number;
        this.fifo = fifo;
        this.state = state;
        this.registration = registration;
        this.owner = CloseOnce.both(registration, release);
    }

    /**
     * A FIFO that is open.
     *
     * @param fresh its number, non-blocking; taken over
     * @param fifo opened anew after an end
     * @param awaitsWriter whether there may not have been a writer yet, so that the first end is none
     * @param release called when it is closed
     * @param name what messages call it
     * @param leftover of an inherited number, else null
     */
    public static Input open(
            int fresh, Fifo fifo, boolean awaitsWriter, Loop loop, Closeable release, Object name, Leftover leftover)
            throws IOException {
        Pipe.SourceChannel channel = AdoptedChannel.toRead(fresh);
        int number = AdoptedChannel.fdOf(channel);
        Registration registration = Registration.of(channel, loop);
        State state = awaitsWriter ? State.AWAITING : State.CONNECTED;
        FifoSource source = new FifoSource(channel, number, fifo, state, registration, release, name);
        return leftover == null
                ? new Input(source, registration.input())
                : new Input(source, registration.input(), name, leftover);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (state == State.ENDED) {
            openAnew();
        }
        int count = channel.read(target);
        if (count < 0 && state == State.AWAITING) {
            if (!fifo.isHungUp(number)) {
                return 0;
            }
            count = channel.read(target); // the writer may have come, written and left after the first read
        }
        if (count > 0) {
            state = State.CONNECTED;
        } else if (count < 0) {
            state = State.ENDED;
        }
        return count;
    }

    /** A close waits for this, which is short: nothing is open when that returns. */
    private synchronized void openAnew() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        Pipe.SourceChannel next = AdoptedChannel.toRead(fifo.open());
        int nextNumber = AdoptedChannel.fdOf(next);
        registration.replace(next);
        channel = next;
        number = nextNumber;
        state = State.AWAITING;
    }

    @Override
    public boolean isEmptyAfterShortRead() {
        return false; // one opened after its writer left has no hang-up event: only a read tells
    }

    @Override
    public boolean endIsFinal() {
        return false;
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
        }
        owner.close();
    }

    @Override
    public String toString() {
        return name.toString();
    }
}
