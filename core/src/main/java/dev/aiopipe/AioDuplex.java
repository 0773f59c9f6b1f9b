package dev.aiopipe;

import java.io.IOException;

/** Two pipes, one for each direction: the bytes that one side writes are read by the other side. */
public final class AioDuplex implements AutoCloseable {
    private final DuplexEnd mine;
    private final DuplexEnd theirs;

    private AioDuplex(AioPipe there, AioPipe back) {
        mine = new DuplexEnd(back.rx(), there.tx());
        theirs = new DuplexEnd(there.rx(), back.tx());
    }

    /**
     * Makes two pipes.
     *
     * @return two sides, whose ends are each to be opened or handed to a child
     * @throws IOException if the system has no descriptor left; nothing is left open then
     */
    public static AioDuplex create() throws IOException {
        AioPipe there = AioPipe.create();
        try {
            return new AioDuplex(there, AioPipe.create());
        } catch (Throwable e) {
            there.close();
            throw e;
        }
    }

    /**
     * Returns the side of this process.
     *
     * @return always the same one
     */
    public DuplexEnd mine() {
        return mine;
    }

    /**
     * Returns the side of the child, or of another part of this process.
     *
     * @return always the same one
     */
    public DuplexEnd theirs() {
        return theirs;
    }

    /**
     * Returns {@link #mine}, for Kotlin's {@code val (mine, theirs) = aioDuplex()}.
     *
     * @return the side of this process
     */
    public DuplexEnd component1() {
        return mine;
    }

    /**
     * Returns {@link #theirs}, for Kotlin's {@code val (mine, theirs) = aioDuplex()}.
     *
     * @return the other side
     */
    public DuplexEnd component2() {
        return theirs;
    }

    /** Closes the ends that were neither opened nor handed over. */
    @Override
    public void close() {
        mine.close();
        theirs.close();
    }

    @Override
    public String toString() {
        return "AioDuplex[" + mine + ", " + theirs + "]";
    }
}
