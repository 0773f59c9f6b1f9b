package dev.aiopipe.engine.linux;

import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;

/**
 * Puts a descriptor into an NIO channel: makes a pipe, and replaces one of its descriptors by the given one (dup3(2)).
 * From then on the JDK's channel and selector work on it, for pipes, FIFOs, terminals and sockets.
 *
 * <p>Each method takes the fd over: it is closed here, also if the method throws.
 */
public final class AdoptedChannel {
    private AdoptedChannel() {}

    /** Returns a non-blocking channel to read from. */
    public static Pipe.SourceChannel toRead(int fd) throws IOException {
        Pipe pipe = pipe(fd);
        replace(fd, pipe.source(), pipe.sink(), false);
        return pipe.source();
    }

    /** Returns a non-blocking channel to write to. */
    public static Pipe.SinkChannel toWrite(int fd) throws IOException {
        Pipe pipe = pipe(fd);
        replace(fd, pipe.sink(), pipe.source(), false);
        return pipe.sink();
    }

    /** Returns a channel that blocks while it reads. The descriptor keeps its flags. */
    public static Pipe.SourceChannel toReadBlocking(int fd) throws IOException {
        Pipe pipe = pipe(fd);
        replace(fd, pipe.source(), pipe.sink(), true);
        return pipe.source();
    }

    /** Returns a channel that blocks while it writes. The descriptor keeps its flags. */
    public static Pipe.SinkChannel toWriteBlocking(int fd) throws IOException {
        Pipe pipe = pipe(fd);
        replace(fd, pipe.sink(), pipe.source(), true);
        return pipe.sink();
    }

    /**
     * Returns the fd of an adopted channel. To find it takes a descriptor; if there is none left, closes the channel.
     */
    public static int fdOf(Pipe.SourceChannel channel) throws IOException {
        try {
            return ChannelDescriptor.fdOf(channel);
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
    }

    private static Pipe pipe(int fd) throws IOException {
        try {
            return Pipe.open();
        } catch (IOException e) {
            LibC.close(fd);
            throw e;
        }
    }

    private static void replace(int fd, SelectableChannel adopted, SelectableChannel other, boolean blocking)
            throws IOException {
        try (other) {
            int target = ChannelDescriptor.fdOf(adopted);
            // This comes before the replacement: the JDK must not set flags of the adopted descriptor.
            adopted.configureBlocking(blocking);
            LibC.replace(fd, target);
        } catch (Throwable e) {
            adopted.close();
            throw e;
        } finally {
            LibC.close(fd);
        }
    }
}
