package dev.aiopipe.engine.linux;

import java.io.IOException;

/**
 * What can be done here that the JDK has no way to. Each place that has to know asks this class. The system property {@code
 * dev.aiopipe.fallback=true} says no to all of it.
 */
public final class NativeAccess {
    /** Whether the user wants threads everywhere. */
    static final boolean DENIED = Boolean.getBoolean("dev.aiopipe.fallback");

    private static volatile Boolean libC = DENIED ? false : null; // null until it was looked for

    private NativeAccess() {}

    /**
     * Whether the number of an NIO channel can be found, so that children can have the channel: there is a {@code /proc}, and the JDK's
     * selector is one of epoll.
     *
     * @throws IOException if there are too few descriptors to find out
     */
    public static boolean hasNumbers() throws IOException {
        return !DENIED && ChannelDescriptor.areFound();
    }

    /**
     * Whether the C library may be called: it is wanted, and JNA is there and works. That it is loaded, and starts a child then, is up
     * to the first call; it throws if there are too few descriptors for that.
     */
    public static boolean hasLibC() throws IOException {
        if (isLibCToBeLoaded()) {
            synchronized (DescriptorHeadroom.class) { // or somebody who looks for room took what the child needs
                if (isLibCToBeLoaded()) {
                    DescriptorHeadroom.require("can't load JNA");
                    libC = loadLibC();
                }
            }
        }
        return libC;
    }

    /** Whether {@link #hasLibC} has to load JNA first, which takes more than a tenth of a second. */
    public static boolean isLibCToBeLoaded() {
        return libC == null;
    }

    private static boolean loadLibC() {
        try {
            return LibC.isUsable();
        } catch (LinkageError e) {
            return false; // not even JNA's classes are there
        }
    }

    /** Whether a descriptor of others can be put into an NIO channel, and a channel's be given to the C library. */
    public static boolean canAdopt() throws IOException {
        return hasNumbers() && hasLibC();
    }
}
