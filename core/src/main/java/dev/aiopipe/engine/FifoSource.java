package dev.aiopipe.engine;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
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
final class FifoSource implements ByteSource {
    /** Opens the FIFO once more. */
    interface Opener {
        /** The number, non-blocking. */
        int open() throws IOException;
    }

    private enum State {
        AWAITING,
        CONNECTED,
        ENDED
    }

    private final Opener opener;
    private final Registration registration;
    private final Closeable owner;
    private Pipe.SourceChannel channel; // this and the state belong to the one who reads
    private int number;
    private State state;

    private FifoSource(
            Pipe.SourceChannel channel,
            int number,
            Opener opener,
            State state,
            Registration registration,
            Closeable release) {
        this.channel = channel;
        this.number = number;
        this.opener = opener;
        this.state = state;
        this.registration = registration;
        this.owner = Release.both(registration, release);
    }

    /**
     * A FIFO that is open.
     *
     * @param fresh its number, non-blocking; taken over
     * @param opener for the time after an end
     * @param awaitsWriter whether there may not have been a writer yet, so that the first end is none
     * @param release called when it is closed
     * @param leftover of an inherited number, else null
     */
    static Input open(int fresh, Opener opener, boolean awaitsWriter, Loop loop, Closeable release, Leftover leftover)
            throws IOException {
        Pipe.SourceChannel channel = Vessel.toRead(fresh);
        int number = Vessel.numberOf(channel);
        Registration registration = Registration.of(channel, loop);
        State state = awaitsWriter ? State.AWAITING : State.CONNECTED;
        FifoSource source = new FifoSource(channel, number, opener, state, registration, release);
        return leftover == null
                ? new Input(source, registration.input())
                : new Input(source, registration.input(), leftover);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (state == State.ENDED) {
            openAnew();
        }
        int count = channel.read(target);
        if (count > 0) {
            state = State.CONNECTED;
        } else if (count < 0 && state == State.AWAITING && !LibC.isHungUp(number)) {
            return 0;
        } else if (count < 0) {
            state = State.ENDED;
        }
        return count;
    }

    private void openAnew() throws IOException {
        Pipe.SourceChannel next = Vessel.toRead(opener.open());
        int nextNumber = Vessel.numberOf(next);
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
        owner.close();
    }

    @Override
    public String toString() {
        return "FIFO " + channel;
    }
}
