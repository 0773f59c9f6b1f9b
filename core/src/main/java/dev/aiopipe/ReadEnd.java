package dev.aiopipe;

import dev.aiopipe.engine.endpoint.ChannelEndpoint;
import dev.aiopipe.engine.endpoint.Endpoint;
import dev.aiopipe.engine.endpoint.FifoEndpoint;
import dev.aiopipe.engine.endpoint.InheritedEndpoint;
import dev.aiopipe.engine.endpoint.Opening;
import dev.aiopipe.engine.loop.Loop;
import dev.aiopipe.engine.read.Input;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * An end to read from. It is opened by the extension function {@code open} in Kotlin, and by {@code AsyncPipes.open} in
 * Java.
 */
public final class ReadEnd extends PipeEnd {
    ReadEnd(Endpoint endpoint) {
        super("ReadEnd", endpoint);
    }

    /**
     * Returns an end of this process's standard input: a pipe, FIFO, terminal, socket, file or device. A process that
     * was started without a readable stdin sees its end. Descriptor 0 keeps its flags and stays open.
     *
     * <p>Bytes that {@code System.in} has buffered are read here first. Bytes that a closed reader has read ahead
     * belong to the next reader. {@code System.in} goes on working, but does not see those.
     *
     * @return an end that can be opened while no other reader of descriptor 0 is open here
     */
    public static ReadEnd stdin() {
        return new ReadEnd(new InheritedEndpoint(0, true));
    }

    /**
     * Returns an end of a descriptor that this process was started with. Its flags do not change. Above 2 the
     * descriptor is closed with the reader.
     *
     * @param fd above 2 it must be a pipe, FIFO, terminal or socket
     * @return an end; opening it throws {@link IOException} if the descriptor is not open or not readable
     * @throws IllegalArgumentException if fd is negative
     */
    public static ReadEnd inherited(int fd) {
        return new ReadEnd(new InheritedEndpoint(fd, true));
    }

    /**
     * Returns an end of a FIFO. Its first read waits for the first writer. The end of stream comes when the last writer
     * leaves; a later read waits for the next writer.
     *
     * @param path of the FIFO; not looked at before the end is opened
     * @param options none, or what they say
     * @return an end; opening it throws {@link IOException} if there is no FIFO, or it can't be read
     */
    public static ReadEnd fifo(Path path, FifoOption... options) {
        return new ReadEnd(new FifoEndpoint(path, true, Set.copyOf(List.of(options))));
    }

    /**
     * Returns an end of an NIO pipe.
     *
     * @param channel belongs to the end from now on: it becomes non-blocking, and only the end or its reader closes it
     * @return an end that can be opened; it can't be handed to a child
     */
    public static ReadEnd of(Pipe.SourceChannel channel) {
        return new ReadEnd(new ChannelEndpoint(channel, false, channel.toString()));
    }

    CompletableFuture<Input> openInput(PipeOptions options) {
        // Before the end is taken: a mistake in the options does not use it up.
        Loop loop = options.loop().engine();
        CompletableFuture<Input> opening = Opening.ofInput(take("opened"), loop, options.capacity());
        if (halves != null) {
            opening.thenAccept(halves::opened);
        }
        return opening;
    }
}
