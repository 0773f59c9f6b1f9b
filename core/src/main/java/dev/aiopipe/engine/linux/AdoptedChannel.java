package dev.aiopipe.engine.linux;

import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;

/**
 * Puts a descriptor into an NIO channel: half of a pipe is made, and its number is made to name the descriptor instead. From there on
 * the JDK's channel and selector work on it, for pipes, FIFOs, terminals and sockets.
 */
public final class AdoptedChannel {
    private AdoptedChannel() {}

    /** A channel to read from. Takes the number over: it is closed here, whatever happens. */
    public static Pipe.SourceChannel toRead(int number) throws IOException {
        Pipe pipe = pipe(number);
        fill(number, pipe.source(), pipe.sink(), false);
        return pipe.source();
    }

    /** A channel to write to. Takes the number over: it is closed here, whatever happens. */
    public static Pipe.SinkChannel toWrite(int number) throws IOException {
        Pipe pipe = pipe(number);
        fill(number, pipe.sink(), pipe.source(), false);
        return pipe.sink();
    }

    /** A channel that blocks while it reads. Takes the number over, not its flags: they stay as they are. */
    public static Pipe.SourceChannel toReadBlocking(int number) throws IOException {
        Pipe pipe = pipe(number);
        fill(number, pipe.source(), pipe.sink(), true);
        return pipe.source();
    }

    /** A channel that blocks while it writes. Takes the number over, not its flags: they stay as they are. */
    public static Pipe.SinkChannel toWriteBlocking(int number) throws IOException {
        Pipe pipe = pipe(number);
        fill(number, pipe.sink(), pipe.source(), true);
        return pipe.sink();
    }

    /** Looks the number of a filled one up, which takes a descriptor; if there is none left, closes the channel. */
    public static int numberOf(Pipe.SourceChannel channel) throws IOException {
        try {
            return ChannelDescriptor.numberOf(channel);
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
    }

    private static Pipe pipe(int number) throws IOException {
        try {
            return Pipe.open();
        } catch (IOException e) {
            LibC.close(number);
            throw e;
        }
    }

    private static void fill(int number, SelectableChannel adopted, SelectableChannel other, boolean blocking)
            throws IOException {
        try (other) {
            int target = ChannelDescriptor.numberOf(adopted); // leaves it non-blocking
            adopted.configureBlocking(blocking); // before it is filled: the JDK never sets flags on what comes into it
            LibC.replace(number, target);
        } catch (Throwable e) {
            adopted.close();
            throw e;
        } finally {
            LibC.close(number);
        }
    }
}
