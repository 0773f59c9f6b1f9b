package dev.aiopipe.engine.linux;

import dev.aiopipe.engine.support.BlockingPool;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Knows which native means there are here. The system property {@code dev.aiopipe.fallback=true} denies all of them, so
 * that threads and the JDK's own streams do the work.
 */
public final class NativeAccess {
    private static final boolean DENIED = Boolean.getBoolean("dev.aiopipe.fallback");

    /** Null until JNA was loaded, or found missing. */
    private static volatile @Nullable Boolean libC = DENIED ? false : null;

    /** Whether a thread loads JNA in the background. */
    private static final AtomicBoolean LOADING = new AtomicBoolean();

    private NativeAccess() {}

    /** Returns whether the user denies all native means. */
    static boolean isDenied() {
        return DENIED;
    }

    /**
     * Returns whether the fd of an NIO channel can be found, so that children can get the channel: there is a
     * {@code /proc}, and the JDK's selector uses epoll.
     *
     * @throws IOException if there are too few descriptors to find out
     */
    public static boolean findsDescriptors() throws IOException {
        return !DENIED && ChannelDescriptor.isAvailable();
    }

    /**
     * Returns whether the C library may be called: it is not denied, and JNA is there and works. The first call loads
     * JNA, which starts a child.
     *
     * @throws IOException if there are too few descriptors for that child
     */
    @SuppressWarnings("LockOnNonEnclosingClassLiteral") // that class guards the headroom by itself
    public static boolean hasLibC() throws IOException {
        Boolean known = libC;
        if (known == null) {
            // A concurrent look for headroom would take the child's descriptors.
            synchronized (DescriptorHeadroom.class) {
                known = libC;
                if (known == null) {
                    DescriptorHeadroom.require("can't load JNA");
                    known = loadLibC();
                    libC = known;
                }
            }
        }
        return known;
    }

    /** Returns whether {@link #hasLibC} would have to load JNA, which takes more than a tenth of a second. */
    public static boolean isLibCToBeLoaded() {
        return libC == null;
    }

    /** Returns whether the C library may be called, and JNA is loaded already. */
    public static boolean isLibCLoaded() {
        return Boolean.TRUE.equals(libC);
    }

    /**
     * Returns whether JNA is still to be loaded, and may be for the sake of speed alone: the JDK would not warn the
     * program's users of it.
     */
    private static boolean mayLoadLibC() {
        try {
            return libC == null && LibC.loadsQuietly();
        } catch (LinkageError e) {
            // JNA's classes are not there.
            return false;
        }
    }

    /**
     * Loads JNA on another thread, if that {@linkplain #mayLoadLibC is worth it}. If there are too few descriptors, a
     * later call tries again.
     */
    public static void loadInBackground() {
        if (mayLoadLibC() && LOADING.compareAndSet(false, true)) {
            BlockingPool.run(() -> {
                try {
                    canAdopt();
                } catch (IOException e) {
                    // There are too few descriptors now.
                    return;
                } finally {
                    LOADING.set(false);
                }
            });
        }
    }

    private static boolean loadLibC() {
        try {
            return LibC.isUsable();
        } catch (LinkageError e) {
            // Not even JNA's classes are there.
            return false;
        }
    }

    /**
     * Returns whether a foreign descriptor can be put into an NIO channel, and the fd of a channel be given to the C
     * library.
     */
    public static boolean canAdopt() throws IOException {
        return findsDescriptors() && hasLibC();
    }
}
