package dev.aiopipe.engine.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.File;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the fd of an NIO channel, which the JDK does not show: registers the channel with a selector of its own, and
 * looks which fd the kernel's list of that selector ({@code tfd:} lines of {@code fdinfo}, proc(5)) has gained. Linux
 * only.
 */
public final class ChannelDescriptor {
    private static final String PREFIX = "tfd:";

    /** What is done with an fd. Called while the fd can't become that of something else. */
    interface Action {
        int apply(int fd) throws IOException;
    }

    /** The selector, the fdinfo file of its epoll instance, and what that watches for the selector itself. */
    private record Probe(Selector selector, ProcFile info, Set<Integer> own) {}

    /** Opened by the first look-up. */
    @GuardedBy("ChannelDescriptor.class")
    private static @Nullable Probe probe;

    @GuardedBy("ChannelDescriptor.class")
    private static boolean unavailable;

    private ChannelDescriptor() {}

    /**
     * Returns the fd of a channel. Leaves the channel non-blocking.
     *
     * @param channel open
     * @throws IOException if it is closed, or if the platform does not show fds
     */
    public static int fdOf(SelectableChannel channel) throws IOException {
        return apply(channel, fd -> fd);
    }

    /**
     * Returns a second descriptor of the same open file, which children do not inherit. Leaves the channel
     * non-blocking. Needs the C library.
     *
     * <p>Another thread may close the channel meanwhile. The copy is one of the channel nevertheless: the JDK keeps the
     * fd of a closed channel for as long as a selector has its key, and here that is until the copy is made.
     *
     * @param channel open
     * @throws IOException if it is closed, if the platform does not show fds, or if none is left
     */
    static int duplicate(SelectableChannel channel) throws IOException {
        return apply(channel, LibC::duplicate);
    }

    static synchronized int apply(SelectableChannel channel, Action action) throws IOException {
        Probe available = probe();
        if (available == null) {
            throw new IOException("descriptors of channels can't be found here: no /proc, or a selector without epoll");
        }
        Selector selector = available.selector;
        channel.configureBlocking(false);
        SelectionKey key = channel.register(selector, channel.validOps() & ~SelectionKey.OP_CONNECT);
        try {
            selector.selectNow();
            Set<Integer> added = watched(available.info.read());
            added.removeAll(available.own);
            if (added.size() != 1) {
                throw new IOException("can't find the descriptor of " + channel + " in " + added);
            }
            return action.apply(added.iterator().next());
        } finally {
            leave(key);
        }
    }

    /**
     * Deregisters a channel. Another thread may be closing it, and has then marked the key as cancelled before the
     * selector knows: until it does, the JDK keeps the descriptor.
     */
    static void leave(SelectionKey key) throws IOException {
        key.cancel();
        do {
            key.selector().selectNow();
        } while (key.channel().keyFor(key.selector()) != null);
    }

    /**
     * Returns whether fds can be found: there is a {@code /proc}, and the JDK's selector uses epoll. The answer stays
     * the same.
     *
     * @throws IOException if there are too few descriptors to find out; a later call tries again
     */
    static synchronized boolean isAvailable() throws IOException {
        return probe() != null;
    }

    @GuardedBy("ChannelDescriptor.class")
    private static @Nullable Probe probe() throws IOException {
        if (probe == null && !unavailable) {
            probe = Files.isDirectory(ProcFs.DESCRIPTOR_INFO) ? open() : null;
            unavailable = probe == null;
        }
        return probe;
    }

    /** Returns null if the selector's own fd can't be found. */
    private static @Nullable Probe open() throws IOException {
        DescriptorHeadroom.warmUp();
        Selector selector = Selector.open();
        Pipe pipe = Pipe.open();
        ProcFile info = null;
        try {
            Path path = infoOf(selector, pipe.source());
            if (path != null) {
                info = new ProcFile(path.toString());
            }
        } finally {
            pipe.source().close();
            pipe.sink().close();
            if (info == null) {
                selector.close();
            }
        }
        return info == null ? null : new Probe(selector, info, watched(info.read()));
    }

    /**
     * Returns the file of the epoll instance whose list follows each registration and cancellation here; null if there
     * is none.
     */
    private static @Nullable Path infoOf(Selector selector, SelectableChannel channel) throws IOException {
        channel.configureBlocking(false);
        for (int attempt = 0; attempt < 10; attempt++) {
            Path found = null;
            for (Path candidate : epolls()) {
                if (follows(candidate, selector, channel)) {
                    if (found != null) {
                        found = null;
                        // By chance, another one changed in step with ours.
                        break;
                    }
                    found = candidate;
                }
            }
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static boolean follows(Path candidate, Selector selector, SelectableChannel channel) throws IOException {
        for (int i = 0; i < 3; i++) {
            Set<Integer> before = watched(candidate);
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            selector.selectNow();
            Set<Integer> during = watched(candidate);
            leave(key);
            if (during.size() != before.size() + 1 || !watched(candidate).equals(before)) {
                return false;
            }
        }
        return true;
    }

    private static Set<Path> epolls() {
        Set<Path> found = new HashSet<>();
        File[] links = ProcFs.DESCRIPTORS.toFile().listFiles();
        for (File link : links == null ? new File[0] : links) {
            try {
                if (Files.readSymbolicLink(link.toPath()).toString().equals("anon_inode:[eventpoll]")) {
                    found.add(ProcFs.DESCRIPTOR_INFO.resolve(link.getName()));
                }
            } catch (IOException e) {
                // The descriptor was closed since it was listed; the listing's own always is.
                continue;
            }
        }
        return found;
    }

    /** Returns the fds that an epoll instance watches. */
    private static Set<Integer> watched(Path info) throws IOException {
        try {
            return watched(Files.readString(info, StandardCharsets.US_ASCII));
        } catch (NoSuchFileException e) {
            // An epoll instance that is gone watches nothing.
            return Set.of();
        }
    }

    /** Returns the fds in the text of an epoll instance's fdinfo. */
    private static Set<Integer> watched(String text) {
        Set<Integer> fds = new HashSet<>();
        for (int at = text.indexOf(PREFIX); at >= 0; at = text.indexOf(PREFIX, at)) {
            at += PREFIX.length();
            while (text.charAt(at) == ' ') {
                at++;
            }
            fds.add(Integer.parseInt(text, at, text.indexOf(' ', at), 10));
        }
        return fds;
    }
}
