package dev.aiopipe.engine.linux;

import java.io.File;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Finds the number of an NIO channel, which the JDK keeps to itself: the channel is registered with a selector of ours, whose list
 * in {@code /proc/self/fdinfo} ({@code tfd:} lines, proc(5)) then has one number more. Linux only.
 */
public final class ChannelDescriptor {
    private static final Path FDINFO = Path.of("/proc/self/fdinfo");
    private static final String PREFIX = "tfd:";

    /** The selector, and the number of its epoll instance; opened by the first look-up. Guarded by the class. */
    private static Selector selector;

    private static Path list;

    private static boolean unavailable;

    private ChannelDescriptor() {}

    /**
     * The number of a channel. Leaves it non-blocking.
     *
     * @param channel open
     * @return its descriptor
     * @throws IOException if it is closed, or if the platform does not tell
     */
    public static synchronized int numberOf(SelectableChannel channel) throws IOException {
        if (!areFound()) {
            throw new IOException("descriptors of channels can't be found here: no /proc, or a selector without epoll");
        }
        Set<Integer> before = watched(list);
        channel.configureBlocking(false);
        SelectionKey key = channel.register(selector, channel.validOps() & ~SelectionKey.OP_CONNECT);
        try {
            selector.selectNow();
            Set<Integer> added = watched(list);
            added.removeAll(before);
            if (added.size() != 1) {
                throw new IOException("can't tell the descriptor of " + channel + ": " + added);
            }
            return added.iterator().next();
        } finally {
            key.cancel();
            selector.selectNow();
        }
    }

    /**
     * Whether numbers can be found: there is a {@code /proc}, and the JDK's selector is one of epoll.
     *
     * @return the same for as long as the JVM lives
     * @throws IOException if there are too few descriptors to find out; a later call tries again
     */
    static synchronized boolean areFound() throws IOException {
        if (selector == null && !unavailable) {
            unavailable = !Files.isDirectory(FDINFO) || !open();
        }
        return !unavailable;
    }

    /** False if the selector's own number can't be found. */
    private static boolean open() throws IOException {
        DescriptorHeadroom.warmUp();
        Selector opened = Selector.open();
        Pipe probe = Pipe.open();
        try {
            list = listOf(opened, probe.source());
            selector = list == null ? null : opened;
            return list != null;
        } finally {
            probe.source().close();
            probe.sink().close();
            if (selector == null) {
                opened.close();
            }
        }
    }

    /** Null if there is none. Of all epoll instances the one whose list gains and loses one entry whenever we register and cancel. */
    private static Path listOf(Selector opened, SelectableChannel probe) throws IOException {
        probe.configureBlocking(false);
        for (int attempt = 0; attempt < 10; attempt++) {
            Path found = null;
            for (Path candidate : epolls()) {
                if (follows(candidate, opened, probe)) {
                    if (found != null) {
                        found = null;
                        break; // chance: another one moved in step with us
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

    private static boolean follows(Path candidate, Selector opened, SelectableChannel probe) throws IOException {
        for (int i = 0; i < 3; i++) {
            Set<Integer> before = watched(candidate);
            SelectionKey key = probe.register(opened, SelectionKey.OP_READ);
            opened.selectNow();
            Set<Integer> during = watched(candidate);
            key.cancel();
            opened.selectNow();
            if (during.size() != before.size() + 1 || !watched(candidate).equals(before)) {
                return false;
            }
        }
        return true;
    }

    private static Set<Path> epolls() {
        Set<Path> found = new HashSet<>();
        File[] numbers = new File("/proc/self/fd").listFiles();
        for (File number : numbers == null ? new File[0] : numbers) {
            try {
                if (Files.readSymbolicLink(number.toPath()).toString().equals("anon_inode:[eventpoll]")) {
                    found.add(FDINFO.resolve(number.getName()));
                }
            } catch (IOException e) {
                continue; // closed since it was listed, the listing's own descriptor among them
            }
        }
        return found;
    }

    private static Set<Integer> watched(Path info) throws IOException {
        Set<Integer> numbers = new HashSet<>();
        try {
            for (String line : Files.readAllLines(info)) {
                if (line.startsWith(PREFIX)) {
                    String number = line.substring(PREFIX.length()).trim();
                    numbers.add(Integer.parseInt(number.substring(0, number.indexOf(' '))));
                }
            }
        } catch (NoSuchFileException e) {
            return numbers; // an epoll instance that is gone watches nothing
        }
        return numbers;
    }
}
