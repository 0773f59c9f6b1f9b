package dev.aiopipe.engine;

import java.io.IOException;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;

/** Whether there are descriptors left for what does harm without: a fork of the JDK. */
public final class Room {
    /** What a start takes for a moment, with the pipes to the child; about. */
    private static final int PIPES = 8;

    private Room() {}

    /**
     * Fails where there are too few descriptors, before the JDK finds out: its fork, of 17 as of 25, then leaks some and closes numbers
     * that others use. One looks at a time, and nobody while JNA is loaded: to look takes descriptors for a moment.
     *
     * @param what fails then, for the message
     * @throws IOException if there are too few
     */
    public static synchronized void require(String what) throws IOException {
        List<Pipe> room = new ArrayList<>(PIPES);
        try {
            for (int i = 0; i < PIPES; i++) {
                room.add(Pipe.open());
            }
        } catch (IOException e) {
            throw new IOException(what + ": " + e.getMessage(), e);
        } finally {
            for (Pipe pipe : room) {
                pipe.source().close();
                pipe.sink().close();
            }
        }
    }
}
