package dev.aiopipe.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Streams that threads read and write, where there is no {@code /proc} to find descriptors in. The system property {@code
 * dev.aiopipe.fallback=true} forces this, and does without the C library.
 */
public final class Fallback {
    /** Whether the user wants it. */
    static final boolean FORCED = Boolean.getBoolean("dev.aiopipe.fallback");

    private static volatile Boolean libC = FORCED ? false : null; // null until it was looked for

    private Fallback() {}

    /**
     * Whether the C library may be called: it is wanted, descriptors can be found, and JNA is there and works. That it is loaded, and starts a child then, is up
     * to the first call; it throws if there are too few descriptors for that.
     */
    static boolean hasLibC() throws IOException {
        if (isLibCToBeLoaded()) {
            synchronized (Room.class) { // or somebody who looks for room took what the child needs
                if (isLibCToBeLoaded()) {
                    Room.require("can't load JNA");
                    libC = !isNeeded() && loadLibC(); // what it opens is put into channels, by their numbers
                }
            }
        }
        return libC;
    }

    /** Whether {@link #hasLibC} has to load JNA first, which takes more than a tenth of a second. */
    static boolean isLibCToBeLoaded() {
        return libC == null;
    }

    private static boolean loadLibC() {
        try {
            return LibC.isUsable();
        } catch (LinkageError e) {
            return false; // not even JNA's classes are there
        }
    }

    /**
     * Whether children have to be connected by the JDK's own streams.
     *
     * @return true if it is forced, or descriptors can't be found: there is no {@code /proc}, or a selector without epoll
     * @throws IOException if there are too few descriptors to find out
     */
    public static boolean isNeeded() throws IOException {
        return FORCED || !Descriptors.areFound();
    }

    /**
     * Reads a blocking stream.
     *
     * @param stream closed with the input
     * @param loop fails it when it ends
     * @param name what messages call it
     * @return the open stream
     * @throws IOException if the loop is closed
     */
    public static Input input(InputStream stream, Loop loop, String name) throws IOException {
        Readiness readiness = loop.attach();
        return new Input(new PumpedSource(stream, readiness), readiness, name);
    }

    /**
     * Writes a blocking stream.
     *
     * @param stream closed with the outbox
     * @param loop fails it when it ends
     * @return the open stream
     * @throws IOException if the loop is closed
     */
    public static Outbox outbox(OutputStream stream, Loop loop) throws IOException {
        Readiness readiness = loop.attach();
        PumpedSink sink = new PumpedSink(stream, readiness);
        return new Outbox(sink, readiness, new ReaderWatch(null, loop));
    }
}
